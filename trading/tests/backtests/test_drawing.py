"""Curves of a result: few points, every extreme, and nothing invented where prices are gone."""

from typing import Any

import numpy as np
import pytest
from django.conf import settings as project

from bots.tests.factories import CHZ, GALA, make_user
from exchanges import candles
from exchanges.tests.series import BARS, candle_dir, stored_pair  # noqa: F401
from trading.backtests import drawing, stored
from trading.core.candles import Candles
from trading.models import Backtest
from trading.tests.backtests.made import done, queued, series

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

COLUMNS = ("equity", "drawdown", "spread", "low", "high", "p1", "p2")


@pytest.fixture
def backtest() -> Backtest:
    return done(make_user())


@pytest.fixture
def whole(backtest: Backtest) -> dict[str, Any]:
    return drawing.chart_of(backtest, BARS)


def test_every_bar_where_there_is_room(backtest, whole):
    times, equity = stored.equity_of(backtest)
    assert whole["t"] == times.tolist()
    assert whole["equity"] == equity.tolist()
    peaks = np.maximum.accumulate(np.maximum(equity, 0))
    assert whole["drawdown"] == (equity - peaks).tolist()
    assert -min(whole["drawdown"]) == pytest.approx(backtest.summary["max_drawdown"])


def test_spread_and_prices_are_those_of_the_strategy(backtest, whole):
    start1, start2 = backtest.summary["start_prices"]
    gala, chz = series(GALA).closes, series(CHZ).closes
    assert whole["p1"] == pytest.approx((gala / start1 - 1) * 100)
    assert whole["spread"] == pytest.approx((gala / start1 - 1) * 100 - (chz / start2 - 1) * 100)
    assert whole["low"] == whole["high"] == whole["spread"]


@pytest.mark.parametrize("points", [2, 12, 60, 200])
def test_few_points_keep_every_extreme(backtest, whole, points):
    few = drawing.chart_of(backtest, points)
    assert len(few["t"]) <= max(points, 7)
    assert few["t"] == sorted(set(few["t"]))
    assert (few["t"][0], few["t"][-1]) == (whole["t"][0], whole["t"][-1])
    for name in ("equity", "drawdown", "spread"):
        assert (min(few[name]), max(few[name])) == (min(whole[name]), max(whole[name]))
    assert {len(few[name]) for name in COLUMNS} == {len(few["t"])}
    assert all(low <= middle <= high for low, middle, high in zip(few["low"], few["spread"], few["high"], strict=True))


def test_trades_with_their_cycles(backtest, whole):
    assert whole["trades"] == stored.trades_of(backtest)
    assert whole["trades_left_out"] == 0


def test_more_trades_than_a_chart_can_hold(backtest, monkeypatch):
    monkeypatch.setattr(drawing, "TRADES_MAX", 3)
    trades = stored.trades_of(backtest)
    chart = drawing.chart_of(backtest)
    assert (chart["trades"], chart["trades_left_out"]) == (trades[-3:], len(trades) - 3)


def test_months_and_cycles_add_up(backtest, whole):
    assert sum(month["pnl"] for month in whole["monthly"]) == pytest.approx(backtest.summary["final_equity"])
    assert sum(whole["distribution"]["counts"]) == backtest.summary["stats"]["cycles"]


def test_prices_that_are_gone_are_not_drawn(backtest):
    (project.CANDLE_DIR / candles.series_path("binance", CHZ, "5m")).unlink()
    chart = drawing.chart_of(backtest)
    assert [chart[name] for name in ("spread", "low", "high", "p1", "p2")] == [[]] * 5
    assert len(chart["equity"]) == BARS
    assert chart["trades"]


def test_bars_that_were_dropped_since_are_not_guessed(backtest):
    whole = series(CHZ)
    (project.CANDLE_DIR / candles.series_path("binance", CHZ, "5m")).unlink()
    thinned = Candles(*(np.delete(getattr(whole, name), 300) for name in whole.__slots__))
    candles.save("binance", CHZ, "5m", thinned)
    assert drawing.chart_of(backtest)["spread"] == []


def test_nothing_is_drawn_before_the_result():
    chart = drawing.chart_of(queued(make_user()))
    assert chart["t"] == chart["trades"] == chart["monthly"] == []
    assert chart["distribution"] == {"edges": [], "counts": []}


@pytest.mark.parametrize("points", [2, 7, 100, BARS, 10_000])
def test_equity_alone(backtest, points):
    times, equity = drawing.sampled_equity(backtest, points)
    every = stored.equity_of(backtest)[1]
    assert len(times) == len(equity) <= max(points, 4)
    assert (equity.min(), equity.max(), equity[-1]) == (every.min(), every.max(), every[-1])
