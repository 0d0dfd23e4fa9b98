"""What a bot sees of its markets now, and whether that is good enough to open, add or take profit on."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bots.config import core_quote, no_quote
from bots.last_closes import undecided_closes
from bots.models import Bot, DecideOn
from exchanges import market_data
from exchanges.adapters.base import VenueQuote
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
    """None while a bot that decides on candles waits for the next one to close on its markets."""
    bot = tick.bot
    closes: tuple[Decimal, ...] = ()
    candle_at = None
    if bot.decide_on == DecideOn.CANDLE_CLOSE:
        seen = undecided_closes(bot)
        if seen is None:
            return None
        closes, candle_at = (seen.one, seen.two), seen.at
    q1, q2 = _quotes(tick)
    if q1 is None or q2 is None:
        missing = bot.market1_symbol if q1 is None else bot.market2_symbol
        return MarketView(None, None, "quotes_missing", {"symbol": missing}, candle_at)
    problem, figures = quote_problem(bot, q1, q2, tick.market_time)
    return MarketView(core_quote(q1, q2, *closes), (q1, q2), problem, figures, candle_at)


def quote_problem(bot: Bot, q1: VenueQuote, q2: VenueQuote, market_time: datetime) -> tuple[str, dict[str, Any]]:
    """The first reason why these quotes may not open anything: a journal code with its figures, or ("", {})."""
    for quote in (q1, q2)[: len(bot.legs)]:
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


def by_clock(quote: VenueQuote, ahead: timedelta) -> VenueQuote:
    """A quote of the second leg's venue with its times by the first one's clock, by which the bot lives: two exchanges
    need not agree on what time it is."""
    return replace(quote, at=quote.at + ahead, alive_at=quote.alive_at + ahead)


def _quotes(tick: Tick) -> tuple[VenueQuote | None, VenueQuote | None]:
    bot = tick.bot
    if 2 not in bot.legs:
        only = market_data.quotes(bot.exchange_account, [bot.market1_symbol]).get(bot.market1_symbol)
        return only, only and no_quote(only)
    if bot.exchange_account2_id:
        one = market_data.quotes(bot.account_of(1), [bot.market1_symbol])
        two = market_data.quotes(bot.account_of(2), [bot.market2_symbol])
        ahead, q2 = market_data.clocks_apart(bot.account_of(1), bot.account_of(2)), two.get(bot.market2_symbol)
        return one.get(bot.market1_symbol), by_clock(q2, ahead) if q2 else None
    both = market_data.quotes(bot.exchange_account, [bot.market1_symbol, bot.market2_symbol])
    return both.get(bot.market1_symbol), both.get(bot.market2_symbol)
