"""Parts of a decision that strategies share: what the frame of a bot's settings allows and demands."""

from trading.core.compiled import inlined
from trading.core.pnl import pnl_pct
from trading.core.spread import spread_pct
from trading.core.types import FLAT, LONG_SPREAD, NONE, OPEN, Config, Decision, Quote, State


@inlined
def spread_of(config: Config, quote: Quote) -> float:
    """In percentage points since the start prices."""
    return spread_pct(quote.p1, quote.p2, config.start1, config.start2)


@inlined
def stop_loss_reached(config: Config, state: State, quote: Quote) -> bool:
    """By `stop_loss_ratio`; never while flat or when that is 0."""
    if state.side == FLAT or not config.stop_loss > 0.0:
        return False
    return pnl_pct(config, state, quote) <= -config.stop_loss


@inlined
def room_for_next_level(config: Config, state: State) -> bool:
    """Whether `max_dca_times` and `max_position_value` leave room for one more order of both legs."""
    if state.level >= config.levels:
        return False
    return 2.0 * (state.invested + config.investment * config.multipliers[state.level]) <= config.cap


@inlined
def room_for_order(config: Config, state: State, markets: int) -> bool:
    """The same for a strategy that trades so many markets: one leg counts once."""
    if state.level >= config.levels:
        return False
    return markets * (state.invested + config.investment * config.multipliers[state.level]) <= config.cap


@inlined
def open_if_allowed(config: Config, state: State, side: int, spread: float, markets: int) -> Decision:
    """`OPEN` where the allowed side, the levels and the cap leave room for it, else `NONE`."""
    if side_allowed(config, side) and room_for_order(config, state, markets):
        return Decision(OPEN, side, spread)
    return Decision(NONE, FLAT, spread)


@inlined
def side_allowed(config: Config, side: int) -> bool:
    return config.allow_long if side == LONG_SPREAD else config.allow_short
