"""Johansen's trace test of two series with an unrestricted constant, compiled.

S. Johansen, "Estimation and Hypothesis Testing of Cointegration Vectors in Gaussian Vector Autoregressive Models",
Econometrica 59 (1991).
"""

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import kernel
from trading.core.pair_stats_regression import cholesky, dot

Floats = NDArray[np.float64]


@kernel
def trace_statistics(values1: Floats, values2: Floats, lags: int) -> tuple[float, float]:
    """That no path is common to both, and that at most one is. Not numbers where a series does not move.

    `lags`: how many lagged changes of each are taken out first.
    """
    left = _without_lags(values1, values2, lags)
    if np.isnan(left[0, 0]):
        return np.nan, np.nan
    larger, smaller = _eigenvalues(left)
    bars = len(values1) - 1 - lags
    second = -bars * np.log(1.0 - smaller)
    return second - bars * np.log(1.0 - larger), second


@kernel
def _without_lags(values1: Floats, values2: Floats, lags: int) -> Floats:
    """Cross products of (levels 1 and 2, changes 1 and 2) once the lagged changes are taken out, 4 x 4."""
    products = _products(values1, values2, lags)
    if not cholesky(products):
        return np.full((4, 4), np.nan)
    corner = products[2 * lags :, 2 * lags :]
    found = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            for k in range(min(i, j) + 1):
                found[i, j] += corner[i, k] * corner[j, k]
    return found


@kernel
def _products(values1: Floats, values2: Floats, lags: int) -> Floats:
    """The lower part, columns about their means: lagged changes, levels before, changes."""
    bars, size = len(values1) - 1 - lags, 2 * lags + 4
    columns = np.empty((size, bars))
    for market, values in enumerate((values1, values2)):
        changes = values[1:] - values[:-1]
        for lag in range(1, lags + 1):
            columns[2 * (lag - 1) + market] = changes[lags - lag : lags - lag + bars]
        columns[2 * lags + market] = values[lags : lags + bars]
        columns[2 * lags + 2 + market] = changes[lags:]
    found = np.zeros((size, size))
    for i in range(size):
        columns[i] -= columns[i].mean()
        for j in range(i + 1):
            found[i, j] = dot(columns[i], columns[j])
    return found


@kernel
def _eigenvalues(left: Floats) -> tuple[float, float]:
    """Of Skk^-1 Sk0 S00^-1 S0k, each between 0 and 1, by trace and determinant of the 2 x 2 matrix."""
    levels, changes, mixed = left[:2, :2], left[2:, 2:], left[:2, 2:]
    first, second = _solved(levels, mixed), _solved(changes, np.ascontiguousarray(mixed.T))
    a = first[0, 0] * second[0, 0] + first[0, 1] * second[1, 0]
    b = first[0, 0] * second[0, 1] + first[0, 1] * second[1, 1]
    c = first[1, 0] * second[0, 0] + first[1, 1] * second[1, 0]
    d = first[1, 0] * second[0, 1] + first[1, 1] * second[1, 1]
    half = (a + d) / 2.0
    away = np.sqrt(max(half * half - (a * d - b * c), 0.0))
    return min(half + away, 1.0 - 1e-15), max(half - away, 0.0)


@kernel
def _solved(matrix: Floats, right: Floats) -> Floats:
    """matrix^-1 right, of two rows and columns."""
    determinant = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]
    found = np.empty((2, 2))
    for k in range(2):
        found[0, k] = (matrix[1, 1] * right[0, k] - matrix[0, 1] * right[1, k]) / determinant
        found[1, k] = (matrix[0, 0] * right[1, k] - matrix[1, 0] * right[0, k]) / determinant
    return found
