"""Figures of the last so many values, one for each value: causal, compiled, one pass."""

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import kernel

Floats = NDArray[np.float64]


def rolling_mean_deviation(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean and population standard deviation of the last `window` values; not a number for the first window - 1.

    Raises ValueError for a window below 1.
    """
    if window < 1:
        raise ValueError(f"the window must be at least 1, not {window}")
    mean, deviation = np.full(len(values), np.nan), np.full(len(values), np.nan)
    _fill(np.require(values, np.float64, ["C", "W"]), int(window), mean, deviation)
    return mean, deviation


def rolling_z_score(values: Floats, window: int) -> Floats:
    """(value - mean) / deviation of the last `window`; not a number where they are all the same."""
    mean, deviation = rolling_mean_deviation(values, window)
    return np.asarray(np.divide(values - mean, deviation, out=np.full(len(values), np.nan), where=deviation > 0.0))


@kernel
def _fill(values: Floats, window: int, mean: Floats, deviation: Floats) -> None:
    """Welford's update, the oldest value taken out; summed anew once a window, so that rounding does not add up."""
    centre = squares = 0.0
    same = 0
    """How many values in a row are the same: rounding must not give them a deviation."""
    for i in range(len(values)):
        same = same + 1 if i > 0 and values[i] == values[i - 1] else 1
        if i < window - 1:
            continue
        if same >= window:
            centre, squares = values[i], 0.0
        elif (i + 1) % window == 0:
            centre = 0.0
            for k in range(i + 1 - window, i + 1):
                centre += values[k]
            centre /= window
            squares = 0.0
            for k in range(i + 1 - window, i + 1):
                squares += (values[k] - centre) ** 2
        else:
            new, old, before = values[i], values[i - window], centre
            centre += (new - old) / window
            squares += (new - old) * (new - centre + old - before)
        mean[i] = centre
        deviation[i] = np.sqrt(max(squares, 0.0) / window)
