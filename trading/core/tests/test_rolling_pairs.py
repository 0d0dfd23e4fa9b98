"""Rolling figures of pairs against statsmodels and NumPy, bar by bar, and where they have nothing to say."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.regression.rolling import RollingOLS

from trading.core.rolling_pairs import (
    kalman_regression,
    rolling_correlation,
    rolling_half_life,
    rolling_hurst,
    rolling_regression,
)

BARS, WINDOW = 900, 60
RANDOM = np.random.default_rng(5)
X = np.log(50.0) + np.cumsum(RANDOM.normal(0.0, 0.01, BARS))
Y = 1.0 + 0.7 * X + RANDOM.normal(0.0, 0.01, BARS)


def test_correlation_is_numpy_s() -> None:
    found = rolling_correlation(X, Y, WINDOW)
    assert np.isnan(found[: WINDOW - 1]).all()
    wanted = [np.corrcoef(X[i + 1 - WINDOW : i + 1], Y[i + 1 - WINDOW : i + 1])[0, 1] for i in range(WINDOW - 1, BARS)]
    np.testing.assert_allclose(found[WINDOW - 1 :], wanted, atol=1e-11)


def test_regression_is_statsmodels_rolling_least_squares() -> None:
    found = rolling_regression(X, Y, WINDOW)
    wanted = RollingOLS(Y, sm.add_constant(X), window=WINDOW).fit()
    np.testing.assert_allclose(found.intercept, wanted.params[:, 0], atol=1e-9)
    np.testing.assert_allclose(found.slope, wanted.params[:, 1], atol=1e-9)
    np.testing.assert_allclose(found.deviation, np.sqrt(wanted.ssr / WINDOW), atol=1e-9)
    np.testing.assert_allclose(found.residual, Y - wanted.params[:, 0] - wanted.params[:, 1] * X, atol=1e-9)


@pytest.mark.parametrize("bar", [500, 700, BARS - 1])
def test_the_kalman_filter_is_least_squares_that_forgets(bar: int) -> None:
    memory = 60
    found = kalman_regression(X, Y, memory)
    weights = (1.0 - 1.0 / memory) ** np.arange(bar, -1, -1)
    wanted = sm.WLS(Y[: bar + 1], sm.add_constant(X[: bar + 1]), weights=weights).fit().params
    np.testing.assert_allclose([found.intercept[bar], found.slope[bar]], wanted, atol=1e-6)
    assert found.residual[bar] == pytest.approx(Y[bar] - found.intercept[bar - 1] - found.slope[bar - 1] * X[bar])


def test_what_lies_fifteen_memories_back_does_not_count() -> None:
    memory = 40
    whole, late = kalman_regression(X, Y, memory), kalman_regression(X[200:], Y[200:], memory)
    z_whole, z_late = (line.residual[-1] / line.deviation[-1] for line in (whole, late))
    assert z_whole == pytest.approx(z_late, rel=1e-5)
    assert whole.slope[-1] == pytest.approx(late.slope[-1], rel=1e-5)


def test_half_life_is_that_of_statsmodels_regression() -> None:
    kept = 0.9
    values = np.zeros(BARS)
    for i in range(1, BARS):
        values[i] = kept * values[i - 1] + RANDOM.normal()
    found = rolling_half_life(values, 300)
    assert np.isnan(found[:300]).all()
    for bar in (300, 600, BARS - 1):
        lag, change = values[bar - 300 : bar], np.diff(values[bar - 300 : bar + 1])
        slope = sm.OLS(change, sm.add_constant(lag)).fit().params[1]
        assert found[bar] == pytest.approx(-np.log(2) / np.log1p(slope), rel=1e-8)
    assert np.nanmedian(found) == pytest.approx(np.log(2) / -np.log(kept), rel=0.3)


def test_what_never_comes_back_has_no_half_life() -> None:
    assert np.isnan(rolling_half_life(np.exp(np.arange(100) / 10), 50)).all()


def test_hurst_is_the_slope_of_spreads_over_lags() -> None:
    values = np.cumsum(RANDOM.normal(size=400))
    found = rolling_hurst(values, 200, 20)
    lags = np.arange(2, 21)
    last = values[-200:]
    spreads = np.log([np.std(last[lag:] - last[:-lag]) for lag in lags])
    assert found[-1] == pytest.approx(sm.OLS(spreads, sm.add_constant(np.log(lags))).fit().params[1], rel=1e-9)


def test_hurst_tells_walks_from_what_comes_back() -> None:
    shocks = np.random.default_rng(1).normal(size=3_000)
    assert np.nanmean(rolling_hurst(np.cumsum(shocks), 1_000)[::50]) == pytest.approx(0.5, abs=0.07)
    assert np.nanmean(rolling_hurst(shocks, 1_000)[::50]) < 0.1
    persistent = np.cumsum(np.convolve(shocks, np.ones(40), mode="valid"))
    assert np.nanmean(rolling_hurst(persistent, 1_000)[::50]) > 0.8


def test_markets_that_stand_still_say_nothing() -> None:
    still = np.full(50, 9.1)
    assert np.isnan(rolling_correlation(still, X[:50], 10)).all()
    assert np.isnan(rolling_regression(still, X[:50], 10).slope).all()
    assert rolling_regression(X[:50], still, 10).slope[-1] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(rolling_hurst(still, 40, 5)).all()


@pytest.mark.parametrize("bars", [0, 1, 2, 59])
def test_too_few_values_are_not_numbers(bars: int) -> None:
    x, y = X[:bars], Y[:bars]
    columns = [rolling_correlation(x, y, WINDOW), *rolling_regression(x, y, WINDOW), *kalman_regression(x, y, WINDOW)]
    columns += [rolling_half_life(x, WINDOW), rolling_hurst(x, WINDOW, 10)]
    assert all(column.shape == (bars,) and np.isnan(column).all() for column in columns)


def test_what_they_refuse() -> None:
    with pytest.raises(ValueError, match="at least 2, not 1"):
        rolling_correlation(X, Y, 1)
    with pytest.raises(ValueError, match="at least 3, not 2"):
        rolling_regression(X, Y, 2)
    with pytest.raises(ValueError, match="two series of 3 and 4 values"):
        kalman_regression(X[:3], Y[:4], 5)
    with pytest.raises(ValueError, match="4 times the longest lag"):
        rolling_hurst(X, 50, 20)
