import math
from dataclasses import fields
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.backtest import run_backtest
from trading.core.candles import Tape
from trading.core.fills import market_costs
from trading.core.stats import statistics
from trading.core.stats_curve import DAY_MS, Curve, curve, daily_returns
from trading.core.stats_ratios import cagr_pct, calmar, profit_factor, sharpe, sortino, system_quality_number
from trading.core.stats_tables import MOST_BINS, distribution, monthly
from trading.core.types import Config, config

HOUR = 3_600_000


def ms(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def times(count: int, step: int = DAY_MS) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(count, dtype=np.int64) * step


def one_level() -> Config:
    return config(spreads=[1.0], multipliers=[1.0], investment=100, cap=1e9, start1=100, start2=50, stop_loss=2.0)


def tape_of(spreads: list[float]) -> Tape:
    closes = np.array([100.0 + spread for spread in spreads])
    still = np.full(len(spreads), 50.0)
    return Tape(times(len(spreads), 6 * HOUR), np.r_[100.0, closes[:-1]], closes, still, still.copy())


def curve_of(equity: list[float], step: int = DAY_MS, capital: float = 100.0) -> Curve:
    return curve(times(len(equity), step), np.array(equity), capital)


def test_daily_returns_take_each_days_last_bar() -> None:
    found = daily_returns(curve_of([5.0, 10.0, 12.0, 20.0, -1.0], 12 * HOUR).worth)
    assert found == pytest.approx([0.1, 10 / 110, -21 / 120])


def test_days_without_bars_make_no_returns() -> None:
    found = curve(np.array([0, 5 * DAY_MS, 5 * DAY_MS + HOUR]), np.array([1.0, 2.0, 3.0]), 100.0)
    assert found.worth.tolist() == [100.0, 101.0, 103.0]


def test_no_returns_once_the_capital_is_lost() -> None:
    assert len(daily_returns(curve_of([0.0, -100.0, 50.0]).worth)) == 0


def test_cagr() -> None:
    assert cagr_pct(365, 21.0, 100.0) == pytest.approx(21.0)
    assert cagr_pct(730, 21.0, 100.0) == pytest.approx(10.0)
    assert cagr_pct(365, -100.0, 100.0) is None
    assert cagr_pct(0, 5.0, 100.0) is None
    assert cagr_pct(1e-6, 5.0, 100.0) is None


def test_sharpe_and_sortino() -> None:
    returns = np.array([0.01, -0.02, 0.03])
    assert sharpe(returns) == pytest.approx(np.mean(returns) / np.std(returns, ddof=1) * math.sqrt(365))
    assert sortino(returns) == pytest.approx(np.mean(returns) / math.sqrt(0.0004 / 3) * math.sqrt(365))
    assert sharpe(np.array([0.01, 0.01])) is None
    assert sortino(np.array([0.01, 0.02])) is None
    assert sharpe(np.array([0.01])) is None


def test_system_quality_number() -> None:
    assert system_quality_number(np.array([1.0, 3.0])) == pytest.approx(math.sqrt(2) * 2 / math.sqrt(2))
    assert system_quality_number(np.array([1.0])) is None


def test_calmar_and_profit_factor() -> None:
    assert calmar(12.0, 4.0) == 3.0
    assert calmar(12.0, 0.0) is None
    assert calmar(None, 4.0) is None
    assert profit_factor(6.0, -4.0) == 1.5
    assert profit_factor(6.0, 0.0) is None


def test_drawdown_counts_from_zero_and_in_percent_of_the_peak() -> None:
    found = curve_of([-5.0, 0.0, 100.0, 80.0])
    assert (found.max_drawdown, found.max_drawdown_share) == (20.0, 0.1)
    none = curve_of([1.0, 2.0])
    assert (none.max_drawdown, none.max_drawdown_share) == (0.0, 0.0)


def test_the_two_drawdowns_may_be_two_falls() -> None:
    found = curve_of([0.0, -20.0, 300.0, 270.0])
    assert (found.max_drawdown, found.max_drawdown_share) == (30.0, 0.2)


@pytest.mark.parametrize(
    ("equity", "days", "below"),
    [
        ([1.0, 2.0, 3.0], 0, 0),
        ([3.0, 2.0, 3.0, 4.0], 2, 1),
        ([3.0, 2.0, 1.0], 2, 2),
        ([-1.0, -2.0, 5.0, 4.0, 5.0], 2, 3),
        ([-1.0], 0, 1),
    ],
)
def test_time_under_water(equity: list[float], days: int, below: int) -> None:
    found = curve_of(equity)
    assert (found.longest_under_water, found.bars_under_water) == (days * DAY_MS, below)


@given(st.lists(st.floats(-50, 200), min_size=1, max_size=60), st.integers(1, 3 * DAY_MS))
def test_the_one_pass_is_what_the_definitions_say(equity: list[float], step: int) -> None:
    found, values = curve_of(equity, step), np.array(equity)
    peaks = np.maximum.accumulate(np.maximum(values, 0.0))
    assert found.max_drawdown == (peaks - values).max()
    assert found.max_drawdown_share == pytest.approx(((peaks - values) / (100.0 + peaks)).max(), abs=1e-15)
    assert found.bars_under_water == np.count_nonzero(values < peaks)
    days = times(len(equity), step) // DAY_MS
    assert found.worth.tolist() == [100.0, *(100.0 + values[days == day][-1] for day in np.unique(days))]


def test_of_a_run() -> None:
    tape = tape_of([0.0, 1.5, 1.5, 0.0, 0.0, 1.5, 1.5, 4.0, 4.0, 5.5, 5.5, 5.5])
    result = run_backtest(one_level(), tape, pause_after_close=False, restart_after_stop_loss=True)
    found = statistics(result, 1000.0)
    won, lost = result.pnl[result.closes]
    assert (found.trades, found.cycles) == (5, 2)
    assert (found.gross_profit, found.gross_loss) == (won, lost)
    assert found.net_profit == result.final_equity
    assert found.return_pct == pytest.approx(result.final_equity / 10)
    assert found.profit_factor == pytest.approx(won / -lost)
    assert found.win_rate_pct == 50.0
    assert found.expectancy == pytest.approx((won + lost) / 2)
    assert (found.best_cycle, found.worst_cycle) == (won, lost)
    assert found.max_drawdown == pytest.approx(result.max_drawdown)
    assert found.exposure_pct == pytest.approx((2 + 2 + 2) / 12 * 100)
    assert found.average_cycle_duration == 2 * 6 * HOUR


def ladder() -> Config:
    return config(
        spreads=[1.0, 1.0, 1.0],
        multipliers=[1.0, 2.0, 1.0],
        investment=100,
        cap=1e9,
        start1=100,
        start2=50,
        slippage=0.001,
        fee1=0.0005,
        fee2=0.0005,
    )


def test_levels_and_the_spread_at_its_worst() -> None:
    tape = tape_of([0.0, 1.5, 2.0, 2.6, 3.1, 1.0, 0.0, 0.0, -1.5, -1.4, 0.0, 0.0, 1.2, 4.9, 4.9, 6.1, 7.5, 7.6, 7.6])
    rules = ladder()
    result = run_backtest(rules, tape, pause_after_close=False, restart_after_stop_loss=True)
    found = statistics(result, 1000.0, margin=100.0, config=rules, tape=tape)
    assert found.levels_used == [1, 1]
    assert found.highest_level == 3  # of the cycle that is still open
    assert found.worst_adverse_spread == pytest.approx(7.6 - 4.9)
    assert found.return_on_margin_pct == pytest.approx(result.final_equity)
    assert found.longest_cycle_duration == 5 * 6 * HOUR
    assert (found.wins, found.losses) == (2, 0)
    assert found.average_win == pytest.approx(found.gross_profit / 2)
    assert found.average_loss is None


def test_the_adverse_spread_counts_the_close_that_ended_the_cycle() -> None:
    """The stop loss is decided at a spread that no bar in position closes beyond."""
    tape = tape_of([0.0, 1.5, 1.5, 4.0, 1.0, 1.0])
    result = run_backtest(one_level(), tape)
    found = statistics(result, 1000.0, config=one_level(), tape=tape)
    assert found.worst_adverse_spread == pytest.approx(4.0 - 1.5)


def test_a_spread_that_never_went_against_the_position() -> None:
    tape = tape_of([0.0, 1.5, 1.0, 0.2, 0.0])
    found = statistics(run_backtest(one_level(), tape), 1000.0, config=one_level(), tape=tape)
    assert found.worst_adverse_spread == 0.0


@pytest.mark.parametrize("bps", [0, 7])
def test_slippage_is_what_the_fills_cost_more_than_the_candles(bps: int) -> None:
    tape = tape_of([0.0, 1.5, 2.0, 2.6, 3.1, 1.0, 0.0, 0.0, -1.5, -1.4, 0.0, 0.0])
    rules = ladder()._replace(slippage=bps / 10_000)
    result = run_backtest(rules, tape, pause_after_close=False)
    opens = dict(zip(tape.times.tolist(), zip(tape.opens1, tape.opens2, strict=True), strict=True))
    expected = sum(
        abs(q1) * abs(p1 - opens[t][0]) + abs(q2) * abs(p2 - opens[t][1])
        for t, q1, p1, q2, p2 in zip(result.t.tolist(), result.q1, result.p1, result.q2, result.p2, strict=True)
    )
    found = statistics(result, 1000.0, config=rules)
    assert found.slippage == pytest.approx(expected, abs=1e-9)
    assert bool(found.slippage) == bool(bps)
    assert len(result.t) == 5


def test_limit_orders_pay_no_slippage() -> None:
    tape, rules = tape_of([0.0, 1.5, 1.5, 0.0, 0.0]), ladder()
    costs = market_costs(rules)._replace(open_slippage=0.0, profit_slippage=0.0)
    result = run_backtest(rules._replace(slippage=0.0), tape)
    assert statistics(result, 1000.0, config=rules, costs=costs).slippage == 0.0


def test_of_a_run_without_trades_nothing_is_made_up() -> None:
    found = statistics(run_backtest(one_level(), tape_of([0.0, 0.0])), 1000.0)
    empty = {field.name for field in fields(found) if getattr(found, field.name) is None}
    assert empty == {
        *("sharpe", "sortino", "calmar", "profit_factor", "win_rate_pct", "expectancy", "sqn"),
        *(
            "best_cycle",
            "worst_cycle",
            "average_cycle_duration",
            "longest_cycle_duration",
            "average_win",
            "average_loss",
        ),
        *("slippage", "return_on_margin_pct", "worst_adverse_spread"),
    }
    assert found.net_profit == found.exposure_pct == found.max_drawdown_pct == 0.0


def test_capital_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="capital"):
        statistics(run_backtest(one_level(), tape_of([0.0, 0.0])), 0.0)


class TestMonths:
    def test_from_the_end_of_the_month_before(self) -> None:
        moments = [datetime(2024, 12, 30), datetime(2024, 12, 31, 23), datetime(2025, 1, 1), datetime(2025, 1, 31)]
        found = monthly(np.array([ms(moment) for moment in moments]), np.array([1.0, 10.0, 12.0, -1.0]), 100.0)
        assert found == [("2024-12", 10.0, 10.0), ("2025-01", -11.0, -10.0)]

    def test_a_month_without_bars_brought_nothing(self) -> None:
        found = monthly(np.array([ms(datetime(2025, 1, 5)), ms(datetime(2025, 3, 5))]), np.array([1.0, 3.0]), 100.0)
        assert [(row.month, row.pnl) for row in found] == [("2025-01", 1.0), ("2025-02", 0.0), ("2025-03", 2.0)]

    def test_nothing_is_a_share_of_nothing(self) -> None:
        found = monthly(np.array([ms(datetime(2025, 1, 5)), ms(datetime(2025, 2, 5))]), np.array([-100.0, 3.0]), 100.0)
        assert [row.pct for row in found] == [-100.0, None]

    def test_no_bars(self) -> None:
        assert monthly(times(0), np.empty(0), 100.0) == []


class TestDistribution:
    def test_no_bin_holds_wins_and_losses(self) -> None:
        found = distribution(np.array([-3.0, -1.0, 0.0, 0.5, 2.0, 8.0]))
        assert 0.0 in found.edges
        zero = found.edges.index(0.0)
        assert (sum(found.counts[:zero]), sum(found.counts[zero:])) == (2, 4)

    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
    def test_every_cycle_is_counted_once(self, pnls: list[float]) -> None:
        found = distribution(np.array(pnls))
        assert sum(found.counts) == len(pnls)
        assert found.edges[0] <= min(pnls)
        assert max(pnls) <= found.edges[-1] * (1 + 1e-12)
        assert 1 <= len(found.counts) <= 2 * MOST_BINS
        assert len(found.edges) == len(found.counts) + 1

    def test_no_cycles(self) -> None:
        assert distribution(np.empty(0)) == ([], [])
