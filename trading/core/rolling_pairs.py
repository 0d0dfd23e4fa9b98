"""How two series hang together over the last so many values, one figure for each value: causal and compiled.

Not a number where there are too few values, or where they do not move. Sums are taken anew once a window, so that
rounding does not add up.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import kernel

Floats = NDArray[np.float64]

STILL: Final = 1e-18
"""Of a value's square: a variance below that is rounding."""
PRIOR: Final = 1e6
"""Variance of intercept and slope before the first value: nothing is known."""


class Regression(NamedTuple):
    """`y = intercept + slope * x + residual`; `deviation` is the population standard deviation of the residuals."""

    intercept: Floats
    slope: Floats
    residual: Floats
    deviation: Floats


def rolling_correlation(x: Floats, y: Floats, window: int) -> Floats:
    """Pearson's, from -1 to 1. Raises ValueError for a window below 2 or series of two lengths."""
    _check(x, y, window, least=2)
    found = np.full(len(x), np.nan)
    _correlate(_plain(x), _plain(y), int(window), found)
    return found


def rolling_regression(x: Floats, y: Floats, window: int) -> Regression:
    """Ordinary least squares of y on x; the slope of log prices is the hedge ratio. `residual` is the last value's.

    Raises ValueError for a window below 3 or series of two lengths.
    """
    _check(x, y, window, least=3)
    found = Regression(*(np.full(len(x), np.nan) for _ in Regression._fields))
    _regress(_plain(x), _plain(y), int(window), *found)
    return found


def kalman_regression(x: Floats, y: Floats, memory: int) -> Regression:
    """A Kalman filter whose state (intercept, slope) is trusted less by 1 / `memory` with every value, so that a value
    counts (1 - 1 / memory) ** age. `residual` is what a value differs from its forecast, `deviation` how much that
    usually is, before it.

    Every value depends on all before it, those of 15 memories ago by 3 in 10 million. Raises as `rolling_regression`.
    """
    _check(x, y, memory, least=3)
    found = Regression(*(np.full(len(x), np.nan) for _ in Regression._fields))
    _filter(_plain(x), _plain(y), int(memory), *found)
    return found


def rolling_half_life(values: Floats, window: int) -> Floats:
    """How many bars half of a deviation takes to go, by an AR(1) of the last `window` changes; not a number where they
    do not come back."""
    _check(values, values, window, least=3)
    found = np.full(len(values), np.nan)
    if len(values) > window:
        line = rolling_regression(values[:-1], np.diff(values), window)
        kept = 1.0 + line.slope
        comes_back = (kept > 0.0) & (kept < 1.0)
        found[1:][comes_back] = -np.log(2.0) / np.log(kept[comes_back])
    return found


def rolling_hurst(values: Floats, window: int, longest: int = 20) -> Floats:
    """Hurst's exponent by the spread of changes over 2 to `longest` bars: 0.5 a random walk, below it comes back,
    above it goes on. Raises ValueError for a window of less than 4 times `longest`."""
    if longest < 4 or window < 4 * longest:
        raise ValueError(f"the window must be at least 4 times the longest lag of {longest} (at least 4), not {window}")
    found = np.full(len(values), np.nan)
    _hurst(_plain(values), int(window), int(longest), found)
    return found


def _plain(values: Floats) -> Floats:
    return np.require(values, np.float64, ["C", "W"])


def _check(x: Floats, y: Floats, window: int, *, least: int) -> None:
    if window < least:
        raise ValueError(f"the window must be at least {least}, not {window}")
    if len(x) != len(y):
        raise ValueError(f"two series of {len(x)} and {len(y)} values")


@kernel
def _correlate(x: Floats, y: Floats, window: int, found: Floats) -> None:
    mx = my = sxx = syy = sxy = 0.0
    for i in range(window - 1, len(x)):
        if (i + 1) % window == 0 or i == window - 1:
            mx, my, sxx, syy, sxy = _moments(x, y, i + 1 - window, i + 1)
        else:
            mx, my, sxx, syy, sxy = _moved(x, y, i, window, mx, my, sxx, syy, sxy)
        if sxx > STILL * window * mx * mx and syy > STILL * window * my * my:
            found[i] = min(1.0, max(-1.0, sxy / np.sqrt(sxx * syy)))


@kernel
def _regress(
    x: Floats, y: Floats, window: int, intercept: Floats, slope: Floats, residual: Floats, deviation: Floats
) -> None:
    mx = my = sxx = syy = sxy = 0.0
    for i in range(window - 1, len(x)):
        if (i + 1) % window == 0 or i == window - 1:
            mx, my, sxx, syy, sxy = _moments(x, y, i + 1 - window, i + 1)
        else:
            mx, my, sxx, syy, sxy = _moved(x, y, i, window, mx, my, sxx, syy, sxy)
        if sxx > STILL * window * mx * mx:
            slope[i] = sxy / sxx
            intercept[i] = my - slope[i] * mx
            residual[i] = y[i] - my - slope[i] * (x[i] - mx)
            deviation[i] = np.sqrt(max(syy - slope[i] * sxy, 0.0) / window)


@kernel
def _moments(x: Floats, y: Floats, begin: int, end: int) -> tuple[float, float, float, float, float]:
    """Means, and sums of squares and products around them; products of 0 where a series stands still."""
    mx = my = sxx = syy = sxy = 0.0
    for k in range(begin, end):
        mx += x[k]
        my += y[k]
    mx /= end - begin
    my /= end - begin
    for k in range(begin, end):
        sxx += (x[k] - mx) * (x[k] - mx)
        syy += (y[k] - my) * (y[k] - my)
        sxy += (x[k] - mx) * (y[k] - my)
    return mx, my, sxx, syy, sxy


@kernel
def _moved(
    x: Floats, y: Floats, i: int, window: int, mx: float, my: float, sxx: float, syy: float, sxy: float
) -> tuple[float, float, float, float, float]:
    """The same one value on: Welford's update with the oldest value taken out."""
    x_new, x_old, y_new, y_old = x[i], x[i - window], y[i], y[i - window]
    mx_now, my_now = mx + (x_new - x_old) / window, my + (y_new - y_old) / window
    sxx += (x_new - x_old) * (x_new - mx_now + x_old - mx)
    syy += (y_new - y_old) * (y_new - my_now + y_old - my)
    sxy += (x_new - mx_now) * (y_new - my) - (x_old - mx_now) * (y_old - my)
    return mx_now, my_now, sxx, syy, sxy


@kernel
def _filter(
    x: Floats, y: Floats, memory: int, intercept: Floats, slope: Floats, residual: Floats, deviation: Floats
) -> None:
    kept = 1.0 - 1.0 / memory
    a = b = variance = 0.0
    paa, pab, pbb = PRIOR, 0.0, PRIOR
    for i in range(len(x)):
        error = y[i] - a - b * x[i]
        ga, gb = paa + pab * x[i], pab + pbb * x[i]
        noise = kept + ga + gb * x[i]
        if i >= memory:
            residual[i], deviation[i] = error, np.sqrt(variance)
        if i >= 2:
            variance = kept * variance + (1.0 - kept) * error * error
        a += ga / noise * error
        b += gb / noise * error
        paa, pab, pbb = (paa - ga * ga / noise) / kept, (pab - ga * gb / noise) / kept, (pbb - gb * gb / noise) / kept
        if i >= memory:
            intercept[i], slope[i] = a, b


@kernel
def _hurst(values: Floats, window: int, longest: int, found: Floats) -> None:
    for i in range(window - 1, len(values)):
        begin = i + 1 - window
        count = 0
        mx = my = sxx = sxy = 0.0
        for lag in range(2, longest + 1):
            mean = square = 0.0
            for k in range(begin, i + 1 - lag):
                mean += values[k + lag] - values[k]
            mean /= window - lag
            for k in range(begin, i + 1 - lag):
                square += (values[k + lag] - values[k] - mean) ** 2
            square /= window - lag
            if not square > 0.0:
                continue
            count += 1
            log_lag, log_spread = np.log(lag), 0.5 * np.log(square)
            dx, dy = log_lag - mx, log_spread - my
            mx += dx / count
            my += dy / count
            sxx += dx * (log_lag - mx)
            sxy += dx * (log_spread - my)
        if count == longest - 1:
            found[i] = sxy / sxx
