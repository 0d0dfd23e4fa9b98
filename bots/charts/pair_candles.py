"""Closed candles of both markets of a pair, side by side."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bots.models import TIMEFRAMES, Bot
from exchanges.adapters.base import Candle
from exchanges.errors import ExchangeError
from exchanges.market_data import closed_candles
from exchanges.models import ExchangeAccount
from exchanges.timeframes import timeframe_ms

log = logging.getLogger(__name__)

CANDLES_MOST: Final = 1000

Market = tuple[ExchangeAccount, str]
Close = tuple[datetime, Decimal, Decimal]


def markets_of(bot: Bot) -> tuple[Market, Market]:
    return (bot.account_of(1), bot.symbol_of(1)), (bot.account_of(2), bot.symbol_of(2))


def pair_closes(bot: Bot, begin: datetime, end: datetime) -> list[Close]:
    """(closing time, both closes), oldest first; empty where the venue has nothing or does not answer."""
    try:
        return closes_between(*markets_of(bot), begin, end)
    except ExchangeError as error:
        log.warning("No candles for the chart of bot %s: %s", bot.pk, error)
        return []


def closes_between(market1: Market, market2: Market, begin: datetime, end: datetime) -> list[Close]:
    """In the finest candles that need at most CANDLES_MOST of them and that both markets have. Raises ExchangeError."""
    for timeframe in timeframes_for(end - begin):
        closes = _closes(market1, market2, timeframe, begin, end)
        if closes:
            return closes
    return []


def timeframes_for(length: timedelta) -> list[str]:
    fitting = [name for name in TIMEFRAMES if length / timedelta(milliseconds=timeframe_ms(name)) <= CANDLES_MOST]
    return fitting or TIMEFRAMES[-1:]


def _closes(market1: Market, market2: Market, timeframe: str, begin: datetime, end: datetime) -> list[Close]:
    duration = timedelta(milliseconds=timeframe_ms(timeframe))
    if not market2[1]:  # one market: the other's price is always 1
        alone = _candles(market1, timeframe, begin, end, duration)
        closes = [(candle.at + duration, candle.close, Decimal(1)) for candle in alone]
        return [close for close in closes if begin <= close[0] <= end]
    first, second = (_candles(market, timeframe, begin, end, duration) for market in (market1, market2))
    closes2 = {candle.at: candle.close for candle in second}
    return [
        (candle.at + duration, candle.close, closes2[candle.at])
        for candle in first
        if candle.at in closes2 and begin <= candle.at + duration <= end
    ]


def _candles(market: Market, timeframe: str, begin: datetime, end: datetime, duration: timedelta) -> list[Candle]:
    account, symbol = market
    limit = min(CANDLES_MOST + 1, int((end - begin) / duration) + 2)
    return list(closed_candles(account, symbol, timeframe, since=begin - duration, limit=limit))
