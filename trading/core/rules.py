"""Parts of a decision that strategies share: what the frame of a bot's settings allows and demands."""

from trading.core.compiled import inlined
from trading.core.pnl import pnl_pct
from trading.core.spread import spread_pct
from trading.core.types import FLAT, LONG_SPREAD, Config, Quote, State


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
def side_allowed(config: Config, side: int) -> bool:
    return config.allow_long if side == LONG_SPREAD else config.allow_short
