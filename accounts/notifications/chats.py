"""Whether a Telegram channel takes commands, and from whom: paired by a code, shown once, that the chat sends."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Channel, ChannelChat, ChannelKind
from accounts.notifications.secrets import SecretMismatch, seal, unseal

CODE_LIFE: Final = timedelta(minutes=10)
TRIES_MOST: Final = 5
_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_CODE_LENGTH: Final = 8
_ADDRESS: Final = re.compile(r"tgram://(?:bot)?(?P<token>[0-9]{1,20}(?::|%3A)[A-Za-z0-9_-]+)/*(?P<rest>[^?]*)", re.I)


def chat_of(channel: Channel) -> ChannelChat | None:
    return ChannelChat.objects.filter(channel=channel).first()


def is_awaited(chat: ChannelChat, now: datetime) -> bool:
    """Whether a code may still come."""
    return bool(chat.code_digest) and chat.code_until is not None and now < chat.code_until


def pairing_begin(*, channel: Channel, now: datetime) -> str:
    """The code that the chat has to send; an earlier pairing ends. Raises ValidationError."""
    token = bot_token(channel)
    code = "".join(secrets.choice(_LETTERS) for _place in range(_CODE_LENGTH))
    fresh = {
        "token_digest": digest(token),
        "code_digest": digest(code),
        "code_until": now + CODE_LIFE,
        "code_tries": 0,
        "chat_id": None,
        "chat_name": "",
        "paired_at": None,
        "asked": None,
        "asked_digest": "",
        "error": "",
    }
    try:
        with transaction.atomic():
            ChannelChat.objects.update_or_create(channel=channel, defaults=fresh)
            record(actor=channel.owner, action="chat.code", target=channel)
    except IntegrityError:
        raise ValidationError(_("This Telegram bot takes the commands of another channel already.")) from None
    return code


def pairing_end(*, channel: Channel) -> None:
    """No command is taken any more."""
    with transaction.atomic():
        ended, _rows = ChannelChat.objects.filter(channel=channel).delete()
        if ended:
            record(actor=channel.owner, action="chat.end", target=channel)


def pair(chat: ChannelChat, *, code: str, chat_id: int, name: str, now: datetime) -> bool:
    """Whether the code was right; five wrong ones end it. The caller holds the row's lock."""
    if not is_awaited(chat, now) or chat.code_tries >= TRIES_MOST:
        return False
    if not is_same(chat.code_digest, code.strip().upper()):
        chat.code_tries += 1
        chat.save(update_fields=["code_tries"])
        return False
    chat.code_digest, chat.code_until = "", None
    chat.chat_id, chat.chat_name, chat.paired_at = chat_id, name[:100], now
    chat.save(update_fields=["code_digest", "code_until", "chat_id", "chat_name", "paired_at"])
    channel = chat.channel
    _send_there_too(channel, chat_id)
    record(actor=channel.owner, action="chat.pair", target=channel, details={"chat": str(chat_id), "name": name[:100]})
    return True


def bot_token(channel: Channel) -> str:
    """Of the Telegram bot through which the channel speaks. Raises ValidationError."""
    found = _parts(channel)
    if found is None:
        raise ValidationError(_("The address of this channel names no Telegram bot: tgram://bot-token/chat-id"))
    return found[0]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def is_same(known: str, text: str) -> bool:
    return bool(known) and hmac.compare_digest(known, digest(text))


def _parts(channel: Channel) -> tuple[str, str] | None:
    """(token, chats that messages go to)."""
    if channel.kind != ChannelKind.TELEGRAM:
        return None
    try:
        found = _ADDRESS.match(unseal(channel, channel.address))
    except SecretMismatch:
        return None
    return (found["token"].replace("%3A", ":").replace("%3a", ":"), found["rest"].strip("/")) if found else None


def _send_there_too(channel: Channel, chat_id: int) -> None:
    """An address without a chat gets the one that was paired."""
    found = _parts(channel)
    if found is not None and not found[1]:
        channel.address = seal(channel, f"tgram://{found[0]}/{chat_id}/")
        channel.save(update_fields=["address"])
