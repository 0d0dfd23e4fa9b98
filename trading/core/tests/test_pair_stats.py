"""Statistics of pairs against statsmodels, against published cases, and against series whose figures are known."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.datasets import macrodata
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.adfvalues import mackinnoncrit, mackinnonp
from statsmodels.tsa.stattools import adfuller, coint
from statsmodels.tsa.vector_ar.vecm import coint_johansen

from trading.core import pair_stats, pair_stats_johansen, pair_stats_regression, pair_stats_rolling
from trading.core.compiled import plain
from trading.core.pair_stats_many import bonferroni, q_values
from trading.core.pair_stats_tables import Series, trace_p_value, unit_root_critical_values, unit_root_p_value

STATISTIC = 1e-8
"""How close a statistic must come to statsmodels'."""
PROBABILITY = 1e-9

warnings.filterwarnings("ignore", module="statsmodels")


def walk(seed: int, bars: int = 500) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(size=bars) * 0.01) + 3.0


def autoregression(seed: int, bars: int, persistence: float, size: float = 0.01) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=bars) * size
    found = np.zeros(bars)
    for i in range(1, bars):
        found[i] = persistence * found[i - 1] + shocks[i]
    return found


def pair(seed: int, bars: int, persistence: float) -> tuple[np.ndarray, np.ndarray]:
    """Market 1 follows 0.7 of market 2; at a persistence of 1 both wander apart."""
    values2 = walk(seed, bars)
    return 0.7 * values2 + autoregression(seed + 1000, bars, persistence) + 1.0, values2


PAIRS = [(seed, bars, persistence) for seed, bars in ((1, 60), (2, 300), (3, 2000)) for persistence in (0.5, 0.95, 1.0)]


@pytest.mark.parametrize(("seed", "bars", "persistence"), PAIRS)
def test_engle_granger_is_that_of_statsmodels_both_ways(seed: int, bars: int, persistence: float) -> None:
    values1, values2 = pair(seed, bars, persistence)
    found = pair_stats.engle_granger(values1, values2)
    for own, theirs in ((found.forward, coint(values1, values2)), (found.backward, coint(values2, values1))):
        assert own.statistic == pytest.approx(theirs[0], abs=STATISTIC)
        assert own.p_value == pytest.approx(theirs[1], abs=PROBABILITY)
    assert found.p_value == max(found.forward.p_value, found.backward.p_value)


@pytest.mark.parametrize(("seed", "bars", "persistence"), PAIRS)
def test_dickey_fuller_is_that_of_statsmodels_with_the_same_lags(seed: int, bars: int, persistence: float) -> None:
    values = autoregression(seed, bars, persistence)
    found, theirs = pair_stats.unit_root(values), adfuller(values, result_object=True)
    assert found.statistic == pytest.approx(theirs.statistic, abs=STATISTIC)
    assert found.p_value == pytest.approx(theirs.pvalue, abs=PROBABILITY)
    assert found.lags == theirs.lags


@pytest.mark.parametrize(("seed", "bars", "persistence"), PAIRS)
@pytest.mark.parametrize("lags", [1, 4])
def test_johansen_is_that_of_statsmodels(seed: int, bars: int, persistence: float, lags: int) -> None:
    values1, values2 = pair(seed, bars, persistence)
    found, theirs = pair_stats.johansen(values1, values2, lags), coint_johansen(np.c_[values1, values2], 0, lags)
    assert (found.trace, found.trace_one) == pytest.approx(theirs.lr1, rel=1e-8, abs=STATISTIC)


def test_published_dickey_fuller_of_american_output() -> None:
    """Real GDP 1959 to 2009, four lags, constant: Stata's `dfuller, lags(4)`, as statsmodels' tests quote it."""
    output = macrodata.load_pandas().data["realgdp"].to_numpy()
    found = pair_stats.unit_root(output, lags=4)
    assert found.statistic == pytest.approx(0.97505319, abs=1e-5)
    assert found.p_value == pytest.approx(0.99399563, abs=1e-5)


def test_published_dickey_fuller_of_american_inflation() -> None:
    """Stata's `dfuller infl, lags(1)`, as statsmodels' tests quote it."""
    inflation = macrodata.load_pandas().data["infl"].to_numpy()
    found = pair_stats.unit_root(inflation, lags=1)
    assert found.statistic == pytest.approx(-4.3346988, abs=1e-5)
    assert found.p_value == pytest.approx(0.00038661, abs=1e-5)


def test_published_engle_granger_of_consumption_and_output() -> None:
    """Stata's `egranger realcons realgdp` without lags, as statsmodels' tests quote it."""
    data = macrodata.load_pandas().data
    found = pair_stats.engle_granger(data["realcons"].to_numpy(), data["realgdp"].to_numpy(), lags=0)
    assert found.forward.statistic == pytest.approx(-1.830170986148, abs=1e-4)


def test_p_values_are_mackinnons() -> None:
    for series in Series:
        for statistic in np.linspace(-20.0, 3.0, 231):
            theirs = mackinnonp(float(statistic), regression="c", N=int(series))
            assert unit_root_p_value(float(statistic), series) == pytest.approx(theirs, abs=1e-12)
    assert math.isnan(unit_root_p_value(math.nan, Series.ONE))


@pytest.mark.parametrize("bars", [50, 500, 10_000])
def test_critical_values_are_mackinnons(bars: int) -> None:
    for series in Series:
        assert unit_root_critical_values(series, bars) == pytest.approx(mackinnoncrit(int(series), "c", bars))


def test_critical_values_as_published() -> None:
    """MacKinnon 2010, table 2: N = 2, constant, endless series."""
    assert unit_root_critical_values(Series.TWO, 10**9) == pytest.approx((-3.89644, -3.33613, -3.04445), abs=1e-5)


@pytest.mark.parametrize(("free_paths", "critical"), [(2, (13.4294, 15.4943, 19.9349)), (1, (2.7055, 3.8415, 6.6349))])
def test_the_traces_p_values_meet_the_published_critical_values(free_paths: int, critical: tuple[float, ...]) -> None:
    """MacKinnon, Haug and Michelis 1999 at 10, 5 and 1 %; the gamma approximation is good to 2 in a thousand."""
    found = [trace_p_value(value, free_paths) for value in critical]
    assert found == pytest.approx([0.10, 0.05, 0.01], abs=0.002)
    assert trace_p_value(0.0, free_paths) == 1.0
    assert trace_p_value(500.0, free_paths) < 1e-60


@pytest.mark.parametrize("persistence", [0.9, 0.99])
def test_half_life_of_a_known_autoregression(persistence: float) -> None:
    """-ln 2 / ln(persistence), and what a least-squares slope makes of it (numpy's)."""
    values = autoregression(5, 200_000, persistence)
    found = pair_stats.half_life(values)
    slope = np.polyfit(values[:-1], np.diff(values), 1)[0]
    assert found == pytest.approx(-math.log(2.0) / math.log1p(slope), rel=1e-8)
    assert found == pytest.approx(-math.log(2.0) / math.log(persistence), rel=0.05)


def test_what_does_not_fall_back_has_no_half_life() -> None:
    assert pair_stats.half_life(np.exp(np.arange(100) / 50)) is None
    assert pair_stats.half_life(np.tile([1.0, -1.0, 1.0, -1.0001], 30)) is None


def fractional(hurst: float, bars: int, seed: int) -> np.ndarray:
    """Fractional Brownian motion, exactly, by the Cholesky factor of its covariance."""
    at = np.arange(1, bars + 1, dtype=np.float64)
    between = np.abs(at[:, None] - at[None, :]) ** (2 * hurst)
    covariance = 0.5 * (at[:, None] ** (2 * hurst) + at[None, :] ** (2 * hurst) - between)
    return np.asarray(np.linalg.cholesky(covariance) @ np.random.default_rng(seed).normal(size=bars))


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7])
def test_hurst_exponent_of_fractional_brownian_motion(hurst: float) -> None:
    found = [pair_stats.hurst_exponent(fractional(hurst, 700, seed)) for seed in range(8)]
    assert np.mean(found) == pytest.approx(hurst, abs=0.05)


def test_hedge_ratio_correlation_and_stability_are_numpys() -> None:
    values1, values2 = pair(7, 400, 0.9)
    hedge = pair_stats.hedge_ratio(values1, values2)
    assert (hedge.ratio, hedge.intercept) == pytest.approx(np.polyfit(values2, values1, 1), rel=1e-9)
    correlation = pair_stats.returns_correlation(values1, values2)
    assert correlation == pytest.approx(np.corrcoef(np.diff(values1), np.diff(values2))[0, 1], rel=1e-12)
    rolling = pair_stats.rolling_hedge_ratio(values1, values2, 80)
    assert np.isnan(rolling[:79]).all()
    for end in (80, 200, 400):
        slope = np.polyfit(values2[end - 80 : end], values1[end - 80 : end], 1)[0]
        assert rolling[end - 1] == pytest.approx(slope, rel=1e-9)
    stability = pair_stats.hedge_stability(values1, values2)
    every = rolling[79::20]
    assert (stability.low, stability.high, stability.deviation) == pytest.approx(
        (every.min(), every.max(), every.std())
    )


def test_compiled_and_plain_python_agree() -> None:
    values1, values2 = pair(9, 120, 0.9)
    for values in (values1, values2):
        kernel = pair_stats_regression.unit_root_statistic
        assert kernel(values, 5, True, True) == pytest.approx(plain(kernel)(values, 5, True, True))
    for function, arguments in (
        (pair_stats_johansen.trace_statistics, (values1, values2, 2)),
        (pair_stats_rolling.rolling_slope, (values1, values2, 40, 7)),
    ):
        assert function(*arguments) == pytest.approx(plain(function)(*arguments))


@pytest.mark.parametrize("method", [("fdr_bh", q_values), ("bonferroni", bonferroni)])
def test_corrections_for_many_tests_are_those_of_statsmodels(method: tuple[str, Any]) -> None:
    name, function = method
    for seed in range(5):
        p_values = np.random.default_rng(seed).uniform(size=200) ** 3
        assert function(p_values) == pytest.approx(multipletests(p_values, method=name)[1], rel=1e-12)


def test_what_is_no_number_is_no_test() -> None:
    found = q_values(np.array([0.01, np.nan, 0.04, np.nan]))
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(found[[1, 3]]).all()
    assert q_values(np.array([])).size == 0


@given(scale=st.floats(0.01, 100), shift=st.floats(-50, 50), seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_units_do_not_matter(scale: float, shift: float, seed: int) -> None:
    """Another quote currency moves a log price by a constant; both legs scaled alike leave every figure alone."""
    values1, values2 = pair(seed, 200, 0.9)
    before = pair_stats.pair_figures(values1, values2)
    after = pair_stats.pair_figures(values1 * scale + shift, values2 * scale - shift)
    assert after.engle_granger.p_value == pytest.approx(before.engle_granger.p_value, rel=1e-3, abs=1e-9)
    assert after.correlation == pytest.approx(before.correlation, rel=1e-6, abs=1e-9)
    assert after.hedge.ratio == pytest.approx(before.hedge.ratio, rel=1e-6)
    assert after.half_life_bars == pytest.approx(before.half_life_bars, rel=1e-5)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_markets_does_not_change_the_verdict(seed: int) -> None:
    values1, values2 = pair(seed, 200, 0.95)
    one, two = pair_stats.engle_granger(values1, values2), pair_stats.engle_granger(values2, values1)
    assert one.p_value == pytest.approx(two.p_value, rel=1e-9)
    both = pair_stats.johansen(values1, values2), pair_stats.johansen(values2, values1)
    assert both[0].trace == pytest.approx(both[1].trace, rel=1e-6)


def test_a_copy_is_cointegrated_and_a_still_market_is_nothing() -> None:
    values = walk(3)
    assert pair_stats.engle_granger(values, 2.0 * values + 1.0).p_value == 0.0
    still = np.ones(500)
    assert math.isnan(pair_stats.returns_correlation(values, still))
    assert math.isnan(pair_stats.unit_root(still).p_value)
    assert math.isnan(pair_stats.johansen(values, still).p_value)
    with pytest.raises(ValueError, match="did not move"):
        pair_stats.pair_figures(values, still)


@pytest.mark.parametrize(
    ("values1", "values2"),
    [(walk(1)[:49], walk(2)[:49]), (walk(1), walk(2)[:-1]), (walk(1), np.full(500, np.nan))],
)
def test_what_cannot_be_measured_is_refused(values1: np.ndarray, values2: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"bars|length|number"):
        pair_stats.pair_figures(values1, values2)


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
def test_prices_must_be_above_nothing(price: float) -> None:
    with pytest.raises(ValueError, match="price"):
        pair_stats.log_prices(np.array([1.0, price]))
