"""Whether two markets still belong together: their last week held against their last month.

One sign alone is common in a healthy pair; two at once are called a break.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trading.core.pair_stats import (
    Floats,
    half_life,
    hedge_ratio,
    log_prices,
    returns_correlation,
)

MONTH_BARS: Final = 30 * 24
WEEK_BARS: Final = 7 * 24
LEAST_BARS: Final = 2 * WEEK_BARS
SIGNS_OF_A_BREAK: Final = 2

CORRELATION_LOW: Final = 0.4
HEDGE_MOVED: Final = 0.5
"""The week's hedge ratio further than this share from the month's."""
HALF_LIFE_LONG_H: Final = 240.0


class Sign(StrEnum):
    CORRELATION = "correlation"
    """The week's returns hardly move together."""
    HEDGE = "hedge"
    """One market moves much more, or less, with the other than it did."""
    HALF_LIFE = "half_life"
    """Gaps do not close any more, or take longer than ten days for half of the way."""


@dataclass(frozen=True, slots=True)
class PairHealth:
    """From hourly closes. `half_life_h` is None where gaps do not close."""

    bars: int
    correlation: float
    correlation_week: float
    hedge_ratio: float
    hedge_ratio_week: float
    half_life_h: float | None
    signs: tuple[Sign, ...]

    @property
    def is_broken(self) -> bool:
        return len(self.signs) >= SIGNS_OF_A_BREAK


def pair_health(closes1: Floats, closes2: Floats) -> PairHealth | None:
    """Hourly, oldest first; the newest MONTH_BARS count. None for too few, or where a market stood still."""
    one, two = log_prices(closes1[-MONTH_BARS:]), log_prices(closes2[-MONTH_BARS:])
    week1, week2 = one[-WEEK_BARS:], two[-WEEK_BARS:]
    if len(one) < LEAST_BARS or not all(values.max() > values.min() for values in (week1, week2)):
        return None
    hedge, week_hedge = hedge_ratio(one, two), hedge_ratio(week1, week2)
    correlation_week = returns_correlation(week1, week2)
    life = half_life(hedge.spread(one, two))
    return PairHealth(
        bars=len(one),
        correlation=returns_correlation(one, two),
        correlation_week=correlation_week,
        hedge_ratio=hedge.ratio,
        hedge_ratio_week=week_hedge.ratio,
        half_life_h=life,
        signs=_signs(correlation_week, hedge.ratio, week_hedge.ratio, life),
    )


def _signs(correlation_week: float, hedge: float, hedge_week: float, life: float | None) -> tuple[Sign, ...]:
    found = {
        Sign.CORRELATION: not correlation_week >= CORRELATION_LOW,
        Sign.HEDGE: not abs(hedge_week - hedge) <= HEDGE_MOVED * abs(hedge),
        Sign.HALF_LIFE: life is None or life > HALF_LIFE_LONG_H,
    }
    return tuple(sign for sign, is_there in found.items() if is_there)
