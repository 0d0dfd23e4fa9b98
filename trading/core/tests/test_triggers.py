import math

import pytest
from hypothesis import assume, given, settings

from trading.core.decide import decide
from trading.core.pnl import pnl_pct
from trading.core.spread import spread_pct
from trading.core.tests.strategies import moments
from trading.core.triggers import Blocked, WaitsFor, conditions, triggers
from trading.core.types import ADD, NONE, OPEN, STOP_LOSS, TAKE_PROFIT, Config, Quote, State, config, flat_state, quote

Moment = tuple[Config, State, Quote]


def moved_to(rules: Config, now: Quote, spread: float) -> Quote:
    """The quote after both legs made half of the way to a spread each."""
    points = spread - spread_pct(now.p1, now.p2, rules.start1, rules.start2)
    p1, p2 = now.p1 + rules.start1 * points / 200, now.p2 - rules.start2 * points / 200
    f1, f2 = p1 / now.p1, p2 / now.p2
    return Quote(p1, p2, now.bid1 * f1, now.ask1 * f1, now.bid2 * f2, now.ask2 * f2)


def simple(**changes: float) -> Config:
    return config(
        spreads=[1.0, 0.5],
        multipliers=[1.0, 1.0],
        investment=100.0,
        cap=1000.0,
        start1=100.0,
        start2=50.0,
        **changes,  # type: ignore[arg-type]
    )


@given(moments())
@settings(max_examples=500)
def test_entries_fire_just_past_their_trigger_and_not_just_before(moment: Moment) -> None:
    rules, state, now = moment
    rules = rules._replace(stop_loss=0.0, take_profit=1e9, regression=False)
    found = triggers(rules, state, now)
    for trigger, side, out in ((found.rises_to, found.rises_to_side, 1), (found.falls_to, found.falls_to_side, -1)):
        if trigger is None:
            continue
        past, before = moved_to(rules, now, trigger + out * 1e-6), moved_to(rules, now, trigger - out * 1e-6)
        decision = decide(rules, state, past)
        assert (decision.action, decision.side) == (ADD if state.side else OPEN, side)
        assert decide(rules, state, before).action == NONE


@given(moments())
@settings(max_examples=500)
def test_profit_and_loss_reach_their_ratio_at_the_trigger(moment: Moment) -> None:
    rules, state, now = moment
    assume(state.side != 0)
    found = triggers(rules, state, now)
    wanted = [(found.break_even, 0.0), (found.stop_loss, -rules.stop_loss)]
    if not rules.regression:
        wanted.append((found.take_profit, rules.take_profit))
    for trigger, percent in wanted:
        if trigger is not None and abs(trigger) < 50:
            assert pnl_pct(rules, state, moved_to(rules, now, trigger)) == pytest.approx(percent, abs=1e-6)


@given(moments())
@settings(max_examples=500)
def test_conditions_say_what_decide_does(moment: Moment) -> None:
    action = decide(*moment).action
    met = [condition.waits_for for condition in conditions(*moment) if condition.met]
    expected = {
        STOP_LOSS: [WaitsFor.STOP_LOSS],
        TAKE_PROFIT: [WaitsFor.TAKE_PROFIT],
        ADD: [WaitsFor.ADD],
        OPEN: [WaitsFor.OPEN_HIGHER, WaitsFor.OPEN_LOWER],
    }
    if action == NONE:
        assert met == []
    else:
        assert met[0] in expected[action]


def test_regression_takes_profit_on_the_way_back_from_the_first_trade() -> None:
    rules = simple(regression=True, take_profit=1.5)
    state = State(1, -1, 3.0, 3.0, 3.0, 100.0, -1.0, 2.0, 0.0, 0.0, 0.0)
    assert triggers(rules, state, quote(103, 50)).take_profit == 1.5


def test_distance_and_figures_of_a_flat_bot() -> None:
    found = triggers(simple(), flat_state(2.0), quote(102.5, 50))
    assert (found.rises_to, found.falls_to) == (3.0, 1.0)
    assert (found.rises_to_side, found.falls_to_side) == (-1, 1)
    assert found.distance(found.rises_to) == pytest.approx(0.5)
    assert found.distance(None) is None
    assert (found.pnl, found.pnl_pct, found.take_profit) == (0.0, None, None)


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        (simple()._replace(cap=100.0), {Blocked.CAP}),
        (simple(take_profit=0.0), {Blocked.GET_ME_OUT}),
        (simple(allow_short=False), {Blocked.SIDE, Blocked.NO}),
    ],
)
def test_what_stands_in_the_way_of_opening(rules: Config, blocked: set[Blocked]) -> None:
    assert {condition.blocked for condition in conditions(rules, flat_state(), quote(100, 50))} == blocked


def test_the_last_level_and_a_stop_loss_that_is_off() -> None:
    state = State(2, -1, 3.0, 3.0, 3.0, 200.0, -2.0, 4.0, 0.0, 0.0, 0.0)
    stop_loss, _, add = conditions(simple(stop_loss=0.0), state, quote(103, 50))
    assert stop_loss.blocked is Blocked.OFF
    assert add.blocked is Blocked.LAST_LEVEL
    assert add.missing == math.inf
    assert triggers(simple(stop_loss=0.0), state, quote(103, 50)).rises_to is None
