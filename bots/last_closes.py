"""The last candle that a bot's markets closed together: what one that decides on candles looks at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bots.config import ONE
from bots.models import Bot
from exchanges import market_data
from exchanges.adapters.base import Candle
from exchanges.timeframes import timeframe_ms

LATE_BARS: Final = 3


@dataclass(frozen=True, slots=True)
class LastCloses:
    """`at`: opening time of both candles. An empty market 2 closes at 1."""

    at: datetime
    one: Decimal
    two: Decimal


def undecided_closes(bot: Bot) -> LastCloses | None:
    """None until a candle closes on all its markets that it has not decided on. Raises ExchangeError."""
    bars = [_last_candle(bot, leg) for leg in bot.legs]
    one, two = bars[0], bars[-1]
    if one is None or two is None or one.at != two.at or _is_decided(bot, one.at):
        return None
    return LastCloses(one.at, one.close, two.close if 2 in bot.legs else ONE)


def _is_decided(bot: Bot, at: datetime) -> bool:
    """A venue whose answers lag behind shows an older candle again; a tape that was set back goes further."""
    if bot.last_candle_at is None:
        return False
    length = timedelta(milliseconds=timeframe_ms(bot.timeframe))
    return timedelta() <= bot.last_candle_at - at <= LATE_BARS * length


def _last_candle(bot: Bot, leg: int) -> Candle | None:
    candles = market_data.closed_candles(bot.account_of(leg), bot.symbol_of(leg), bot.timeframe, limit=1)
    return candles[-1] if candles else None
