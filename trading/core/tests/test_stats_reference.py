"""Our statistics against figures of public libraries for the same daily returns and the same list of results.

The figures were computed once with quantstats 0.0.86, empyrical-reloaded 0.7.1, ffn 1.4.1, backtrader 1.9.78.123 and
backtesting.py 0.6.6, with 365 periods a year and a risk-free rate of 0. Where a library has another convention the test
says which and holds the figure against that.
"""

import math

import numpy as np
import pytest

from trading.core.stats_curve import DAY_MS, Curve, curve, daily_returns
from trading.core.stats_ratios import cagr_pct, calmar, mean, profit_factor, sharpe, sortino, system_quality_number
from trading.core.stats_tables import monthly

DAYS = 300
CAPITAL = 1000.0
FIRST_DAY_MS = 1_735_689_600_000  # 2025-01-01
EXACT = 1e-12

RETURNS = np.array([0.0015 + 0.02 * math.sin(0.37 * i * i) for i in range(1, DAYS + 1)])
RESULTS = np.array([round(3 + 20 * math.sin(0.53 * k * k), 2) for k in range(1, 61)])
TIMES = FIRST_DAY_MS + np.arange(DAYS, dtype=np.int64) * DAY_MS
EQUITY = CAPITAL * np.cumprod(1 + RETURNS) - CAPITAL


@pytest.fixture(scope="module")
def walked() -> Curve:
    return curve(TIMES, EQUITY, CAPITAL)


def test_returns_are_those_that_made_the_curve(walked: Curve) -> None:
    assert daily_returns(walked.worth) == pytest.approx(RETURNS, rel=1e-10)


def test_sharpe(walked: Curve) -> None:
    """quantstats, empyrical and ffn agree: sample deviation, square root of 365."""
    assert sharpe(daily_returns(walked.worth)) == pytest.approx(2.5377730960490146, rel=EXACT)


def test_sortino(walked: Curve) -> None:
    """quantstats, empyrical and ffn agree: squared losses averaged over all days, those without loss too."""
    assert sortino(daily_returns(walked.worth)) == pytest.approx(4.03689298122669, rel=EXACT)


def test_max_drawdown(walked: Curve) -> None:
    """quantstats, empyrical and ffn agree; they write a fall as a negative share."""
    assert walked.max_drawdown_share == pytest.approx(0.1121626413164809, rel=EXACT)


def test_cagr_over_as_many_days_as_returns() -> None:
    """quantstats and empyrical count a day for each return."""
    assert cagr_pct(DAYS, float(EQUITY[-1]), CAPITAL) == pytest.approx(93.24832009944408, rel=EXACT)


def test_cagr_with_a_year_of_365_days_and_a_quarter() -> None:
    """ffn counts years of 365.25 days."""
    assert cagr_pct(DAYS * 365 / 365.25, float(EQUITY[-1]), CAPITAL) == pytest.approx(93.33554054073225, rel=EXACT)


def test_calmar(walked: Curve) -> None:
    """quantstats and empyrical agree."""
    growth = cagr_pct(DAYS, float(EQUITY[-1]), CAPITAL)
    assert calmar(growth, walked.max_drawdown_share * 100) == pytest.approx(8.313670131602224, rel=EXACT)


def test_longest_time_under_water(walked: Curve) -> None:
    """ffn and quantstats count from the first day below, 2025-04-10, to the recovery: 44 days. Ours begins a day
    before, at the peak itself."""
    assert walked.longest_under_water == (44 + 1) * DAY_MS


def test_share_of_time_under_water(walked: Curve) -> None:
    """Days with a drawdown in quantstats' to_drawdown_series."""
    assert walked.bars_under_water / DAYS == pytest.approx(0.83)


def test_monthly_returns() -> None:
    """ffn (month ends of the prices) and quantstats (monthly_returns) agree."""
    expected = [
        *(0.03182360586495858, 0.18974369486741716, 0.12711619879571057, -0.0444411628884257, 0.12986043695927396),
        *(-0.03146017329127693, 0.047494505908860285, 0.08967026850546422, 0.02717489987307098, 0.013083113598765683),
    ]
    found = monthly(TIMES, EQUITY, CAPITAL)
    assert [row.month for row in found] == [f"2025-{month:02}" for month in range(1, 11)]
    assert [row.pct for row in found] == pytest.approx([100 * share for share in expected], rel=1e-10)
    assert sum(row.pnl for row in found) == pytest.approx(EQUITY[-1])


def test_system_quality_number() -> None:
    """backtesting.py takes the sample deviation, as we do; backtrader that of a whole population."""
    found = system_quality_number(RESULTS)
    assert found is not None
    assert found == pytest.approx(2.2890902693899253, rel=EXACT)
    assert found * math.sqrt(60 / 59) == pytest.approx(2.3084078293326726, rel=EXACT)


def test_profit_factor() -> None:
    """quantstats and backtesting.py agree."""
    won, lost = RESULTS[RESULTS > 0].sum(), RESULTS[RESULTS < 0].sum()
    assert (won, lost) == pytest.approx((503.01, -256.46))  # backtrader's TradeAnalyzer
    assert profit_factor(float(won), float(lost)) == pytest.approx(1.9613584964516886, rel=EXACT)


def test_wins_and_averages() -> None:
    """backtrader's TradeAnalyzer, quantstats (win_rate, avg_win, avg_loss) and backtesting.py agree. Expectancy: the
    latter's in percent of an entry price of 100, so the same figure."""
    assert mean(RESULTS > 0, 100.0) == pytest.approx(56.666666666666664, rel=EXACT)
    assert mean(RESULTS) == pytest.approx(4.109166666666666, rel=EXACT)
    assert mean(RESULTS[RESULTS > 0]) == pytest.approx(14.794411764705883, rel=EXACT)
    assert mean(RESULTS[RESULTS < 0]) == pytest.approx(-9.863846153846154, rel=EXACT)
