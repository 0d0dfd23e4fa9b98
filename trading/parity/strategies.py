"""A bot's own strategy over the bars that it has lived: its features, and its decision by what it saw."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from bots.models import Bot
from bots.strategies.settings import SPREAD, plugin_of
from exchanges.adapters.paper_source import from_ms
from exchanges.known_funding import known_funding
from exchanges.timeframes import timeframe_ms
from trading.core.backtest import Prepared
from trading.core.candles import Floats, Tape
from trading.core.simulation import Decide
from trading.core.types import Config, Decision, Quote, State
from trading.parity.anchored import anchored
from trading.parity.bars import tape_of
from trading.strategies.base import Bound


class Seen(NamedTuple):
    """A strategy's own parameters, and the half spread of the book that the bot sees, as a fraction."""

    params: Any
    half_spread: float


def strategy_over(bot: Bot, part: Tape, *, reference: float, half_spread: float, slippage: float) -> Prepared | None:
    """What `run_backtest` takes. Raises LookupError, StrategyFailed and ExchangeError."""
    if bot.strategy == SPREAD:
        return anchored(reference, half_spread, slippage)
    plugin = plugin_of(bot.strategy)
    if plugin is None:
        raise LookupError(bot.strategy)
    bound = plugin.bind(bot.strategy_params)
    features, params = _features(bot, bound, part), Seen(bound.params or None, half_spread)
    decide: Any = bound.plain_decide
    return Prepared(_seen(decide), params, features, bound.leg_ratios(features))


@lru_cache(maxsize=64)
def _seen(decide: Any) -> Decide:
    """One function for each strategy: the engine keeps a loop for each function."""

    def seen(params: Seen, config: Config, state: State, quote: Quote, features: Any) -> Decision:
        down, up = 1.0 - params.half_spread, 1.0 + params.half_spread
        book = Quote(quote.p1, quote.p2, quote.p1 * down, quote.p1 * up, quote.p2 * down, quote.p2 * up)
        found: Decision = decide(params.params, config, state, book, features)
        return found

    return seen


def _features(bot: Bot, bound: Bound, part: Tape) -> Floats | None:
    """With the bars before the part, which had warmed the bot's own features up."""
    if not bound.features:
        return None
    bar_ms = timeframe_ms(bot.timeframe)
    since, until = int(part.times[0]) - bound.warmup * bar_ms, int(part.times[-1]) + bar_ms
    tape = tape_of(bot, bot.timeframe, since, until)
    if bound.strategy.funding:
        known = [known_funding(bot.account_of(leg), bot.symbol_of(leg), from_ms(until)) for leg in bot.legs]
        tape = tape.with_funding(known[0], known[-1])
    rows = np.searchsorted(tape.times, part.times)
    return bound.prepare(tape)[rows]
