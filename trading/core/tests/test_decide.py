import math
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings

from trading.core.compiled import plain
from trading.core.decide import decide, decide_exit_only, pauses
from trading.core.pnl import gross_pnl, net_pnl, pnl_pct
from trading.core.spread import spread_pct
from trading.core.tests.strategies import moments
from trading.core.types import (
    ADD,
    NONE,
    OPEN,
    STOP_LOSS,
    TAKE_PROFIT,
    Config,
    Quote,
    State,
    config,
    flat_state,
    position_state,
    quote,
)

Moment = tuple[Config, State, Quote]

UNIT = 100 / 64
"""Spreads, thresholds and ratios are given in units of this many percent, market 1's move from 64 to 65. Float64 holds
its halves and quarters exactly, so that "reached" can be tried at equality."""


def rules(**changes: Any) -> Config:
    defaults: dict[str, Any] = {
        "spreads": [1.0, 0.5, 2.0],
        "multipliers": [1.0, 2.0, 4.0],
        "investment": 100.0,
        "cap": 1e6,
        "start1": 64.0,
        "start2": 64.0,
        "take_profit": 1.0,
        "stop_loss": 10.0,
    }
    wanted = defaults | changes
    in_units = {name: wanted[name] * UNIT for name in ("take_profit", "stop_loss")}
    return config(**(wanted | in_units | {"spreads": [spread * UNIT for spread in wanted["spreads"]]}))


def at(spread: float, book: float = 0.0) -> Quote:
    """A quote at which market 1 alone has moved, with books of the given relative half width."""
    p1 = 64.0 + spread
    return quote(p1, 64.0, p1 * (1 - book), p1 * (1 + book), 64.0 * (1 - book), 64.0 * (1 + book))


def held(side: int, level: int = 1, **changes: Any) -> State:
    """A position opened at `first_spread` by market 1 alone, with 100 per level invested."""
    last = changes.pop("last_spread", 0.0)
    first = changes.pop("first_spread", last)
    p1 = 64.0 + first
    invested = 100.0 * level
    q1, q2 = side * invested / p1, -side * invested / 64.0
    defaults: dict[str, Any] = {
        "level": level,
        "side": side,
        "reference": last * UNIT,
        "first_spread": first * UNIT,
        "last_spread": last * UNIT,
        "invested": invested,
        "q1": q1,
        "q2": q2,
        "cost": q1 * p1 + q2 * 64.0,
    }
    return position_state(**(defaults | changes))


def test_spread_is_the_difference_of_the_changes_since_the_start() -> None:
    assert spread_pct(103.0, 49.0, 100.0, 50.0) == pytest.approx(3.0 + 2.0)
    assert spread_pct(100.0, 50.0, 100.0, 50.0) == 0.0


class TestOpening:
    @pytest.mark.parametrize(
        ("reference", "spread", "opening", "side"),
        [
            (0.0, 0.75, "reversion", 0),
            (0.0, -0.75, "reversion", 0),
            (0.0, 1.0, "reversion", -1),
            (0.0, -1.0, "reversion", +1),
            (0.0, 1.0, "momentum", +1),
            (0.0, -1.0, "momentum", -1),
            (3.0, 3.5, "reversion", 0),
            (3.0, 4.0, "reversion", -1),
            (3.0, 2.0, "reversion", +1),
            (3.0, 0.0, "reversion", +1),
        ],
    )
    def test_direction_is_measured_from_the_reference(
        self, reference: float, spread: float, opening: str, side: int
    ) -> None:
        decision = decide(rules(momentum=opening == "momentum"), flat_state(reference * UNIT), at(spread))
        assert decision == (OPEN if side else NONE, side, spread * UNIT)

    @pytest.mark.parametrize(
        ("spread", "momentum", "allow_long", "allow_short", "side"),
        [
            (2.0, False, True, False, 0),
            (2.0, False, False, True, -1),
            (-2.0, False, True, False, +1),
            (-2.0, False, False, True, 0),
            (2.0, True, True, False, +1),
            (2.0, True, False, True, 0),
            (2.0, True, False, False, 0),
        ],
    )
    def test_allowed_side(self, spread: float, momentum: bool, allow_long: bool, allow_short: bool, side: int) -> None:
        config_ = rules(momentum=momentum, allow_long=allow_long, allow_short=allow_short)
        assert decide(config_, flat_state(), at(spread)).side == side

    @pytest.mark.parametrize(("cap", "action"), [(199.0, NONE), (200.0, OPEN)])
    def test_cap_counts_both_legs(self, cap: float, action: int) -> None:
        assert decide(rules(cap=cap), flat_state(), at(2.0)).action == action

    @pytest.mark.parametrize("take_profit", [0.0, -1.0])
    def test_a_bot_that_wants_out_opens_nothing(self, take_profit: float) -> None:
        assert decide(rules(take_profit=take_profit), flat_state(), at(5.0)).action == NONE


class TestAdding:
    @pytest.mark.parametrize(
        ("side", "spread", "action"),
        [
            (-1, 3.25, NONE),
            (-1, 3.5, ADD),
            (-1, 9.0, ADD),
            (-1, 2.5, NONE),
            (-1, -9.0, NONE),
            (+1, 2.75, NONE),
            (+1, 2.5, ADD),
            (+1, 3.5, NONE),
        ],
    )
    def test_only_against_the_position_since_the_last_trade(self, side: int, spread: float, action: int) -> None:
        state = held(side, last_spread=3.0)
        assert decide(rules(stop_loss=0.0, take_profit=50.0), state, at(spread)).action == action

    def test_short_the_spread_at_3_with_a_threshold_of_1_adds_at_4(self) -> None:
        config_ = rules(spreads=[1.0, 1.0], multipliers=[1.0, 1.0])
        assert decide(config_, held(-1, last_spread=3.0), at(3.9375)).action == NONE
        assert decide(config_, held(-1, last_spread=3.0), at(4.0)).action == ADD

    def test_the_opening_order_counts_as_a_level(self) -> None:
        assert decide(rules(levels=1), held(-1), at(5.0)).action == NONE
        assert decide(rules(levels=2), held(-1), at(5.0)).action == ADD
        assert decide(rules(levels=2), held(-1, level=2), at(5.0)).action == NONE

    @pytest.mark.parametrize(("cap", "action"), [(599.0, NONE), (600.0, ADD)])
    def test_cap_counts_what_is_invested_and_the_next_level(self, cap: float, action: int) -> None:
        assert decide(rules(cap=cap), held(-1), at(5.0)).action == action


class TestTakeProfit:
    @pytest.mark.parametrize(
        ("side", "first", "spread", "action"),
        [
            (-1, 3.0, 2.5, NONE),
            (-1, 3.0, 2.0, TAKE_PROFIT),
            (+1, -3.0, -2.0, TAKE_PROFIT),
            (+1, -3.0, -2.5, NONE),
            (-1, 3.0, 3.25, NONE),
            (+1, -3.0, -3.25, NONE),
        ],
    )
    def test_regression_is_signed(self, side: int, first: float, spread: float, action: int) -> None:
        state = held(side, first_spread=first, last_spread=first)
        assert decide(rules(regression=True), state, at(spread)).action == action

    def test_regression_measures_from_the_first_trade_not_the_last(self) -> None:
        state = held(-1, level=2, first_spread=3.0, last_spread=5.0)
        assert decide(rules(regression=True), state, at(4.0)).action == NONE
        assert decide(rules(regression=True), state, at(2.0)).action == TAKE_PROFIT

    def test_position_mode_divides_by_one_leg(self) -> None:
        state = held(-1, first_spread=0.0, invested=100.0)
        assert decide(rules(net=False), state, at(-0.875)).action == NONE
        assert decide(rules(net=False), state, at(-1.0)).action == TAKE_PROFIT

    def test_zero_or_negative_means_out_now(self) -> None:
        assert decide(rules(take_profit=-0.5), held(-1), at(0.25)).action == TAKE_PROFIT
        assert decide(rules(take_profit=0.0), held(-1), at(0.0)).action == TAKE_PROFIT


class TestStopLoss:
    def test_at_its_ratio(self) -> None:
        assert decide(rules(net=False, levels=1), held(-1), at(9.875)).action == NONE
        assert decide(rules(net=False, levels=1), held(-1), at(10.0)).action == STOP_LOSS

    def test_zero_turns_it_off(self) -> None:
        assert decide(rules(stop_loss=0.0, levels=1), held(-1), at(90.0)).action == NONE

    def test_before_take_profit_and_before_adding(self) -> None:
        losing = held(-1, funding=-50.0)
        assert decide(rules(regression=True), losing, at(-5.0)).action == STOP_LOSS
        assert decide(rules(), held(-1), at(20.0)).action == STOP_LOSS

    def test_in_regression_mode_too(self) -> None:
        assert decide(rules(regression=True), held(-1), at(15.0)).action == STOP_LOSS


class TestPnl:
    def test_net_takes_the_far_side_of_each_book_and_all_costs(self) -> None:
        config_ = rules(fee1=0.001, fee2=0.002)
        state = held(-1, fees=0.3, funding=-0.2)
        moment = Quote(64.0, 64.0, 63.0, 65.0, 62.0, 66.0)
        q = 100 / 64
        expected = -q * 65 + q * 62 - state.cost - 0.3 - q * 65 * 0.001 - q * 62 * 0.002 - 0.2
        assert net_pnl(config_, state, moment) == pytest.approx(expected)
        assert gross_pnl(state, moment) == pytest.approx(0.0)

    def test_each_basis_decides_by_its_own_figure(self) -> None:
        moment = at(-1.0, book=0.001)
        assert decide(rules(net=False), held(-1), moment).action == TAKE_PROFIT
        assert decide(rules(net=True), held(-1), moment).action == NONE

    def test_nothing_invested_is_not_a_number_and_decides_nothing(self) -> None:
        broken = held(-1, invested=0.0)
        assert math.isnan(pnl_pct(rules(), broken, at(0.0)))
        assert decide(rules(levels=1), broken, at(50.0)).action == NONE


class TestExitOnly:
    def test_closes_but_neither_adds_nor_opens(self) -> None:
        assert decide_exit_only(rules(), flat_state(), at(5.0)) == (NONE, 0, 5.0 * UNIT)
        assert decide_exit_only(rules(), held(-1), at(5.0)).action == NONE
        assert decide_exit_only(rules(), held(-1), at(-2.0)).action == TAKE_PROFIT
        assert decide_exit_only(rules(), held(-1), at(20.0)).action == STOP_LOSS


class TestNotANumber:
    """A quote that is none decides nothing."""

    @pytest.mark.parametrize("broken", [0, 1])
    def test_price(self, broken: int) -> None:
        figures = list(at(30.0))
        figures[broken] = math.nan
        assert decide(rules(), flat_state(), Quote(*figures)).action == NONE
        assert decide(rules(stop_loss=0.0), held(-1), Quote(*figures)).action == NONE
        assert decide(rules(regression=True, net=False), held(-1), Quote(*figures)).action == NONE

    def test_book(self) -> None:
        figures = [*at(0.0)[:2], math.nan, math.nan, math.nan, math.nan]
        assert decide(rules(take_profit=-50.0), held(-1), Quote(*figures)).action == NONE


@pytest.mark.parametrize(
    ("action", "pause", "restart", "expected"),
    [
        (TAKE_PROFIT, True, False, True),
        (TAKE_PROFIT, False, False, False),
        (STOP_LOSS, False, False, True),
        (STOP_LOSS, True, True, False),
        (OPEN, True, False, False),
        (ADD, True, False, False),
        (NONE, True, False, False),
    ],
)
def test_pauses(action: int, pause: bool, restart: bool, expected: bool) -> None:
    assert pauses(action, pause, restart) is expected


class TestProperties:
    @pytest.mark.parametrize("action", [NONE, OPEN, ADD, TAKE_PROFIT, STOP_LOSS])
    def test_the_moments_tried_reach_every_action(self, action: int) -> None:
        search = settings(max_examples=5000, phases=[Phase.generate])
        assert find(moments(), lambda moment: decide(*moment).action == action, settings=search)

    @given(moments())
    @settings(max_examples=1000)
    def test_compiled_and_plain_are_identical(self, moment: Moment) -> None:
        assert decide(*moment) == plain(decide)(*moment) == decide.py_func(*moment)
        assert decide_exit_only(*moment) == plain(decide_exit_only)(*moment)

    @given(moments())
    @settings(max_examples=1000)
    def test_entries(self, moment: Moment) -> None:
        rules_, state, _ = moment
        action, side, spread = decide(*moment)
        if action == OPEN:
            assert state.side == 0
            assert rules_.allow_long if side > 0 else rules_.allow_short
            assert abs(spread - state.reference) >= rules_.spreads[0]
            assert 2 * rules_.investment * rules_.multipliers[0] <= rules_.cap
        if action == ADD:
            assert side == state.side != 0
            assert -side * (spread - state.last_spread) >= rules_.spreads[state.level] > 0, "never while converging"
            assert 2 * (state.invested + rules_.investment * rules_.multipliers[state.level]) <= rules_.cap
            assert state.level < rules_.levels

    @given(moments())
    @settings(max_examples=1000)
    def test_exits(self, moment: Moment) -> None:
        rules_, state, _ = moment
        action, side, spread = decide(*moment)
        percent = pnl_pct(*moment)
        if action in (TAKE_PROFIT, STOP_LOSS):
            assert side == state.side != 0
        if action == STOP_LOSS:
            assert 0 < rules_.stop_loss <= -percent
        if action == TAKE_PROFIT and rules_.regression:
            assert side * (spread - state.first_spread) >= rules_.take_profit
        if action == TAKE_PROFIT and not rules_.regression:
            assert percent >= rules_.take_profit

    @given(moments())
    @settings(max_examples=1000)
    def test_exit_only_is_the_same_decision_without_entries(self, moment: Moment) -> None:
        decision = decide(*moment)
        expected = decision.action if decision.action in (TAKE_PROFIT, STOP_LOSS) else NONE
        assert decide_exit_only(*moment).action == expected
