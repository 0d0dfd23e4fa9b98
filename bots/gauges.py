"""The small bars under the four headline figures, in percent of their width. `static/js/pages/gauges.js` mirrors it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

GAP: Final = 1.2  # percent of the width between two levels


@dataclass(frozen=True, slots=True)
class Part:
    """`tone`: track, fill, fill-pos or fill-neg."""

    x: float
    width: float
    tone: str


@dataclass(frozen=True, slots=True)
class Gauge:
    """`mark` is where the present value stands, None for none."""

    parts: list[Part] = field(default_factory=list)
    mark: float | None = None


def pnl_gauge(pnl_pct: float | None, low: float, high: float) -> Gauge:
    """Between stop loss and take profit, in percent of the investment; the loss in red, the room to gain in green."""
    if pnl_pct is None or high <= low:
        return Gauge()
    zero, now = _place(0.0, low, high), _place(pnl_pct, low, high)
    parts = [Part(zero, 100.0 - zero, "fill-pos")]
    if now < zero:
        parts.insert(0, Part(now, zero - now, "fill-neg"))
    return Gauge(parts, now)


def spread_gauge(spread: float, low: float | None, high: float | None) -> Gauge:
    """Between the two spreads at which the bot acts next."""
    if low is None or high is None or high <= low:
        return Gauge()
    return Gauge([], _place(spread, low, high))


def level_gauge(multipliers: Sequence[float], level: int) -> Gauge:
    """One bar per level, as wide as its order."""
    room = 100.0 - GAP * (len(multipliers) - 1)
    widths = [room * multiplier / sum(multipliers) for multiplier in multipliers]
    starts = accumulate((width + GAP for width in widths), initial=0.0)
    tones = ["fill" if number <= level else "track" for number in range(1, len(widths) + 1)]
    return Gauge([Part(x, width, tone) for x, width, tone in zip(starts, widths, tones, strict=False)])


def share_gauge(value: float, most: float) -> Gauge:
    return Gauge([Part(0.0, _place(value, 0.0, most), "fill")] if most > 0 else [])


def pnl_bounds(
    figures: dict[str, Any], stop_loss: float, take_profit: float, *, regression: bool
) -> tuple[float, float]:
    """Where the P&L's gauge begins and ends, in percent.

    A take profit that is a spread counts as the P&L it would bring: P&L is linear between here and break-even.
    """
    pct = figures["pnl_pct"] or 0.0
    high = _pct_at_take_profit(figures, pct) if regression else take_profit
    high = high if high > 0 else max(pct, 1.0)
    low = -stop_loss if stop_loss > 0 else min(pct * 1.2, -high)
    return min(low, pct), max(high, pct)


def _pct_at_take_profit(figures: dict[str, Any], pct: float) -> float:
    marks = figures["triggers"]
    if "take_profit" not in marks or "break_even" not in marks or marks["break_even"]["distance"] == 0:
        return 0.0
    return pct - pct * marks["take_profit"]["distance"] / marks["break_even"]["distance"]


def _place(value: float, low: float, high: float) -> float:
    return max(0.0, min(100.0, (value - low) / (high - low) * 100.0))
