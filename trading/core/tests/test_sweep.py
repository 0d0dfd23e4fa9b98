"""Totals alone: the trades of a whole run, and its money but for the rounding of sums."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.core import sweep
from trading.core.backtest import FillMode, Prepared, run_backtest
from trading.core.candles import Tape
from trading.core.compiled import inlined, plain
from trading.core.fills import Costs, Minimums
from trading.core.funding import FundingSchedule
from trading.core.simulation import Decide
from trading.core.sweep import SweepTotals, run_totals, totals_of
from trading.core.tests.strategies import Walk, configs, floats, walks
from trading.core.types import FLAT, NONE, Config, Decision, Quote, State, config

COUNTS = ("trades", "cycles", "refused", "wins", "bars_in_position", "bars", "liquidated")
MONEY = ("realised", "final_equity", "max_drawdown", "fees", "funding", "gross_profit", "gross_loss", "sum_squares")


def assert_same(found: SweepTotals, whole: SweepTotals, turnover: float) -> None:
    for name in COUNTS:
        assert getattr(found, name) == getattr(whole, name), name
    for name in MONEY:
        assert getattr(found, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-12 * turnover), name
    assert found.daily_times.tolist() == whole.daily_times.tolist()
    np.testing.assert_allclose(found.daily_equity, whole.daily_equity, rtol=1e-9, atol=1e-12 * turnover)


@st.composite
def schedules(draw: st.DrawFn, bars: int) -> FundingSchedule:
    at = sorted(draw(st.lists(st.integers(0, bars - 1), max_size=20)))
    paid = draw(st.lists(floats(-1.0, 1.0), min_size=2 * len(at), max_size=2 * len(at)))
    return FundingSchedule(np.array(at, np.int64), np.array(paid[::2], float), np.array(paid[1::2], float))


def hourly(tape: Tape) -> Tape:
    """The same bars over many days."""
    return Tape(tape.times * 60, tape.opens1, tape.closes1, tape.opens2, tape.closes2)


@given(
    configs(max_levels=8),
    walks(),
    st.sampled_from(("next_open", "close")),
    st.booleans(),
    st.booleans(),
    st.just(0.0) | floats(0.001, 1.0),
    st.just(0.0) | floats(0.001, 1.0),
    st.data(),
)
@settings(max_examples=300)
def test_the_same_as_a_whole_run(
    rules: Config, walk: Walk, fill: FillMode, pause: bool, restart: bool, lot1: float, lot2: float, data: st.DataObject
) -> None:
    tape = hourly(walk.tape())
    options: dict[str, Any] = {
        "fill": fill,
        "pause_after_close": pause,
        "restart_after_stop_loss": restart,
        "lot_step1": lot1,
        "lot_step2": lot2,
        "funding": data.draw(schedules(len(tape))),
        "minimums": Minimums(notional1=data.draw(st.sampled_from((0.0, 100.0)))),
        "costs": data.draw(st.sampled_from((None, Costs(0.0001, 0.0002, 0.0, 0.0001, 0.0002, 0.0)))),
    }
    whole = run_backtest(rules, tape, **options)
    turnover = float(np.abs(whole.q1 * whole.p1).sum() + np.abs(whole.q2 * whole.p2).sum())
    assert_same(run_totals(rules, tape, **options), totals_of(whole), turnover)


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("threshold", [1.0, 2.5])
def test_prices_that_meet_thresholds_exactly(regression: bool, threshold: float) -> None:
    """On a grid on which the spread lands on a threshold to the last bit again and again."""
    steps = np.random.default_rng(5).integers(-2, 3, 4000) * 0.5
    closes1 = 100.0 + np.clip(np.cumsum(steps), -60, 60)
    flat = np.full(len(closes1), 50.0)
    tape = Tape(np.arange(len(closes1), dtype=np.int64) * 60_000, np.r_[100.0, closes1[:-1]], closes1, flat, flat)
    rules = config(
        spreads=[threshold] * 4, multipliers=[1.0] * 4, investment=100, cap=1e9, start1=100, start2=50,
        regression=regression, take_profit=threshold, stop_loss=5.0,
    )  # fmt: skip
    for fill in ("next_open", "close"):
        whole = totals_of(run_backtest(rules, tape, fill=fill, pause_after_close=False, restart_after_stop_loss=True))
        found = run_totals(rules, tape, fill=fill, pause_after_close=False, restart_after_stop_loss=True)
        assert whole.trades > 100
        assert_same(found, whole, 1e6)


def test_one_bar() -> None:
    price = np.array([100.0])
    rules = config(spreads=[1.0], multipliers=[1.0], investment=100, cap=1e9, start1=100, start2=100)
    found = run_totals(rules, Tape(np.array([0]), price, price, price, price))
    assert (found.trades, found.final_equity, found.bars, found.daily_equity.tolist()) == (0, 0.0, 1, [0.0])


@pytest.mark.parametrize("change", [{"take_profit": 0.0}, {"closes1": np.array([100.0, np.nan])}, {"lot_step1": -1.0}])
def test_what_is_refused(change: dict[str, Any]) -> None:
    price = np.array([100.0, 100.0])
    closes1 = change.pop("closes1", price)
    rules = config(spreads=[1.0], multipliers=[1.0], investment=100, cap=1e9, start1=100, start2=100)
    if "take_profit" in change:
        rules = rules._replace(take_profit=change.pop("take_profit"))
    with pytest.raises(ValueError, match=r"profit ratio|price|lot step"):
        run_totals(rules, Tape(np.array([0, 60_000]), price, closes1, price, price), **change)


def test_a_tape_in_other_memory_is_not_mistaken_for_one_that_was_seen() -> None:
    rules = config(spreads=[1.0], multipliers=[1.0], investment=100, cap=1e9, start1=100, start2=100)
    for move, trades in ((0.0, 0), (5.0, 1)):
        closes1 = np.array([100.0, 100.0 + move, 100.0 + move])
        flat = np.full(3, 100.0)
        found = run_totals(rules, Tape(np.arange(3, dtype=np.int64), flat, closes1, flat, flat))
        assert found.trades == trades


@inlined
def waits(params: Any, config: Config, state: State, quote: Quote, features: Any) -> Decision:
    """Compiled by nobody."""
    return Decision(NONE, FLAT, 0.0)


def test_many_runs_wait_for_the_compiler_once_they_are_long_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "SHORT", 250)
    asked: list[bool] = []

    def spare(is_short: bool) -> Decide:
        asked.append(is_short)
        return plain(waits)

    tape = Walk(seed=1, step=0.001, bars=100).tape()
    rules = config(spreads=[1], multipliers=[1], investment=1, cap=9, start1=1, start2=1)
    for _run in range(3):
        assert run_totals(rules, tape, strategy=Prepared(waits, spare=spare)).trades == 0
    assert asked == [True, True, False]
