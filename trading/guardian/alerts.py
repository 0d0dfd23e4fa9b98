"""What a person should know at once, by ways that do not need Redis: a row, the bot's journal, the log and an e-mail.

The one place where such news leave the program.
"""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from django.core.mail import send_mail
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.notifications.fan_out import is_mailed
from bots.journal import lines as journal
from bots.journal.notices import NOTICES
from bots.models import Bot
from trading.models import AlertKind, LogType, SafetyAlert

logger = logging.getLogger(__name__)

_letters = ThreadPoolExecutor(1, thread_name_prefix="alerts")


def alert_raise(bot: Bot, kind: AlertKind, **details: Any) -> None:
    """Opens it, by PostgreSQL's clock; while it is open nothing more is said."""
    with transaction.atomic():
        _alert, is_new = SafetyAlert.objects.get_or_create(
            bot=bot, kind=kind, cleared_at=None, defaults={"raised_at": Now(), "lease_token": bot.lease_token}
        )
        if is_new:
            line = journal.write(bot, f"alert_{kind}", log_type=LogType.ERROR, **details)
            transaction.on_commit(lambda: _tell(bot, kind, journal.sentence(line)))


def alerts_clear(alerts: Iterable[SafetyAlert], *, now: datetime) -> None:
    for alert in alerts:
        if SafetyAlert.objects.filter(pk=alert.pk, cleared_at=None).update(cleared_at=now):
            journal.write(alert.bot, f"alert_{alert.kind}_over", log_type=LogType.INFO)


def letters_wait() -> None:
    """Until what was to be sent so far is sent."""
    _letters.submit(int).result()


def _tell(bot: Bot, kind: AlertKind, sentence: str) -> None:
    """By a letter of its own only where no channel of the owner's mails the journal's line."""
    logger.critical("Bot %s (%s): %s", bot.pk, bot.bot_name, sentence)
    owner = bot.owner
    if not owner.email or is_mailed(owner, *NOTICES[f"alert_{kind}"]):
        return
    with override(owner.language):
        subject = _("ChainMakes: %(bot)s needs you") % {"bot": bot.bot_name}
    _letters.submit(_write_letter, subject, sentence, owner.email)


def _write_letter(subject: str, text: str, address: str) -> None:
    """A mail server that does not answer keeps nobody waiting."""
    try:
        send_mail(subject, text, None, [address])
    except OSError as error:
        logger.error("The alert was not sent by e-mail: %s", error)
