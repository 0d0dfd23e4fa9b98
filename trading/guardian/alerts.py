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

from accounts.notifications.fan_out import GROUP_FOR, is_mailed
from bots.journal import lines as journal
from bots.journal.notices import NOTICES, SHARED
from bots.models import Bot
from trading.models import AlertKind, LogType, SafetyAlert

logger = logging.getLogger(__name__)

_letters = ThreadPoolExecutor(1, thread_name_prefix="alerts")


def alert_raise(bot: Bot, kind: AlertKind, **details: Any) -> None:
    """Opens it, by PostgreSQL's clock; while it is open nothing more is said."""
    begun = {"raised_at": Now(), "guarded_at": Now(), "lease_token": bot.lease_token}
    with transaction.atomic():
        alert, is_new = SafetyAlert.objects.get_or_create(bot=bot, kind=kind, cleared_at=None, defaults=begun)
        if is_new:
            line = journal.write(bot, f"alert_{kind}", log_type=LogType.ERROR, **details)
            transaction.on_commit(lambda: _tell(alert, journal.sentence(line)))


def alerts_clear(alerts: Iterable[SafetyAlert], *, now: datetime) -> None:
    for alert in alerts:
        if SafetyAlert.objects.filter(pk=alert.pk, cleared_at=None).update(cleared_at=now):
            journal.write(alert.bot, f"alert_{alert.kind}_over", log_type=LogType.INFO)


def letters_wait() -> None:
    """Until what was to be sent so far is sent."""
    _letters.submit(int).result()


def _tell(alert: SafetyAlert, sentence: str) -> None:
    """By a letter of its own only where no channel of the owner's mails the journal's line, and once for all bots of
    which the same is told within minutes."""
    bot, code = alert.bot, f"alert_{alert.kind}"
    logger.critical("Bot %s (%s): %s", bot.pk, bot.bot_name, sentence)
    owner = bot.owner
    if not owner.email or is_mailed(owner, *NOTICES[code]) or (code in SHARED and _is_written_of(alert)):
        return
    with override(owner.language):
        subject = _("ChainMakes: %(bot)s needs you") % {"bot": bot.bot_name}
    _letters.submit(_write_letter, subject, sentence, owner.email)


def _is_written_of(alert: SafetyAlert) -> bool:
    before = SafetyAlert.objects.filter(kind=alert.kind, bot__owner=alert.bot.owner_id, pk__lt=alert.pk)
    return before.filter(raised_at__gt=Now() - GROUP_FOR).exists()


def _write_letter(subject: str, text: str, address: str) -> None:
    """A mail server that does not answer keeps nobody waiting."""
    try:
        send_mail(subject, text, None, [address])
    except OSError as error:
        logger.error("The alert was not sent by e-mail: %s", error)
