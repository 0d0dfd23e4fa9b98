"""The candles that a bot's strategy decides by: aligned, warmed up, with funding for those that want it."""

from datetime import datetime

from bots.models import Bot
from exchanges.bar_windows import last_bars
from exchanges.known_funding import known_funding
from trading.core.candles import Tape, align, single
from trading.strategies.base import Bound


def bars_of(bot: Bot, bound: Bound, candle_at: datetime, market_time: datetime, *, bars: int = 1) -> Tape:
    """The last `bars` bars up to the one that opened at `candle_at`, and before them those that warm its features up.

    Fewer where the source has fewer. Raises ExchangeError.
    """
    wanted = bound.warmup + bars
    series = [
        last_bars(bot.account_of(leg), bot.symbol_of(leg), bot.timeframe, until=candle_at, bars=wanted)
        for leg in bot.legs
    ]
    if len(series) == 1:
        return single(series[0])
    tape = align(*series).tape
    if not bound.strategy.funding:
        return tape
    known = [known_funding(bot.account_of(leg), bot.symbol_of(leg), market_time) for leg in bot.legs]
    return tape.with_funding(known[0], known[1])
