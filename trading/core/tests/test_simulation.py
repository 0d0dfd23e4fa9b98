"""The loop with other strategies than the spread's: compiled, plain, with features, with orders that make no sense."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings

from trading.core.backtest import BacktestResult, Prepared, run_backtest
from trading.core.candles import Candles, Tape, single
from trading.core.compiled import inlined, is_compiled, plain
from trading.core.margin import margin
from trading.core.pnl import pnl_pct
from trading.core.simulation import decide, simulator
from trading.core.sweep import run_totals, totals_of
from trading.core.tests.strategies import Walk, configs, walks
from trading.core.types import ACTION_NAMES, ADD, FLAT, NONE, OPEN, TAKE_PROFIT, Config, Decision, Quote, State, config


class Bands(NamedTuple):
    width: float
    patient: bool
    bars: int


def bands(params: Bands, config: Config, state: State, quote: Quote, features: Any) -> Decision:
    """Opens away from a mean, closes when back at it."""
    if state.side != FLAT:
        done = state.side * features[0] >= 0.0 and (pnl_pct(config, state, quote) > 0.0 or not params.patient)
        return Decision(TAKE_PROFIT if done else NONE, state.side, features[0])
    if abs(features[0]) < params.width:
        return Decision(NONE, FLAT, features[0])
    return Decision(OPEN, 1 if features[0] < 0.0 else -1, features[0])


compiled_bands = inlined(bands)
PARAMS = Bands(0.4, True, 30)


def rules(**changes: Any) -> Config:
    values: dict[str, Any] = {"investment": 100, "cap": 1e9, "start1": 100, "start2": 50, "fee1": 0.0005}
    return config(spreads=[1.0, 1.0], multipliers=[1.0, 1.0], **values | changes)


def distance(tape: Tape, bars: int) -> Any:
    """The spread's distance from its mean over the last bars, one column."""
    spread = (tape.closes1 / 100 - tape.closes2 / 50) * 100
    sums = np.cumsum(np.r_[np.zeros(bars), spread])
    return (spread - (sums[bars:] - sums[:-bars]) / bars)[:, None]


def run(tape: Tape, decision: Any, params: Any = PARAMS, **options: Any) -> BacktestResult:
    strategy = Prepared(decision, params, distance(tape, 30))
    return run_backtest(options.pop("rules", rules()), tape, strategy=strategy, pause_after_close=False, **options)


def assert_identical(one: BacktestResult, other: BacktestResult) -> None:
    assert one.totals == other.totals
    for name in ("equity", "t", "action", "level", "side", "spread", "q1", "p1", "q2", "p2", "pnl", "fees", "funding"):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name


@given(walks())
@settings(max_examples=25)
def test_plain_and_compiled_are_bit_identical(walk: Walk) -> None:
    tape = walk.tape()
    assert_identical(run(tape, bands), run(tape, compiled_bands))


def test_a_strategy_of_ones_own_trades() -> None:
    result = run(Walk(7, 0.004, 2000).tape(), compiled_bands)
    actions = [ACTION_NAMES[action] for action in result.action]
    assert actions[:4] == ["open", "take_profit", "open", "take_profit"]
    assert (result.pnl[result.closes] > -1).all()


@given(configs(max_levels=4), walks())
@settings(max_examples=25)
def test_the_spread_strategy_written_in_plain_python(rules_: Config, walk: Walk) -> None:
    tape = walk.tape()
    options: Any = {"pause_after_close": False, "restart_after_stop_loss": True}
    other = run_backtest(rules_, tape, strategy=Prepared(plain(decide)), **options)
    assert_identical(other, run_backtest(rules_, tape, **options))


def test_each_strategy_has_its_own_loop() -> None:
    assert simulator(compiled_bands) is simulator(compiled_bands)
    assert simulator(compiled_bands) is not simulator(decide)
    assert is_compiled(simulator(compiled_bands))
    assert not is_compiled(simulator(bands))


def always(action: int, side: int) -> Any:
    def decision(params: Any, config: Config, state: State, quote: Quote, features: Any) -> Decision:
        return Decision(action, side, 0.0)

    return decision


def alternating(params: Any, config: Config, state: State, quote: Quote, features: Any) -> Decision:
    """Opens once, then asks for another opening, the wrong side and a level too many."""
    if state.side == FLAT:
        return Decision(OPEN, 1, 0.0)
    if features[0] < 3.0:
        return Decision(OPEN, 1, 0.0)
    return Decision(ADD, -1 if features[0] < 5.0 else 1, 0.0)


class TestOrdersThatMakeNoSense:
    TAPE = Walk(1, 0.001, 10).tape()

    @pytest.mark.parametrize(("action", "side"), [(TAKE_PROFIT, 1), (ADD, 1), (OPEN, 0), (OPEN, 2)])
    def test_while_flat(self, action: int, side: int) -> None:
        result = run_backtest(rules(), self.TAPE, strategy=Prepared(always(action, side)))
        assert (len(result.t), result.totals.refusals.impossible) == (0, 9)

    def test_compiled_code_does_not_read_past_the_ladder(self) -> None:
        features = np.arange(4.0, 14.0)[:, None]
        result = run_backtest(rules(), self.TAPE, strategy=Prepared(inlined(alternating), None, features))
        assert [ACTION_NAMES[action] for action in result.action] == ["open", "add"]
        assert result.totals.refusals.impossible == 7

    def test_in_position(self) -> None:
        features = np.arange(10.0)[:, None]
        result = run_backtest(rules(), self.TAPE, strategy=Prepared(alternating, None, features))
        assert [ACTION_NAMES[action] for action in result.action] == ["open", "add"]
        assert result.totals.refusals.impossible == 2 + 2 + 3

    def test_past_the_cap(self) -> None:
        result = run_backtest(rules(cap=199), self.TAPE, strategy=Prepared(always(OPEN, 1)))
        assert (len(result.t), result.totals.refusals.max_position_value) == (0, 9)

    def test_features_of_another_length(self) -> None:
        with pytest.raises(ValueError, match="one row for every bar"):
            run_backtest(rules(), self.TAPE, strategy=Prepared(bands, PARAMS, np.zeros((9, 1))))


class TestOneMarket:
    def tape(self) -> Tape:
        walk = Walk(3, 0.004, 600).tape()
        high, low = np.maximum(walk.opens1, walk.closes1) * 1.002, np.minimum(walk.opens1, walk.closes1) * 0.998
        return single(Candles(walk.times, walk.opens1, high, low, walk.closes1, np.ones(len(walk))))

    @pytest.mark.parametrize("decision", [bands, compiled_bands])
    def test_only_market_1_is_traded(self, decision: Any) -> None:
        result = run(self.tape(), decision, rules=rules(start2=1.0, fee2=0.1), lot_step1=0.001)
        assert len(result.t) > 4
        assert not result.q2.any()
        assert result.fees[0] == pytest.approx(abs(result.q1[0]) * result.p1[0] * 0.0005)
        assert result.pnl[1] == pytest.approx(-result.q1[:2] @ result.p1[:2] - result.fees[:2].sum())

    def test_the_cap_is_that_of_one_leg(self) -> None:
        fits = run(self.tape(), bands, rules=rules(start2=1.0, cap=100))
        refused = run(self.tape(), bands, rules=rules(start2=1.0, cap=99))
        assert (len(fits.t) > 4, len(refused.t)) == (True, 0)

    @pytest.mark.parametrize("cross", [False, True])
    def test_its_margin(self, cross: bool) -> None:
        result = run(self.tape(), bands, margin=margin(80, 1.5, cross=cross), rules=rules(start2=1.0))
        assert result.liquidated_at is not None
        assert not result.q2.any()

    def test_the_spread_strategy_of_one_market(self) -> None:
        tape, frame = self.tape(), rules(start2=1.0)
        whole = run_backtest(frame, tape, pause_after_close=False)
        assert len(whole.t) > 2
        assert run_totals(frame, tape, pause_after_close=False).trades == len(whole.t)


def test_totals_of_other_strategies_are_those_of_a_whole_run() -> None:
    tape = Walk(7, 0.004, 2000).tape()
    strategy = Prepared(compiled_bands, PARAMS, distance(tape, 30))
    found = run_totals(rules(), tape, strategy=strategy, pause_after_close=False)
    whole = totals_of(run(tape, compiled_bands))
    assert (found.trades, found.wins, found.final_equity) == (whole.trades, whole.wins, whole.final_equity)
