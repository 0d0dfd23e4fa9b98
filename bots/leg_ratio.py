"""What a bot's leg 2 would be worth for each 1 of leg 1 if its strategy ordered now: for what is shown beforehand."""

from datetime import UTC, datetime

from bots.models import Bot
from bots.strategies.bars import bars_of
from bots.strategies.settings import SPREAD, plugin_of
from exchanges.timeframes import timeframe_ms
from trading.core.leg_ratio import EQUAL, usable
from trading.core.strategy_failed import StrategyFailed
from trading.strategies.parameters import ParametersRefused


def ratio_now(bot: Bot, market_time: datetime) -> float:
    """By the last candle that is closed; 1.0 where the strategy knows none (yet). Raises ExchangeError."""
    plugin = plugin_of(bot.strategy)
    if plugin is None or bot.strategy == SPREAD:
        return EQUAL
    try:
        bound = plugin.bind(bot.strategy_params)
        if not bound.has_ratio:
            return EQUAL
        length = timeframe_ms(bot.timeframe)
        opened = (round(market_time.timestamp() * 1000) // length - 1) * length
        tape = bars_of(bot, bound, datetime.fromtimestamp(opened / 1000, UTC), market_time)
        found = bound.leg_ratio(bound.last_row(tape)) if len(tape) else EQUAL
    except (ParametersRefused, StrategyFailed):
        return EQUAL
    return found if usable(found) else EQUAL
