"""Decisions that several strategies have in common."""

from trading.core.compiled import inlined
from trading.core.rules import open_if_allowed, room_for_order, spread_of, stop_loss_reached
from trading.core.types import (
    ADD,
    FLAT,
    LONG_SPREAD,
    NONE,
    SHORT_SPREAD,
    SIGNAL,
    STOP_LOSS,
    Config,
    Decision,
    Quote,
    State,
)


@inlined
def back_to_centre(
    config: Config,
    state: State,
    quote: Quote,
    distance: float,
    entry: float,
    step: float,
    leave: float,
    stop: float,
    markets: int,
) -> Decision:
    """Against the distance from a centre: opens from `entry` on, adds every `step` further, closes at `leave` or beyond
    the centre, stops from `stop` on; a step or stop of 0 is none. A distance that is not a number does nothing but the
    stop loss."""
    spread = spread_of(config, quote)
    if state.side == FLAT:
        if not abs(distance) >= entry or (stop > 0.0 and abs(distance) >= stop):
            return Decision(NONE, FLAT, spread)
        return open_if_allowed(config, state, SHORT_SPREAD if distance > 0.0 else LONG_SPREAD, spread, markets)
    against = -state.side * distance
    if stop_loss_reached(config, state, quote) or (stop > 0.0 and against >= stop):
        return Decision(STOP_LOSS, state.side, spread)
    if against <= leave:
        return Decision(SIGNAL, state.side, spread)
    if step > 0.0 and against >= entry + step * state.level and room_for_order(config, state, markets):
        return Decision(ADD, state.side, spread)
    return Decision(NONE, state.side, spread)


@inlined
def follow(config: Config, state: State, quote: Quote, enter: int, leave: bool, markets: int) -> Decision:
    """Opens on the side `enter` (0 for none), closes when `leave` says so or the stop loss is reached."""
    spread = spread_of(config, quote)
    if state.side == FLAT:
        if enter == FLAT:
            return Decision(NONE, FLAT, spread)
        return open_if_allowed(config, state, enter, spread, markets)
    if stop_loss_reached(config, state, quote):
        return Decision(STOP_LOSS, state.side, spread)
    return Decision(SIGNAL if leave else NONE, state.side, spread)
