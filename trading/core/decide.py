"""The one decision of the spread strategy. Live trading, paper trading and back-tests call this same function.

Comparisons are plain float64 without tolerance. Whether a decision may be acted upon (quotes alive, nothing unsettled,
bot running) is the caller's business.
"""

from trading.core.compiled import inlined
from trading.core.pnl import pnl_pct
from trading.core.spread import spread_pct
from trading.core.types import (
    ADD,
    FLAT,
    LONG_SPREAD,
    NONE,
    OPEN,
    SHORT_SPREAD,
    SIGNAL,
    STOP_LOSS,
    TAKE_PROFIT,
    Config,
    Decision,
    Quote,
    State,
)


@inlined
def decide(config: Config, state: State, quote: Quote) -> Decision:
    """Stop loss, take profit, add, open: the first that applies."""
    return decide_at(config, state, quote, spread_pct(quote.p1, quote.p2, config.start1, config.start2))


@inlined
def decide_exit_only(config: Config, state: State, quote: Quote) -> Decision:
    """The same without adding and opening: for a bot that is paused or in error."""
    spread = spread_pct(quote.p1, quote.p2, config.start1, config.start2)
    return Decision(exit_action(config, state, quote, spread), state.side, spread)


@inlined
def decide_at(config: Config, state: State, quote: Quote, spread: float) -> Decision:
    """`decide` for a spread that is known already."""
    if state.side == FLAT:
        side = opening_side(config, state, spread)
        return Decision(NONE if side == FLAT else OPEN, side, spread)
    action = exit_action(config, state, quote, spread)
    if action == NONE and add_reached(config, state, spread):
        action = ADD
    return Decision(action, state.side, spread)


@inlined
def exit_action(config: Config, state: State, quote: Quote, spread: float) -> int:
    if state.side == FLAT:
        return NONE
    percent = pnl_pct(config, state, quote)
    if config.stop_loss > 0.0 and percent <= -config.stop_loss:
        return STOP_LOSS
    gained = state.side * (spread - state.first_spread) if config.regression else percent
    return TAKE_PROFIT if gained >= config.take_profit else NONE


@inlined
def add_reached(config: Config, state: State, spread: float) -> bool:
    """The spread went against the position by the next level's threshold, and the cap leaves room for that level."""
    if state.level >= config.levels:
        return False
    against = -state.side * (spread - state.last_spread)
    if not against >= config.spreads[state.level]:  # "not >=": a spread that is not a number reaches nothing
        return False
    return 2.0 * (state.invested + config.investment * config.multipliers[state.level]) <= config.cap


@inlined
def opening_side(config: Config, state: State, spread: float) -> int:
    """The side to open, 0 for none. A bot whose profit ratio says "get me out" (0 or less) opens nothing."""
    moved = spread - state.reference
    if not abs(moved) >= config.spreads[0] or config.take_profit <= 0.0:
        return FLAT
    if 2.0 * config.investment * config.multipliers[0] > config.cap:
        return FLAT
    if (moved > 0.0) == config.momentum:
        return LONG_SPREAD if config.allow_long else FLAT
    return SHORT_SPREAD if config.allow_short else FLAT


@inlined
def pauses(action: int, pause_after_close: bool, restart_after_stop_loss: bool) -> bool:
    """Whether the bot pauses once this action is done. After a stop loss `restart_after_stop_loss` alone counts."""
    if action == STOP_LOSS:
        return not restart_after_stop_loss
    return action in (TAKE_PROFIT, SIGNAL) and pause_after_close
