"""How a bot did: sums over its closed cycles. Figures in the settle currency."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from django.db.models import Avg, Max, Q

from bots.models import Bot
from trading.models import CloseReason, Cycle, Trade

ZERO = Decimal()


@dataclass(frozen=True, slots=True)
class Summary:
    """`deepest_fall` is the largest fall of what was realised plus open from its peak, 0 or negative."""

    closed: int
    wins: int
    realised: Decimal
    fees: Decimal
    funding: Decimal
    deepest_fall: float


@dataclass(frozen=True, slots=True)
class LevelCount:
    """How many cycles ended with so many levels filled."""

    level: int
    cycles: int
    pnl: Decimal


@dataclass(frozen=True, slots=True)
class Statistics:
    summary: Summary
    stop_losses: int
    average: Decimal | None
    best: Decimal | None
    worst: Decimal | None
    average_held: timedelta | None
    longest_held: timedelta | None
    levels: list[LevelCount]
    curve: list[tuple[datetime, float]]
    """What was realised after each cycle."""
    trades: int
    naked_longest_ms: int | None
    naked_average_ms: float | None
    naked_value_worst: Decimal | None

    @property
    def naked_longest_s(self) -> float | None:
        return None if self.naked_longest_ms is None else self.naked_longest_ms / 1000


def statistics_of(bot: Bot) -> Statistics:
    """Two queries."""
    cycles = list(Cycle.objects.filter(bot=bot).order_by("number"))
    closed = [cycle for cycle in cycles if cycle.closed_at]
    pnls = [cycle.realised_pnl for cycle in closed]
    held = [cycle.closed_at - cycle.opened_at for cycle in closed if cycle.closed_at]
    naked = Trade.objects.filter(bot=bot, filled_share__gt=0).aggregate(
        longest=Max("naked_ms"), average=Avg("naked_ms", filter=Q(naked_ms__gt=0)), value=Max("naked_value")
    )
    return Statistics(
        summary=summary_of(cycles),
        stop_losses=sum(cycle.reason == CloseReason.STOP_LOSS for cycle in closed),
        average=sum(pnls, ZERO) / len(pnls) if pnls else None,
        best=max(pnls, default=None),
        worst=min(pnls, default=None),
        average_held=sum(held, timedelta()) / len(held) if held else None,
        longest_held=max(held, default=None),
        levels=_level_counts(closed),
        curve=_curve(closed),
        trades=bot.total_trades,
        naked_longest_ms=naked["longest"],
        naked_average_ms=naked["average"],
        naked_value_worst=naked["value"],
    )


def summary_of(cycles: Sequence[Cycle]) -> Summary:
    """Of all cycles of a bot, oldest first."""
    closed = [cycle for cycle in cycles if cycle.closed_at]
    return Summary(
        closed=len(closed),
        wins=sum(cycle.realised_pnl > 0 for cycle in closed),
        realised=sum((cycle.realised_pnl for cycle in closed), ZERO),
        fees=sum((cycle.fees for cycle in cycles), ZERO),
        funding=sum((cycle.funding for cycle in cycles), ZERO),
        deepest_fall=_deepest_fall(cycles),
    )


def _deepest_fall(cycles: Sequence[Cycle]) -> float:
    realised = peak = deepest = 0.0
    for cycle in cycles:
        deepest = min(deepest, realised + cycle.lowest_pnl - peak)
        realised += float(cycle.realised_pnl) if cycle.closed_at else 0.0
        peak = max(peak, realised)
        deepest = min(deepest, realised - peak)
    return deepest


def _level_counts(closed: Sequence[Cycle]) -> list[LevelCount]:
    counts = Counter(cycle.levels for cycle in closed)
    return [
        LevelCount(level, counts[level], sum((c.realised_pnl for c in closed if c.levels == level), ZERO))
        for level in sorted(counts)
    ]


def _curve(closed: Sequence[Cycle]) -> list[tuple[datetime, float]]:
    ordered = sorted((cycle for cycle in closed if cycle.closed_at), key=lambda cycle: cycle.number)
    totals = accumulate(float(cycle.realised_pnl) for cycle in ordered)
    return [(cycle.closed_at, total) for cycle, total in zip(ordered, totals, strict=True) if cycle.closed_at]
