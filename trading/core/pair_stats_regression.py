"""Least squares of autoregressions, compiled: cross products once, one Cholesky factor for every number of lags.

The columns of such a regression are lags of one series, so their cross products follow from one another: a product of
two lags differs from the one before by its two ends alone.
"""

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import kernel

Floats = NDArray[np.float64]
_UNROLLED = 4


@kernel
def dot(one: Floats, two: Floats) -> float:
    """With four sums side by side: one sum would wait for itself."""
    a = b = c = d = 0.0
    whole = len(one) - len(one) % _UNROLLED
    for i in range(0, whole, _UNROLLED):
        a += one[i] * two[i]
        b += one[i + 1] * two[i + 1]
        c += one[i + 2] * two[i + 2]
        d += one[i + 3] * two[i + 3]
    for i in range(whole, len(one)):
        a += one[i] * two[i]
    return a + b + c + d


@kernel
def line(dependent: Floats, independent: Floats) -> tuple[float, float]:
    """Slope and intercept of least squares; not numbers where the independent does not move."""
    mean1, mean2 = dependent.mean(), independent.mean()
    moved = independent - mean2
    square = dot(moved, moved)
    if square <= 0.0:
        return np.nan, np.nan
    slope = dot(dependent - mean1, moved) / square
    return slope, mean1 - slope * mean2


@kernel
def cholesky(matrix: Floats) -> bool:
    """The lower factor in place of a symmetric matrix's lower part; False where it has none (columns that depend)."""
    for j in range(len(matrix)):
        scale = matrix[j, j]
        for k in range(j):
            matrix[j, j] -= matrix[j, k] ** 2
        if not matrix[j, j] > 1e-12 * scale:
            return False
        matrix[j, j] = np.sqrt(matrix[j, j])
        for i in range(j + 1, len(matrix)):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
            matrix[i, j] /= matrix[j, j]
    return True


@kernel
def unit_root_statistic(values: Floats, lags: int, is_most: bool, has_constant: bool) -> tuple[float, int]:
    """The augmented Dickey-Fuller t-statistic and how many lagged changes it took.

    change[t] = (constant) + a * value[t] + b1 * change[t - 1] + … . `is_most`: `lags` at most, the number with the
    least AIC over the bars that all of them have, then fitted again over every bar. Not a number where nothing moves.
    """
    centred = values - values.mean() if has_constant else values
    changes = centred[1:] - centred[:-1]
    if is_most:
        lags = _best_lags(centred, changes, lags, has_constant)
    if lags < 0:
        return np.nan, 0
    return _t_statistic(centred, changes, lags, has_constant), lags


@kernel
def _products(values: Floats, changes: Floats, lags: int, has_constant: bool) -> Floats:
    """Cross products of (constant, value, change 1 bar ago, …, change now), the last one the dependent."""
    first = 1 if has_constant else 0
    size, bars = first + 1 + lags + 1, len(changes) - lags
    found = np.zeros((size, size))
    level = values[lags : lags + bars]
    found[first, first] = dot(level, level)
    between = _lag_products(changes, lags)
    for i in range(lags + 1):
        row = size - 1 if i == 0 else first + i
        late = changes[lags - i : lags - i + bars]
        found[row, first] = dot(late, level)
        for j in range(lags + 1):
            column = size - 1 if j == 0 else first + j
            if column <= row:
                found[row, column] = between[i, j]
        if has_constant:
            found[row, 0] = late.sum()
    if has_constant:
        found[0, 0] = bars
        found[1, 0] = level.sum()
    return found


@kernel
def _lag_products(changes: Floats, lags: int) -> Floats:
    """[i, j]: the sum of changes i bars ago times changes j bars ago."""
    found = np.empty((lags + 1, lags + 1))
    last = len(changes)
    for j in range(lags + 1):
        found[0, j] = dot(changes[lags:], changes[lags - j : last - j])
        found[j, 0] = found[0, j]
    for i in range(1, lags + 1):
        for j in range(i, lags + 1):
            came, went = changes[lags - i] * changes[lags - j], changes[last - i] * changes[last - j]
            found[i, j] = found[i - 1, j - 1] + came - went
            found[j, i] = found[i, j]
    return found


@kernel
def _best_lags(values: Floats, changes: Floats, most_lags: int, has_constant: bool) -> int:
    """-1 where the columns depend on one another."""
    factor = _products(values, changes, most_lags, has_constant)
    size, bars = len(factor), len(changes) - most_lags
    if not cholesky(factor):
        return -1
    before = size - 1 - most_lags  # columns that are there with 0 lags
    left = 0.0
    for k in range(before, size):
        left += factor[size - 1, k] ** 2
    best, least = 0, bars * np.log(left / bars) + 2.0 * before
    for lags in range(1, most_lags + 1):
        left -= factor[size - 1, before + lags - 1] ** 2
        criterion = bars * np.log(left / bars) + 2.0 * (before + lags)
        if criterion < least:
            best, least = lags, criterion
    return best


@kernel
def _t_statistic(values: Floats, changes: Floats, lags: int, has_constant: bool) -> float:
    """Of the level's coefficient: with u = L^-1 e, b = u'z and its variance u'u * s^2."""
    factor = _products(values, changes, lags, has_constant)
    size, bars = len(factor), len(changes) - lags
    if not cholesky(factor):
        return np.nan
    level, columns = (1 if has_constant else 0), size - 1
    u = np.zeros(columns)
    for i in range(level, columns):
        total = 1.0 if i == level else 0.0
        for k in range(level, i):
            total -= factor[i, k] * u[k]
        u[i] = total / factor[i, i]
    fitted = factor[columns, :columns]
    variance = factor[columns, columns] ** 2 / (bars - columns)
    statistic: float = dot(fitted, u) / np.sqrt(variance * dot(u, u))
    return statistic
