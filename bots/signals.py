"""What a bot's strategy says: the spread strategy from the quote alone, any other at a close, from its candles too."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bots.models import Bot
from bots.strategies.bars import bars_of
from bots.strategies.frame import Misfit, misfit
from bots.strategies.registry import strategy_of
from trading.core.decide import decide, decide_exit_only
from trading.core.leg_ratio import EQUAL
from trading.core.rules import spread_of, stop_loss_reached
from trading.core.strategy_failed import StrategyFailed
from trading.core.types import ADD, NONE, OPEN, STOP_LOSS, Config, Decision, Quote, State
from trading.strategies.parameters import ParametersRefused

SPREAD: Final = "spread"


@dataclass(frozen=True, slots=True)
class Said:
    """`failed`: why the strategy could say nothing; the stop loss of the common settings was looked at all the same.

    `ratio`: what leg 2 of a level is to be worth for each 1 of leg 1. `misfit`: why what it wanted may not be.
    """

    decision: Decision
    failed: str = ""
    ratio: float = EQUAL
    misfit: Misfit | None = None


def say(
    bot: Bot,
    market_time: datetime,
    candle_at: datetime | None,
    config: Config,
    state: State,
    quote: Quote,
    *,
    entries: bool,
) -> Said:
    """Without `entries` nothing is opened or added to. Raises ExchangeError where candles cannot be had."""
    if bot.strategy == SPREAD:
        return Said((decide if entries else decide_exit_only)(config, state, quote))
    if candle_at is None:
        return Said(_stop_loss_alone(config, state, quote))
    try:
        bound = strategy_of(bot.strategy).bind(bot.strategy_params)
        tape = bars_of(bot, bound, candle_at, market_time)
        row = bound.last_row(tape)
        decision, ratio = bound.decide_plainly(config, state, quote, row), bound.leg_ratio(row)
    except (LookupError, ParametersRefused, StrategyFailed) as error:
        return Said(_stop_loss_alone(config, state, quote), str(error))
    nothing = decision._replace(action=NONE, side=state.side)
    if decision.action in (OPEN, ADD) and not entries:
        return Said(nothing)
    if found := misfit(config, state, decision, len(bot.legs)):
        return Said(nothing, misfit=found)
    return Said(decision, ratio=ratio)


def _stop_loss_alone(config: Config, state: State, quote: Quote) -> Decision:
    action = STOP_LOSS if stop_loss_reached(config, state, quote) else NONE
    return Decision(action, state.side, spread_of(config, quote))
