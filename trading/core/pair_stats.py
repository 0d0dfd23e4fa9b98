"""How two markets belong together: correlation, hedge ratio, cointegration, half-life, Hurst exponent.

Every function takes arrays of one value a bar, oldest first, of equal length. "Values" are log prices (`log_prices`)
unless it says otherwise. Raises ValueError for arrays too short, of different lengths or with values that are no
numbers. Formulas and sources: docs/pairs.md.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trading.core import pair_stats_regression, pair_stats_rolling
from trading.core.pair_stats_johansen import trace_statistics
from trading.core.pair_stats_tables import Series, trace_p_value, unit_root_p_value

Floats = NDArray[np.float64]

LEAST_BARS: Final = 50
"""Fewer do not bear a test."""
JOHANSEN_LAGS: Final = 1
HURST_LAGS: Final = 20
HURST_LONGEST: Final = 100
WINDOWS: Final = 5
"""Windows of the rolling hedge ratio that the bars would hold side by side."""
STEPS_A_WINDOW: Final = 4
_COLLINEAR: Final = 1 - 100 * math.sqrt(np.finfo(float).eps)


@dataclass(frozen=True, slots=True)
class Hedge:
    """value1 = ratio * value2 + intercept by least squares: 1 of market 1 is hedged by `ratio` of market 2."""

    ratio: float
    intercept: float

    def spread(self, values1: Floats, values2: Floats) -> Floats:
        """What the line leaves; in log prices 0.01 is one percent."""
        return values1 - self.ratio * values2 - self.intercept


@dataclass(frozen=True, slots=True)
class UnitRoot:
    """An augmented Dickey-Fuller test: a low `p_value` says that the series falls back to its mean."""

    statistic: float
    p_value: float
    lags: int


@dataclass(frozen=True, slots=True)
class EngleGranger:
    """Market 1 on market 2, and the other way round."""

    forward: UnitRoot
    backward: UnitRoot

    @property
    def p_value(self) -> float:
        """The larger of the two: both have to say that the pair holds together, whichever market is named first."""
        return max(self.forward.p_value, self.backward.p_value)

    @property
    def statistic(self) -> float:
        return max(self.forward.statistic, self.backward.statistic)


@dataclass(frozen=True, slots=True)
class Johansen:
    """Trace statistics that no path is common (`p_value` with it), and that at most one is."""

    trace: float
    p_value: float
    trace_one: float
    p_value_one: float


@dataclass(frozen=True, slots=True)
class Stability:
    """Of the hedge ratio over rolling windows: its lowest, highest and standard deviation."""

    low: float
    high: float
    deviation: float


@dataclass(frozen=True, slots=True)
class PairFigures:
    """`half_life_bars` is None where gaps do not close. `spread_deviation` in log price: 0.01 is one percent.

    `change_deviation`: of the spread's change from bar to bar. `correlation` is that of the returns.
    """

    bars: int
    correlation: float
    hedge: Hedge
    engle_granger: EngleGranger
    johansen: Johansen
    half_life_bars: float | None
    hurst: float
    stability: Stability
    spread_deviation: float
    change_deviation: float


def pair_figures(values1: Floats, values2: Floats) -> PairFigures:
    """Raises ValueError for a market that stood still, too."""
    values1, values2 = _checked(values1, values2)
    if stood_still(values1) or stood_still(values2):
        raise ValueError("a price did not move at all")
    hedge = hedge_ratio(values1, values2)
    spread = hedge.spread(values1, values2)
    return PairFigures(
        bars=len(values1),
        correlation=returns_correlation(values1, values2),
        hedge=hedge,
        engle_granger=engle_granger(values1, values2),
        johansen=johansen(values1, values2),
        half_life_bars=half_life(spread),
        hurst=hurst_exponent(spread),
        stability=hedge_stability(values1, values2),
        spread_deviation=float(spread.std()),
        change_deviation=float(np.diff(spread).std()),
    )


def log_prices(prices: Floats) -> Floats:
    """Raises ValueError for a price that is not above 0."""
    values = np.require(prices, np.float64, ["C"])
    if not (np.isfinite(values).all() and (values > 0.0).all()):
        raise ValueError("every price must be a number above 0")
    found: Floats = np.log(values)
    return found


def stood_still(values: Floats) -> bool:
    return bool(values.min() == values.max())


def returns_correlation(values1: Floats, values2: Floats) -> float:
    """Pearson's, of the changes from bar to bar; not a number where a market stood still."""
    values1, values2 = _checked(values1, values2)
    one, two = np.diff(values1), np.diff(values2)
    one, two = one - one.mean(), two - two.mean()
    scale = math.sqrt(float(one @ one) * float(two @ two))
    return max(-1.0, min(1.0, float(one @ two) / scale)) if scale > 0.0 else math.nan


def hedge_ratio(values1: Floats, values2: Floats) -> Hedge:
    """Not numbers where market 2 stood still."""
    values1, values2 = _checked(values1, values2)
    return Hedge(*pair_stats_regression.line(values1, values2))


def most_lags(bars: int, has_constant: bool) -> int:
    """12 * (bars / 100) ** (1/4), rounded up: G. W. Schwert, "Tests for Unit Roots", 1989."""
    schwert: float = 12.0 * (bars / 100.0) ** 0.25
    return min(bars // 2 - has_constant - 1, math.ceil(schwert))


def unit_root(values: Floats, lags: int | None = None) -> UnitRoot:
    """Augmented Dickey-Fuller with a constant and so many lagged changes (None: by AIC, up to `most_lags`).

    The hedge ratio must not come from these bars: use `engle_granger` for a spread that was fitted to them.
    """
    (values,) = _checked(values)
    return _unit_root(values, Series.ONE, lags)


def engle_granger(values1: Floats, values2: Floats, lags: int | None = None) -> EngleGranger:
    """The residuals of a least-squares line tested for a unit root: R. F. Engle and C. W. J. Granger, 1987.

    `lags` as in `unit_root`.
    """
    values1, values2 = _checked(values1, values2)
    return EngleGranger(_residual_test(values1, values2, lags), _residual_test(values2, values1, lags))


def johansen(values1: Floats, values2: Floats, lags: int = JOHANSEN_LAGS) -> Johansen:
    """`lags`: lagged changes in the model."""
    values1, values2 = _checked(values1, values2)
    trace, trace_one = trace_statistics(values1, values2, lags)
    return Johansen(trace, trace_p_value(trace, 2), trace_one, trace_p_value(trace_one, 1))


def half_life(values: Floats) -> float | None:
    """Bars in which half of a gap closes on average, of a first-order autoregression (a discrete Ornstein-Uhlenbeck
    process); None where gaps do not close, or are overshot within a bar."""
    (values,) = _checked(values)
    pull = pair_stats_rolling.mean_pull(values)
    return -math.log(2.0) / math.log1p(pull) if -1.0 < pull < 0.0 else None


def hurst_exponent(values: Floats) -> float:
    """How the deviation of a change grows with its length, lag ** H: 0.5 for a random walk, below it where the series
    turns back, above where it goes on. Not a number where nothing moves."""
    (values,) = _checked(values)
    longest = min(HURST_LONGEST, len(values) // 4)
    lags = np.unique(np.geomspace(1.0, longest, HURST_LAGS).round().astype(np.int64))
    deviations = pair_stats_rolling.lag_deviations(values, lags)
    if not (deviations > 0.0).all():
        return math.nan
    return float(pair_stats_regression.line(np.log(deviations), np.log(lags.astype(np.float64)))[0])


def rolling_hedge_ratio(values1: Floats, values2: Floats, window: int) -> Floats:
    """Of the `window` bars up to and including each; not a number for the first window - 1."""
    values1, values2 = _checked(values1, values2)
    if window < 2:
        raise ValueError(f"the window must be at least 2, not {window}")
    found = np.full(len(values1), np.nan)
    slopes = pair_stats_rolling.rolling_slope(values1, values2, window, 1)
    found[len(values1) - len(slopes) :] = slopes
    return found


def hedge_stability(values1: Floats, values2: Floats) -> Stability:
    """Over windows of a fifth of the bars, each a quarter of a window after the one before."""
    values1, values2 = _checked(values1, values2)
    window = len(values1) // WINDOWS
    slopes = pair_stats_rolling.rolling_slope(values1, values2, window, max(1, window // STEPS_A_WINDOW))
    return Stability(float(slopes.min()), float(slopes.max()), float(slopes.std()))


def _residual_test(dependent: Floats, independent: Floats, lags: int | None) -> UnitRoot:
    hedge = Hedge(*pair_stats_regression.line(dependent, independent))
    residuals = hedge.spread(dependent, independent)
    explained = 1.0 - float(residuals.var()) / float(dependent.var()) if dependent.var() > 0.0 else math.nan
    if explained >= _COLLINEAR:
        return UnitRoot(-math.inf, 0.0, 0)
    return _unit_root(residuals, Series.TWO, lags)


def _unit_root(values: Floats, series: Series, lags: int | None) -> UnitRoot:
    has_constant = series is Series.ONE
    most = most_lags(len(values), has_constant) if lags is None else lags
    statistic, used = pair_stats_regression.unit_root_statistic(values, most, lags is None, has_constant)
    return UnitRoot(float(statistic), unit_root_p_value(statistic, series), int(used))


def _checked(*series: Floats) -> tuple[Floats, ...]:
    found = tuple(np.require(values, np.float64, ["C", "W"]) for values in series)
    if len({len(values) for values in found}) != 1:
        raise ValueError("the series must be of the same length")
    if len(found[0]) < LEAST_BARS:
        raise ValueError(f"{len(found[0])} bars; {LEAST_BARS} are the least")
    if not all(np.isfinite(values).all() for values in found):
        raise ValueError("a value is not a number")
    return found
