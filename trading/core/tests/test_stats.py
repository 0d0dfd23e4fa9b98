import math
from dataclasses import fields

import numpy as np
import pytest

from trading.core.backtest import run_backtest
from trading.core.candles import Tape
from trading.core.stats import (
    DAY_MS,
    cagr_pct,
    daily_returns,
    drawdown,
    longest_under_water,
    sharpe,
    sortino,
    statistics,
    system_quality_number,
)
from trading.core.types import Config, config

HOUR = 3_600_000


def times(count: int, step: int = DAY_MS) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(count, dtype=np.int64) * step


def one_level() -> Config:
    return config(spreads=[1.0], multipliers=[1.0], investment=100, cap=1e9, start1=100, start2=50, stop_loss=2.0)


def tape_of(spreads: list[float]) -> Tape:
    closes = np.array([100.0 + spread for spread in spreads])
    still = np.full(len(spreads), 50.0)
    return Tape(times(len(spreads), 6 * HOUR), np.r_[100.0, closes[:-1]], closes, still, still.copy())


def test_daily_returns_take_each_days_last_bar() -> None:
    equity = np.array([5.0, 10.0, 12.0, 20.0, -1.0])
    found = daily_returns(times(5, 12 * HOUR), equity, 100.0)
    assert found == pytest.approx([0.1, 10 / 110, -21 / 120])


def test_no_returns_once_the_capital_is_lost() -> None:
    assert len(daily_returns(times(3), np.array([0.0, -100.0, 50.0]), 100.0)) == 0


def test_cagr() -> None:
    assert cagr_pct(times(366), 21.0, 100.0) == pytest.approx(21.0)
    assert cagr_pct(times(731), 21.0, 100.0) == pytest.approx(10.0)
    assert cagr_pct(times(366), -100.0, 100.0) is None
    assert cagr_pct(times(1), 5.0, 100.0) is None


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


def test_drawdown_counts_from_zero_and_in_percent_of_the_peak() -> None:
    assert drawdown(np.array([-5.0, 0.0, 100.0, 80.0]), 100.0) == pytest.approx((20.0, 10.0))
    assert drawdown(np.array([1.0, 2.0]), 100.0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("equity", "days"),
    [
        ([1.0, 2.0, 3.0], 0),
        ([3.0, 2.0, 3.0, 4.0], 2),
        ([3.0, 2.0, 1.0], 2),
        ([-1.0, -2.0, 5.0, 4.0, 5.0], 2),
    ],
)
def test_longest_time_under_water(equity: list[float], days: int) -> None:
    assert longest_under_water(times(len(equity)), np.array(equity)) == days * DAY_MS


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


def test_of_a_run_without_trades_nothing_is_made_up() -> None:
    found = statistics(run_backtest(one_level(), tape_of([0.0, 0.0])), 1000.0)
    empty = {field.name for field in fields(found) if getattr(found, field.name) is None}
    assert empty == {
        *("sharpe", "sortino", "calmar", "profit_factor", "win_rate_pct", "expectancy", "sqn"),
        *("best_cycle", "worst_cycle", "average_cycle_duration"),
    }
    assert found.net_profit == found.exposure_pct == found.max_drawdown_pct == 0.0


def test_capital_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="capital"):
        statistics(run_backtest(one_level(), tape_of([0.0, 0.0])), 0.0)
