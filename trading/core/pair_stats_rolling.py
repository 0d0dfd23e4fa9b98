"""Hedge ratio of the last so many bars, half-life and Hurst exponent, compiled."""

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import kernel
from trading.core.pair_stats_regression import line

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def rolling_slope(dependent: Floats, independent: Floats, window: int, step: int) -> Floats:
    """Least-squares slope over `window` bars that end at bar window - 1, and every `step` bars after it."""
    count = (len(dependent) - window) // step + 1 if len(dependent) >= window else 0
    found = np.empty(max(count, 0))
    for i in range(len(found)):
        part = slice(i * step, i * step + window)
        found[i] = line(dependent[part], independent[part])[0]
    return found


@kernel
def mean_pull(values: Floats) -> float:
    """b of change[t] = a + b * value[t]: below 0 where the series falls back to its mean."""
    return line(values[1:] - values[:-1], values[:-1])[0]


@kernel
def lag_deviations(values: Floats, lags: Ints) -> Floats:
    """Standard deviation of value[t + lag] - value[t], for each lag."""
    found = np.empty(len(lags))
    for i in range(len(lags)):
        lag = lags[i]
        found[i] = (values[lag:] - values[: len(values) - lag]).std()
    return found
