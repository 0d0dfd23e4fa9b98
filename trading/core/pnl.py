"""Profit and loss of an open pair at a quote, in quote currency and as a percentage of one leg's notional."""

import math

from trading.core.compiled import inlined
from trading.core.types import Config, Quote, State


@inlined
def gross_pnl(state: State, quote: Quote) -> float:
    """Unrealised at the price alone: no book spread, no fees, no funding."""
    return state.q1 * quote.p1 + state.q2 * quote.p2 - state.cost


@inlined
def net_pnl(config: Config, state: State, quote: Quote) -> float:
    """What closing now would bring: at bid or ask, after entry fees, the exit fees to expect, and funding."""
    exit1 = quote.bid1 if state.q1 > 0.0 else quote.ask1
    exit2 = quote.bid2 if state.q2 > 0.0 else quote.ask2
    exit_fees = abs(state.q1) * exit1 * config.fee1 + abs(state.q2) * exit2 * config.fee2
    return state.q1 * exit1 + state.q2 * exit2 - state.cost - state.fees - exit_fees + state.funding


@inlined
def pnl(config: Config, state: State, quote: Quote) -> float:
    """On the configured basis, net or gross."""
    return net_pnl(config, state, quote) if config.net else gross_pnl(state, quote)


@inlined
def pnl_pct(config: Config, state: State, quote: Quote) -> float:
    """P&L / I * 100; not a number while nothing is invested."""
    if not state.invested > 0.0:
        return math.nan
    return pnl(config, state, quote) / state.invested * 100.0
