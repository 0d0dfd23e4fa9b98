"""A year of made-up minutes of two cointegrated markets, the same in every run."""

import numba
import numpy as np
from numpy.typing import NDArray

from trading.core.candles import Tape

Floats = NDArray[np.float64]

BARS = 525_600
HALF_LIFE_BARS = 360.0
COMMON_VOLATILITY = 0.50
SPREAD_DEVIATION = 0.03


@numba.njit(nogil=True)
def _mean_reverting(shocks: Floats, keep: float) -> Floats:
    path = np.empty_like(shocks)
    x = 0.0
    for i in range(len(shocks)):
        x = keep * x + shocks[i]
        path[i] = x
    return path


def tape(bars: int = BARS, seed: int = 20240101) -> Tape:
    """A common random walk and, between the legs, a gap that halves in six hours. Each open is the close before it."""
    shocks = np.random.default_rng(seed).standard_normal((2, bars))
    keep = float(np.exp(-np.log(2.0) / HALF_LIFE_BARS))
    common = np.cumsum(shocks[0]) * COMMON_VOLATILITY / np.sqrt(BARS)
    gap = _mean_reverting(shocks[1] * SPREAD_DEVIATION * np.sqrt(1 - keep * keep), keep)
    closes1 = np.round(100.0 * np.exp(common + 0.5 * gap), 6)
    closes2 = np.round(50.0 * np.exp(common - 0.5 * gap), 6)
    opens1, opens2 = np.r_[closes1[0], closes1[:-1]], np.r_[closes2[0], closes2[:-1]]
    return Tape(np.arange(bars, dtype=np.int64) * 60_000, opens1, closes1, opens2, closes2)
