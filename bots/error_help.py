"""Why a bot is in error, and what its owner can do about it."""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bots.journal.lines import reason_text
from bots.models import Bot
from trading.models import Difference, DifferenceStatus, LogType, TradeLog

CURES: Final = {
    "key_refused": _("Renew the key of the account, test it, then start the bot again."),
    "mismatch": _("Decide what is to become of the difference, then start the bot again."),
    "liquidated": _("What was left of the pair is closed. Look at the account's margin, then start the bot again."),
    "deleveraged": _("What was left of the pair is closed. Start the bot again when you are ready."),
    "delivered": _("What was left of the pair is closed. Choose another pair, or start the bot again."),
    "late_fill": _("It is booked. Look at both legs: close them if they are unequal, then start the bot again."),
    "restored": _("Compare the account with the exchange, decide about what differs, then start the bot again."),
    "leg_stuck": _("The bot keeps trying. Close the lone leg at the exchange by hand if it must be gone now."),
    "close_stuck": _("The bot keeps trying. Close both legs at the exchange by hand if they must be gone now."),
    "order_unknown": _("Look the order up at the exchange; the bot asks again by itself and goes on once it is clear."),
}
COMPARED: Final = ("mismatch", "liquidated", "deleveraged", "delivered", "late_fill", "restored", "order_unknown")
"""Reasons that the page of the account's differences shows more about."""
OTHERWISE: Final = _("Read the journal, mend the cause, then start the bot again.")


@dataclass(frozen=True, slots=True)
class ErrorHelp:
    """`reason` and `cure` are sentences; `url` leads to where the cure is, `action` names that place."""

    reason: str
    cure: str
    url: str
    action: str


def help_for(bot: Bot) -> ErrorHelp:
    code = bot.status_reason
    figures = _figures_of_failure(bot)
    cure = str(CURES.get(code, OTHERWISE))
    if code == "key_refused":
        url, action = reverse("exchanges:edit", args=[bot.exchange_account_id]), _("Renew the key")
    elif code in COMPARED:
        url, action = reverse("exchanges:differences", args=[_account_to_compare(bot)]), _("Compare and decide")
    else:
        url, action = f"{reverse('bots:detail', args=[bot.pk])}?tab=journal&kind=error", _("Read the journal")
    return ErrorHelp(reason_text(code, figures), cure, url, str(action))


def _account_to_compare(bot: Bot) -> int:
    """The one on which something differs; a pair may lie on two."""
    found = Difference.objects.filter(bot=bot, status=DifferenceStatus.OPEN).order_by("-id").first()
    return found.account_id if found else bot.exchange_account_id


def _figures_of_failure(bot: Bot) -> dict[str, object]:
    """The figures of the newest error in the journal; they complete the reason's words."""
    log = TradeLog.objects.filter(bot=bot, log_type=LogType.ERROR).order_by("-id").first()
    if log is None:
        return {"symbol": bot.market1_symbol}
    return {"symbol": bot.market1_symbol} | log.details
