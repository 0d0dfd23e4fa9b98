"""One message of a chat: counted once, judged by who sent it, answered."""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import ChannelChat
from accounts.notifications.chats import pair
from accounts.notifications.failures import SendFailed
from accounts.request_facts import CHAT, RequestFacts, facts_kept
from trading.chat import telegram
from trading.chat.commands import Reply, Work, help_text, understood
from trading.chat.telegram import Update

TOO_OLD: Final = timedelta(minutes=5)
"""What was written while nobody listened is not done later."""
log = logging.getLogger(__name__)


def update_handle(chat: ChannelChat, token: str, update: Update, now: datetime) -> None:
    """The message is marked as seen to before anything is done: whatever happens then, it is never done twice."""
    facts = RequestFacts(CHAT, user_agent=f"Telegram {update.name}"[:100])
    with override(chat.channel.owner.language), facts_kept(facts):
        work = _taken_on(chat, update, now)
        if work is not None:
            _answer(chat, token, update, _done(chat, work))


def _taken_on(known: ChannelChat, update: Update, now: datetime) -> Work | None:
    """None for what has been seen to before, and for strangers: they learn nothing."""
    with transaction.atomic():
        rows = ChannelChat.objects.select_for_update(of=("self",)).select_related("channel__owner")
        chat = rows.filter(pk=known.pk, token_digest=known.token_digest, next_update__lte=update.number).first()
        if chat is None:
            return None
        chat.next_update = update.number + 1
        chat.save(update_fields=["next_update"])
        if update.chat_id is None or not chat.channel.owner.is_active or not chat.channel.is_active:
            return None
        if chat.chat_id is None:
            return _paired(chat, update, now)
        if chat.chat_id != update.chat_id:
            return None
        if update.at is not None and now - update.at > TOO_OLD:
            return lambda: Reply(_("This came too late and was not done. Send it again."))
        return understood(chat, update.text, now)


def _paired(chat: ChannelChat, update: Update, now: datetime) -> Work | None:
    """`/start CODE`, or the code alone."""
    words = update.text.split()
    code = words[-1] if words and len(words) <= 2 else ""
    assert update.chat_id is not None
    if not code or not pair(chat, code=code, chat_id=update.chat_id, name=update.name, now=now):
        return None
    greeting = _("This chat now commands the bots of %(user)s.") % {"user": chat.channel.owner.username}
    return lambda: Reply(f"{greeting}\n\n{help_text()}")


def _done(chat: ChannelChat, work: Work) -> Reply:
    try:
        return work()
    except Exception:  # whatever a command met: whoever sent it hears so, and the chat goes on
        log.exception("a command of channel %d failed", chat.pk)
        return Reply(_("That did not work. Look at the page."))


def _answer(chat: ChannelChat, token: str, update: Update, reply: Reply) -> None:
    """Nothing is done again because its answer was lost."""
    assert update.chat_id is not None
    try:
        if update.press_id:
            telegram.press_noted(token, update.press_id)
        telegram.say(token, update.chat_id, reply.text, reply.buttons)
    except SendFailed as failure:
        log.warning("no answer to the chat of channel %d: %s", chat.pk, failure.code)
