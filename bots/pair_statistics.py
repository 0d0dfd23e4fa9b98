"""How two markets moved together over the last 30 days, from hourly closes."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from bots.charts.pair_candles import Market, closes_between
from trading.core.candles import Floats

LENGTH: Final = timedelta(days=30)
LEAST: Final = 200
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PairStatistics:
    """`hedge_ratio`: percent that market 1 moves with one percent of market 2. `half_life_h`: hours in which half of a
    gap closes on average; None where gaps did not close."""

    correlation: float
    half_life_h: float | None
    hedge_ratio: float


def pair_statistics(market1: Market, market2: Market, end: datetime) -> PairStatistics | None:
    """None where the venue has too few candles. Raises ExchangeError."""
    hour = end.replace(minute=0, second=0, microsecond=0)
    changed = market1[0].updated_at, market2[0].updated_at  # a replay may have become another one
    return _statistics(market1, market2, changed, hour)


@lru_cache(maxsize=128)
def _statistics(
    market1: Market, market2: Market, changed: tuple[datetime, datetime], end: datetime
) -> PairStatistics | None:
    closes = closes_between(market1, market2, end - LENGTH, end)
    if len(closes) < LEAST:
        return None
    one = np.log(np.array([float(close) for _at, close, _other in closes]))
    two = np.log(np.array([float(close) for _at, _other, close in closes]))
    if not (one.std() > 0 and two.std() > 0):
        return None
    slope, intercept = np.polyfit(two, one, 1)
    hours = (closes[-1][0] - closes[0][0]) / HOUR / (len(closes) - 1)
    half_life = _half_life(one - slope * two - intercept)
    return PairStatistics(
        correlation=float(np.corrcoef(one, two)[0, 1]),
        half_life_h=None if half_life is None else half_life * hours,
        hedge_ratio=float(slope),
    )


def _half_life(gap: Floats) -> float | None:
    """In candles, of a first-order autoregression; None where it does not fall back."""
    before, change = gap[:-1], np.diff(gap)
    pull = float(np.polyfit(before, change, 1)[0])
    return -math.log(2.0) / math.log1p(pull) if -1.0 < pull < 0.0 else None
