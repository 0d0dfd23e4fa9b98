"""Curves of a result: few points, every extreme, and nothing invented where prices are gone."""

from typing import Any

import numpy as np
import pytest
from django.conf import settings as project

from bots.tests.factories import CHZ, GALA, make_user
from exchanges.history import candles
from exchanges.tests.series import BARS, candle_dir, stored_pair  # noqa: F401
from trading.backtests import drawing, stored
from trading.core.candles import Candles
from trading.models import Backtest
from trading.strategies.indicators import moving_average, relative_strength
from trading.tests.backtests.made import done, queued, series

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

ONE_MARKET = ("rsi", "bollinger")
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


# --- a strategy's own lines ------------------------------------------------------------------------------------------


def made_by(strategy: str, **params: Any) -> Backtest:
    """A finished run over the pair that says it was of another strategy: its lines need no compiled run."""
    run = done(make_user())
    changes: dict[str, Any] = {"strategy": strategy, "parameters": run.parameters | {"strategy_params": params}}
    if strategy in ONE_MARKET:
        changes["market2_symbol"] = ""
    Backtest.objects.filter(pk=run.pk).update(**changes)
    run.refresh_from_db()
    return run


def test_the_spread_has_no_lines_of_its_own(whole):
    assert whole["overlays"] == []


def test_lines_of_a_strategy_are_drawn_by_name():
    run = made_by("rsi", window=9)
    closes = series(GALA).closes
    shown = drawing.chart_of(run, BARS)["overlays"]
    assert (shown[0]["name"], shown[0]["panel"]) == ("RSI", "own")
    wanted = relative_strength(closes, 9)
    got = np.array([np.nan if value is None else value for value in shown[0]["values"]])
    np.testing.assert_allclose(got, wanted, atol=1e-6, equal_nan=True)


def test_few_points_keep_their_extremes():
    run = made_by("rsi", window=9)
    every, few = (drawing.chart_of(run, points) for points in (BARS, 120))
    assert len(few["t"]) <= 120
    known = [[v for v in it["overlays"][0]["values"] if v is not None] for it in (every, few)]
    assert [min(known[0]), max(known[0])] == [min(known[1]), max(known[1])]
    assert {len(line["values"]) for line in few["overlays"]} == {len(few["t"])}


def test_prices_stand_in_percent_since_the_start_and_a_closer_look_warms_up():
    run = made_by("z_score", window=40)
    whole = drawing.chart_of(run, BARS)
    assert {line["name"] for line in whole["overlays"]} == {"z-score", "hedge ratio"}
    part = drawing.curves_between(run, whole["t"][200], whole["t"][300])
    for line, all_of_it in zip(part["overlays"], whole["overlays"], strict=True):
        assert line["values"] == pytest.approx(all_of_it["values"][200:301], abs=1e-6)


def test_bands_around_the_price():
    run = made_by("bollinger", window=20)
    start = run.summary["start_prices"][0]
    lines = {line["name"]: line for line in drawing.chart_of(run, BARS)["overlays"]}
    assert {line["panel"] for line in lines.values()} == {"price"}
    wanted = (moving_average(series(GALA).closes, 20) / start - 1) * 100
    assert lines["middle"]["values"][50:] == pytest.approx(wanted[50:], abs=1e-6)


def test_a_strategy_that_is_gone_has_no_lines():
    run = made_by("rsi")
    Backtest.objects.filter(pk=run.pk).update(strategy="gone")
    run.refresh_from_db()
    shown = drawing.chart_of(run)
    assert shown["overlays"] == []
    assert shown["equity"]
