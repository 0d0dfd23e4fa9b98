"""Prices, candles and contract rules of an account's venue."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from exchanges.adapters.base import Candle, DayFigures, VenueQuote
from exchanges.contract_rules import RulesSource, rules_of
from exchanges.history import candles
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.registry import venue_of
from exchanges.symbols import is_inverse, short
from exchanges.timeframes import TIMEFRAME_MS
from exchanges.venue_clients import markets_of
from trading.core.sizing import MarketRules

BOOK_DEPTH = 5
DEPTHS = (100, 400)
"""Levels of a book that are asked for: most orders find enough in the first few."""
DAY_HOURS = 24
START_PRICE_AGE = timedelta(hours=1)


def quotes(account: ExchangeAccount, symbols: Sequence[str]) -> Mapping[str, VenueQuote]:
    """Quotes of those symbols that have one. Raises ExchangeError."""
    return venue_of(account).quotes(symbols)


def clocks_apart(account: ExchangeAccount, other: ExchangeAccount) -> timedelta:
    """How far the clock of one account's venue is ahead of the other's. None where one of them is a market of our own:
    its time is part of it. Raises ExchangeError."""
    if account.pk == other.pk or _is_made(account) or _is_made(other):
        return timedelta(0)
    return venue_of(account).clock() - venue_of(other).clock()


def book_quote(account: ExchangeAccount, symbol: str) -> VenueQuote:
    """The touch of the venue's book, asked for over REST; made markets have no other than their quote.

    Raises ExchangeError, LookupError for an empty book.
    """
    if _is_made(account):
        return venue_of(account).quotes([symbol])[symbol]
    book = markets_of(account.rules_venue, testnet=account.is_testnet).book(symbol, BOOK_DEPTH)
    (bid, bid_size), (ask, ask_size) = book.bids[0], book.asks[0]
    return VenueQuote(symbol, bid, ask, book.at, book.at, (bid + ask) / 2, bid_size, ask_size)


def resting(account: ExchangeAccount, quote: VenueQuote, side: str, limit: Decimal, wanted: Decimal) -> Decimal:
    """How much (base units) a taker of that side finds at `limit` or better; more than `wanted` is not looked for.

    The quote's own touch where that is enough, else the venue's book (at most `ORDERBOOK_CACHE_TTL` old), deeper where
    its first levels all lie within the limit; a made market has no more than its quote tells, None being more than
    anybody asks for. Raises ExchangeError.
    """
    price, size = (quote.ask, quote.ask_size) if side == "buy" else (quote.bid, quote.bid_size)
    if not asks_for_book(account, quote, side, wanted):
        return _resting([(price, wanted if size is None else size)], side, limit)
    found = Decimal(0)
    for depth in DEPTHS:
        book = markets_of(account.rules_venue, testnet=account.is_testnet).book(quote.symbol, depth)
        levels = book.asks if side == "buy" else book.bids
        found = _resting(levels, side, limit)
        if found >= wanted or len(levels) < depth or not _resting(levels[-1:], side, limit):
            break
    return found


def asks_for_book(account: ExchangeAccount, quote: VenueQuote, side: str, wanted: Decimal) -> bool:
    """Whether `resting` has to ask the venue: its touch is not enough."""
    size = quote.ask_size if side == "buy" else quote.bid_size
    return not (_is_made(account) or (size is not None and size >= wanted))


def _is_made(account: ExchangeAccount) -> bool:
    """A market of our own."""
    return account.is_paper and account.paper_source != PaperSource.LIVE


def _resting(levels: Sequence[tuple[Decimal, Decimal]], side: str, limit: Decimal) -> Decimal:
    inside = (amount for price, amount in levels if (price <= limit if side == "buy" else price >= limit))
    return sum(inside, Decimal(0))


def closed_candles(
    account: ExchangeAccount, symbol: str, timeframe: str, *, since: datetime | None = None, limit: int = 500
) -> Sequence[Candle]:
    """Oldest first; without `since` the newest `limit`. Raises ExchangeError."""
    return venue_of(account).candles(symbol, timeframe, since=since, limit=limit)


def day_figures(account: ExchangeAccount, quotes: Mapping[str, VenueQuote]) -> Mapping[str, DayFigures]:
    """Of the quoted markets over 24 hours, as far as known. One question where a venue is asked, for all accounts and
    markets; of a market of our own the sum of its candles. Raises ExchangeError."""
    if not _is_made(account):
        days = markets_of(account.rules_venue, testnet=account.is_testnet).days()
        return {symbol: days[symbol] for symbol in quotes if symbol in days}
    found: dict[str, DayFigures] = {}
    for symbol, quote in quotes.items():
        hours = closed_candles(account, symbol, "1h", limit=DAY_HOURS)
        if len(hours) == DAY_HOURS:
            volume = sum((hour.volume * hour.close for hour in hours), Decimal())
            found[symbol] = DayFigures((quote.mid / hours[0].open - 1) * 100, volume)
    return found


def day_changes(account: ExchangeAccount, quotes: Mapping[str, VenueQuote]) -> Mapping[str, Decimal]:
    """In per cent, as `day_figures` knows them. Raises ExchangeError."""
    days = day_figures(account, quotes)
    return {symbol: day.change for symbol, day in days.items() if day.change is not None}


def rules_source(account: ExchangeAccount, symbol: str) -> str:
    """Where a paper market's contract rules come from: `published` figures of the venue, the recorded `series`, or its
    own `list` of now."""
    if account.paper_source == PaperSource.LIVE:
        return RulesSource.LIST
    timeframe = account.paper_config.get("timeframe", "")
    series = (
        candles.load(account.paper_venue, symbol, timeframe) if account.paper_source == PaperSource.REPLAY else None
    )
    return rules_of(account.paper_venue, symbol, series).source


def markets(account: ExchangeAccount) -> Mapping[str, MarketRules]:
    return venue_of(account).markets()


def market_rules(account: ExchangeAccount, symbol: str) -> MarketRules:
    """Raises ValidationError for a market that the venue does not have."""
    rules = markets(account).get(symbol)
    if rules is not None:
        return rules
    sentence = _("%(symbol)s is not traded on this account.")
    if is_inverse(symbol):
        sentence = _("%(symbol)s is settled in its own coin. Bots trade contracts that are settled in money.")
    raise ValidationError(sentence % {"symbol": short(symbol)}, code="unknown_market")


def start_price(account: ExchangeAccount, symbol: str, at: datetime) -> Decimal:
    """The last 1-minute open at or before an instant, at most one hour older; else of the finest candles there are.

    A candle of more than an hour must contain the instant. Raises ValidationError.
    """
    market_rules(account, symbol)
    venue = venue_of(account)
    if at > venue.clock():
        raise ValidationError(_("The start time is in the future."), code="future")
    for timeframe, length in TIMEFRAME_MS.items():
        age = max(START_PRICE_AGE, timedelta(milliseconds=length))
        rows = venue.candles(symbol, timeframe, since=at - age, limit=age // timedelta(milliseconds=length) + 1)
        before = [candle for candle in rows if at - age <= candle.at <= at]
        if before:
            return before[-1].open
    raise ValidationError(
        _("There is no price of %(symbol)s at that time. Choose a later start time.") % {"symbol": short(symbol)},
        code="no_price",
    )
