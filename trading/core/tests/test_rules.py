"""What strategies share must say what the spread strategy's own decision says."""

from hypothesis import given

from trading.core.decide import add_reached, decide, exit_action
from trading.core.rules import room_for_next_level, side_allowed, spread_of, stop_loss_reached
from trading.core.tests.strategies import moments
from trading.core.types import ADD, LONG_SPREAD, OPEN, SHORT_SPREAD, STOP_LOSS, Config, Quote, State


@given(moments())
def test_as_the_spread_strategy_has_them(moment: tuple[Config, State, Quote]) -> None:
    config, state, quote = moment
    decision = decide(config, state, quote)
    assert spread_of(config, quote) == decision.spread
    assert stop_loss_reached(config, state, quote) == (exit_action(config, state, quote, decision.spread) == STOP_LOSS)
    if decision.action in (OPEN, ADD):
        assert room_for_next_level(config, state)
    if decision.action == OPEN:
        assert side_allowed(config, decision.side)
    if state.level and add_reached(config, state, decision.spread):
        assert room_for_next_level(config, state)


@given(moments())
def test_sides(moment: tuple[Config, State, Quote]) -> None:
    config = moment[0]
    assert side_allowed(config, LONG_SPREAD) == config.allow_long
    assert side_allowed(config, SHORT_SPREAD) == config.allow_short


@given(moments())
def test_no_room_past_the_last_level(moment: tuple[Config, State, Quote]) -> None:
    config, state, _ = moment
    assert not room_for_next_level(config, state._replace(level=config.levels))
