"""What the statistics of a pair are compared with: published approximations, without a look-up at run time.

- Dickey-Fuller and Engle-Granger p-values: J. G. MacKinnon, "Approximate Asymptotic Distribution Functions for
  Unit-Root and Cointegration Tests", Journal of Business & Economic Statistics 12 (1994), tables 3 and 4.
- Their critical values: J. G. MacKinnon, "Critical Values for Cointegration Tests", Queen's University Working Paper
  1227 (2010), table 2.
- Johansen's trace: the gamma distribution of J. A. Doornik, "Approximations to the Asymptotic Distributions of
  Cointegration Tests", Journal of Economic Surveys 12 (1998), table 7, unrestricted constant.
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple


class Series(IntEnum):
    """How many series take part in a test whose regression has a constant."""

    ONE = 1
    """A series of its own: Dickey-Fuller."""
    TWO = 2
    """What a regression of one on the other leaves: Engle-Granger."""


class _Surface(NamedTuple):
    """p = normal cdf of a polynomial of the statistic, one up to `change`, another above it."""

    least: float
    change: float
    most: float
    left: tuple[float, ...]
    right: tuple[float, ...]


_P_VALUES: Final = {
    Series.ONE: _Surface(-18.83, -1.61, 2.74, (2.1659, 1.4412, 0.038269), (1.7339, 0.93202, -0.12745, -0.010368)),
    Series.TWO: _Surface(-18.86, -2.62, 0.92, (2.92, 1.5012, 0.039796), (2.1945, 0.64695, -0.29198, -0.042377)),
}
_CRITICAL: Final = {
    Series.ONE: (
        (-3.43035, -6.5393, -16.786, -79.433),
        (-2.86154, -2.8903, -4.234, -40.040),
        (-2.56677, -1.5384, -2.809, 0.0),
    ),
    Series.TWO: (
        (-3.89644, -10.9519, -33.527, 0.0),
        (-3.33613, -6.1101, -6.823, 0.0),
        (-3.04445, -4.2412, -2.720, 0.0),
    ),
}
_TRACE_GAMMA: Final = {2: (8.32, 14.5), 1: (1.0, 2.0)}
"""Mean and variance, by how many of the two series would be without a common path."""

SERIES_TERMS: Final = 500
PRECISE: Final = 1e-15


def unit_root_p_value(statistic: float, series: Series) -> float:
    """That a series without any way back would show this t-statistic or a lower one; not a number for none."""
    if math.isnan(statistic):
        return math.nan
    surface = _P_VALUES[series]
    if statistic > surface.most:
        return 1.0
    if statistic < surface.least:
        return 0.0
    return _normal_cdf(_polynomial(surface.left if statistic <= surface.change else surface.right, statistic))


def unit_root_critical_values(series: Series, bars: int) -> tuple[float, float, float]:
    """At 1 %, 5 % and 10 %, for a regression of so many bars."""
    one, five, ten = (_polynomial(row, 1.0 / bars) for row in _CRITICAL[series])
    return one, five, ten


def trace_p_value(trace: float, free_paths: int) -> float:
    """Of Johansen's trace statistic; `free_paths`: 2 to test that none is shared, 1 that one is shared at most."""
    if math.isnan(trace):
        return math.nan
    mean, variance = _TRACE_GAMMA[free_paths]
    return _upper_gamma(mean * mean / variance, trace * mean / variance) if trace > 0.0 else 1.0


def _polynomial(coefficients: Sequence[float], at: float) -> float:
    found = 0.0
    for coefficient in reversed(coefficients):
        found = found * at + coefficient
    return found


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _upper_gamma(shape: float, x: float) -> float:
    """The regularised upper incomplete gamma function: its series below shape + 1, its continued fraction above."""
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    return max(0.0, 1.0 - scale * _series(shape, x)) if x < shape + 1.0 else scale * _fraction(shape, x)


def _series(shape: float, x: float) -> float:
    term = total = 1.0 / shape
    for k in range(1, SERIES_TERMS):
        term *= x / (shape + k)
        total += term
        if term < total * PRECISE:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    """Lentz's method."""
    b = x + 1.0 - shape
    c, d = math.inf, 1.0 / b
    total = d
    for k in range(1, SERIES_TERMS):
        a = k * (shape - k)
        b += 2.0
        d = 1.0 / (b + a * d)
        c = b + a / c
        total *= c * d
        if abs(c * d - 1.0) < PRECISE:
            break
    return total
