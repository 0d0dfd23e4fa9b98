"""What a user may see of bots. Every query starts from the user."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from bots.amounts import decimal_text
from bots.models import Bot
from bots.statistics import statistics_of


def bots_of(user: User) -> QuerySet[Bot]:
    """Without those that the user deleted."""
    return Bot.objects.filter(owner=user, deleted_at=None).select_related("exchange_account", "exchange_account2")


def bot_of(user: User, bot_id: int) -> Bot:
    """Raises Bot.DoesNotExist, for somebody else's bot too."""
    return bots_of(user).get(pk=bot_id)


def bot_stats(bot: Bot) -> dict[str, Any]:
    """JSON-ready; money as text, times in seconds, None where there is nothing to average. Two queries."""
    found = statistics_of(bot)
    summary = found.summary
    return {
        "cycles": summary.closed,
        "wins": summary.wins,
        "win_rate": summary.wins / summary.closed * 100.0 if summary.closed else None,
        "stop_losses": found.stop_losses,
        "trades": found.trades,
        "realised": decimal_text(summary.realised),
        "average": _money(found.average),
        "best": _money(found.best),
        "worst": _money(found.worst),
        "fees": decimal_text(summary.fees),
        "funding": decimal_text(summary.funding),
        "deepest_fall": summary.deepest_fall,
        "average_held_s": _seconds(found.average_held),
        "longest_held_s": _seconds(found.longest_held),
        "naked_longest_ms": found.naked_longest_ms,
        "naked_average_ms": found.naked_average_ms,
        "naked_value_worst": _money(found.naked_value_worst),
        "levels": [
            {"level": each.level, "cycles": each.cycles, "pnl": decimal_text(each.pnl)} for each in found.levels
        ],
    }


def _money(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value, places=8)


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()
