"""Which lines of a bot's journal its owner is told of, and how loudly."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import override

from accounts.models import NoticeKind, Severity
from accounts.notifications import notify
from bots.models import Bot

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
LONG_AGO: Final = timedelta(hours=1)
"""A line of the market of then comes from a recording that is played; its trades are no news."""

NOTICES: Final[Mapping[str, tuple[NoticeKind, Severity]]] = {
    # Trades
    "opened": (NoticeKind.TRADE, INFO),
    "added": (NoticeKind.TRADE, INFO),
    "closed_take_profit": (NoticeKind.TAKE_PROFIT, INFO),
    "closed_stop_loss": (NoticeKind.STOP_LOSS, WARNING),
    "closed_signal": (NoticeKind.CLOSED, INFO),
    "closed_manual": (NoticeKind.CLOSED, INFO),
    "closed_time_stop": (NoticeKind.CLOSED, WARNING),
    "closed_outside": (NoticeKind.CLOSED, WARNING),
    "closed_unwind": (NoticeKind.CLOSED, WARNING),
    "closed_kill_switch": (NoticeKind.KILL_SWITCH, WARNING),
    "closed_protection": (NoticeKind.PROTECTION, WARNING),
    "closed_liquidation": (NoticeKind.LIQUIDATION, ERROR),
    "closed_pair_break": (NoticeKind.PAIR_BREAK, WARNING),
    # The bot
    "failed": (NoticeKind.BOT_ERROR, ERROR),
    "stopped_in_position": (NoticeKind.BOT_ERROR, WARNING),
    "entries_given_up": (NoticeKind.ENTRY, WARNING),
    "entry_failed": (NoticeKind.ENTRY, INFO),
    "tape_ended": (NoticeKind.CLOSED, INFO),
    # Two legs
    "leg_alone": (NoticeKind.NAKED_LEG, ERROR),
    "leg_completed": (NoticeKind.NAKED_LEG, WARNING),
    "leg_unwound": (NoticeKind.NAKED_LEG, WARNING),
    "rest_given_up": (NoticeKind.NAKED_LEG, ERROR),
    "close_waits": (NoticeKind.BOT_ERROR, ERROR),
    "close_blocked": (NoticeKind.STALE_DATA, ERROR),
    # Quotes and the exchange
    "quotes_stale": (NoticeKind.STALE_DATA, WARNING),
    "quotes_missing": (NoticeKind.STALE_DATA, WARNING),
    "quotes_apart": (NoticeKind.STALE_DATA, WARNING),
    "candles_missing": (NoticeKind.STALE_DATA, WARNING),
    "close_by_book": (NoticeKind.STALE_DATA, WARNING),
    "close_by_mark": (NoticeKind.STALE_DATA, WARNING),
    "venue_unavailable": (NoticeKind.VENUE_DOWN, WARNING),
    "order_unknown": (NoticeKind.VENUE_DOWN, WARNING),
    "key_refused": (NoticeKind.KEY, ERROR),
    # Books
    "mismatch": (NoticeKind.DIFFERENCE, ERROR),
    "differs_order": (NoticeKind.DIFFERENCE, ERROR),
    "differs_fill": (NoticeKind.DIFFERENCE, WARNING),
    "differs_leverage": (NoticeKind.DIFFERENCE, ERROR),
    "differs_margin_mode": (NoticeKind.DIFFERENCE, ERROR),
    "differs_position_mode": (NoticeKind.DIFFERENCE, ERROR),
    "late_fill": (NoticeKind.DIFFERENCE, WARNING),
    "liquidated": (NoticeKind.LIQUIDATION, ERROR),
    "deleveraged": (NoticeKind.LIQUIDATION, ERROR),
    "delivered": (NoticeKind.LIQUIDATION, WARNING),
    # The kill switch, the guardian, the limits
    "switch_halted": (NoticeKind.KILL_SWITCH, WARNING),
    "switch_reducing": (NoticeKind.KILL_SWITCH, WARNING),
    "switch_active": (NoticeKind.KILL_SWITCH, INFO),
    "flatten_requested": (NoticeKind.KILL_SWITCH, WARNING),
    "alert_neglected": (NoticeKind.GUARDIAN, ERROR),
    "alert_neglected_over": (NoticeKind.GUARDIAN, INFO),
    "alert_not_flat": (NoticeKind.KILL_SWITCH, ERROR),
    "alert_not_flat_over": (NoticeKind.KILL_SWITCH, INFO),
    "alert_unprotected": (NoticeKind.PROTECTION, ERROR),
    "alert_unprotected_over": (NoticeKind.PROTECTION, INFO),
    "risk_refused": (NoticeKind.LIMIT, WARNING),
    # The pair
    "pair_broken": (NoticeKind.PAIR_BREAK, WARNING),
    "pair_break_close": (NoticeKind.PAIR_BREAK, WARNING),
    "time_stop_reached": (NoticeKind.CLOSED, INFO),
}

SHARED: Final = {
    "venue_unavailable": "account",
    "switch_halted": "user",
    "switch_reducing": "user",
    "switch_active": "user",
    "alert_neglected": "user",
    "alert_neglected_over": "user",
}
"""Codes that several bots say at once of the same thing: told once for the account or the user."""


REPEATING: Final = frozenset(
    {
        NoticeKind.BOT_ERROR,
        NoticeKind.DIFFERENCE,
        NoticeKind.ENTRY,
        NoticeKind.GUARDIAN,
        NoticeKind.KEY,
        NoticeKind.KILL_SWITCH,
        NoticeKind.LIMIT,
        NoticeKind.NAKED_LEG,
        NoticeKind.PROTECTION,
        NoticeKind.STALE_DATA,
        NoticeKind.VENUE_DOWN,
    }
)
"""A second one within minutes says nothing new; each trade does."""


def tell(bot: Bot, details: Mapping[str, Any], sentence: Callable[[], str], market_time: datetime | None) -> None:
    """In the transaction that writes the line; `sentence` is read in the owner's language."""
    code = details["code"]
    if code not in NOTICES:
        return
    kind, severity = NOTICES[code]
    now = timezone.now()
    if severity == INFO and market_time is not None and now - market_time > LONG_AGO:
        return
    with override(bot.owner.language):
        text = sentence()
    notify(
        user=bot.owner,
        kind=kind,
        severity=severity,
        title=bot.bot_name,
        text=text,
        link=f"/bots/{bot.pk}/",  # as it stands: a booking must not depend on whether every page can be imported
        group=_group(bot, code, str(details.get("symbol", ""))) if kind in REPEATING else "",
        at=now,
    )


def _group(bot: Bot, code: str, symbol: str) -> str:
    scope = SHARED.get(code)
    if scope is None:
        return f"bot:{bot.pk}:{code}:{symbol}"
    return f"{scope}:{bot.exchange_account_id if scope == 'account' else bot.owner_id}:{code}"
