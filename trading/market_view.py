"""What a bot sees of its two markets now, and whether that is good enough to open, add or take profit on."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bots.config import core_quote
from bots.models import Bot, DecideOn
from exchanges import market_data
from exchanges.adapters.base import Candle, VenueQuote
from trading.core.types import Quote
from trading.tick import Tick

APART_AT_MOST = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class MarketView:
    """`quote` is None when a side is missing altogether. `problem` (a journal code) forbids all but the stop loss.

    `candle_at` is the opening time of the candle that the quote's prices are the close of, for `candle_close` bots.
    """

    quote: Quote | None
    legs: tuple[VenueQuote, VenueQuote] | None = None
    problem: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    candle_at: datetime | None = None


def market_view(tick: Tick) -> MarketView | None:
    """None while a bot that decides on candles waits for the next one to close on both markets."""
    bot = tick.bot
    closes, candle_at = None, None
    if bot.decide_on == DecideOn.CANDLE_CLOSE:
        one, two = _last_candle(tick, 1), _last_candle(tick, 2)
        if one is None or two is None or one.at != two.at or one.at == bot.last_candle_at:
            return None
        closes, candle_at = (one.close, two.close), one.at
    q1, q2 = _quotes(tick)
    if q1 is None or q2 is None:
        missing = bot.market1_symbol if q1 is None else bot.market2_symbol
        return MarketView(None, None, "quotes_missing", {"symbol": missing}, candle_at)
    problem, figures = quote_problem(bot, q1, q2, tick.market_time)
    return MarketView(core_quote(q1, q2, *(closes or ())), (q1, q2), problem, figures, candle_at)


def quote_problem(bot: Bot, q1: VenueQuote, q2: VenueQuote, market_time: datetime) -> tuple[str, dict[str, Any]]:
    """The first reason why these quotes may not open anything: a journal code with its figures, or ("", {})."""
    for quote in (q1, q2):
        age = (market_time - quote.alive_at).total_seconds()
        if age > bot.max_quote_age:
            return "quotes_stale", {"symbol": quote.symbol, "age": age}
        if not 0 < quote.bid < quote.ask:
            return "book_crossed", {"symbol": quote.symbol}
        width = (quote.ask - quote.bid) / quote.mid * 100
        if width > bot.max_book_spread:
            return "book_wide", {"symbol": quote.symbol, "width": width, "limit": bot.max_book_spread}
    apart = abs(q1.at - q2.at)
    if apart > APART_AT_MOST:
        return "quotes_apart", {"age": apart.total_seconds()}
    return "", {}


def _quotes(tick: Tick) -> tuple[VenueQuote | None, VenueQuote | None]:
    bot = tick.bot
    if bot.exchange_account2_id:
        one = market_data.quotes(bot.account_of(1), [bot.market1_symbol])
        two = market_data.quotes(bot.account_of(2), [bot.market2_symbol])
        return one.get(bot.market1_symbol), two.get(bot.market2_symbol)
    both = market_data.quotes(bot.exchange_account, [bot.market1_symbol, bot.market2_symbol])
    return both.get(bot.market1_symbol), both.get(bot.market2_symbol)


def _last_candle(tick: Tick, leg: int) -> Candle | None:
    bot = tick.bot
    candles = market_data.closed_candles(bot.account_of(leg), bot.symbol_of(leg), bot.timeframe, limit=1)
    return candles[-1] if candles else None
