"""What a user may watch of a market: the topic of its venue's sockets, and the window through which REST is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, Final, cast

from django.core.exceptions import ObjectDoesNotExist

from accounts.models import User
from exchanges import shared
from exchanges.adapters.base import Candle, OrderBook, PublicTrade, VenueQuote
from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.adapters.venues import VENUES, Kind
from exchanges.errors import ExchangeError
from exchanges.market_windows import PublicWindow, Window, paper_window
from exchanges.models import ExchangeAccount, PaperSource
from exchanges.selectors import accounts_of
from exchanges.stream.quotes import quote_of
from exchanges.stream.states import State
from exchanges.stream.topics import CHANNELS, OHLCV, ORDERBOOK, TICKER, TRADES, Feed, Topic
from exchanges.symbols import canonical
from exchanges.timeframes import TIMEFRAME_MS

KINDS: Final = ("swap", "spot")
BOOK_LEVELS: Final = 50
TRADES_SHOWN: Final = 100
CANDLES_SHOWN: Final = 200
HISTORY_KEPT_S: Final = 5.0

Content = VenueQuote | OrderBook | Sequence[PublicTrade] | Sequence[Candle]


@dataclass(frozen=True, slots=True)
class MarketFeed:
    """`topic` is None for a market of our own, which no socket brings."""

    exchange: str
    symbol: str
    channel: str
    timeframe: str
    window: Window
    topic: Topic | None

    def is_listed(self) -> bool:
        """Raises ExchangeError."""
        return self.symbol in self.window.markets()

    def content(self, state: State | None) -> Content:
        """Everything of the channel: what the sockets said last, else as REST answers. Raises ExchangeError."""
        if self.channel == TICKER:
            return _quote(self.symbol, state) if state else self._quote_now()
        if self.channel == ORDERBOOK:
            return _book(self.symbol, state) if state else self.window.book(self.symbol, BOOK_LEVELS)
        if self.channel == TRADES:
            return self._all_trades(state)
        return self._all_candles(state)

    def news(self, state: State, after: int) -> tuple[int, Content]:
        """What was said after a sequence number, and the first number of it."""
        if self.channel == TRADES:
            count = min(state.sequence - after, len(state.data))
            return state.sequence - count + 1, trades_of(self.symbol, state.data[len(state.data) - count :])
        if self.channel == OHLCV:
            return after + 1, candles_of(state.data)
        return after + 1, self.content(state)

    def _quote_now(self) -> VenueQuote:
        found = self.window.quotes([self.symbol]).get(self.symbol)
        if found is None:
            raise ExchangeError("the market has no price now", code="no_price")
        return found

    def _all_trades(self, state: State | None) -> Sequence[PublicTrade]:
        heard = trades_of(self.symbol, state.data) if state else []
        try:
            known = self.window.trades(self.symbol, TRADES_SHOWN)
        except ExchangeError:
            if not heard:
                raise
            known = []
        ids = {trade.trade_id for trade in known}
        return [*known, *(trade for trade in heard if trade.trade_id not in ids)][-TRADES_SHOWN:]

    def _all_candles(self, state: State | None) -> Sequence[Candle]:
        heard = candles_of(state.data) if state else []
        try:
            known = self._closed_candles()
        except ExchangeError:
            if not heard:
                raise
            known = []
        last = known[-1].at if known else None
        return [*known, *(candle for candle in heard if last is None or candle.at > last)]

    def _closed_candles(self) -> Sequence[Candle]:
        """Many who open the same chart ask once."""
        if self.topic is None:
            return self.window.candles(self.symbol, self.timeframe, None, CANDLES_SHOWN)
        key = f"market-feed:{self.topic.name.replace(' ', ':')}"
        found: Sequence[Candle] | None = shared.found(key)
        if found is None:
            found = list(self.window.candles(self.symbol, self.timeframe, None, CANDLES_SHOWN))
            shared.keep(key, found, HISTORY_KEPT_S)
        return found


def market_feed(
    user: User, exchange: str, symbol: str, *, channel: str, kind: str, timeframe: str, account_id: int | None
) -> MarketFeed:
    """Raises ObjectDoesNotExist for what is no market, no channel, or somebody else's account."""
    try:
        name = canonical(symbol, kind)
    except ValueError as error:
        raise ObjectDoesNotExist(str(error)) from None
    known = channel in CHANNELS and kind in KINDS and (channel != OHLCV or timeframe in TIMEFRAME_MS)
    if not known or not (exchange in VENUES or exchange == "paper"):
        raise ObjectDoesNotExist("there is no such channel")
    window, feed = _window(user, exchange, cast(Kind, kind), account_id)
    timeframe = timeframe if channel == OHLCV else ""
    topic = Topic(feed, channel, name, timeframe) if feed else None
    return MarketFeed(exchange, name, channel, timeframe, window, topic)


def _window(user: User, exchange: str, kind: Kind, account_id: int | None) -> tuple[Window, Feed | None]:
    if exchange in VENUES:
        testnet = account_id is not None and _account(user, exchange, account_id).is_testnet
        return PublicWindow(exchange, kind, testnet=testnet), Feed(exchange, testnet)
    account = _account(user, exchange, account_id)
    is_live = account.paper_source == PaperSource.LIVE
    return paper_window(account, kind), Feed(account.paper_venue) if is_live else None


def _account(user: User, exchange: str, account_id: int | None) -> ExchangeAccount:
    """The one that is named, else the newest active one there."""
    found = accounts_of(user).filter(exchange=exchange, is_active=True)
    account = (found if account_id is None else found.filter(pk=account_id)).order_by("-id").first()
    if account is None:
        raise ExchangeAccount.DoesNotExist("no such account")
    return account


def trades_of(symbol: str, rows: Sequence[Sequence[Any]]) -> list[PublicTrade]:
    return [
        PublicTrade(symbol, name, side, Decimal(price), Decimal(amount or 0), from_ms(at_ms))
        for name, side, price, amount, at_ms in rows
    ]


def candles_of(rows: Sequence[Sequence[Any]]) -> list[Candle]:
    return [Candle(from_ms(row[0]).astimezone(UTC), *(Decimal(text or 0) for text in row[1:])) for row in rows]


def closed(candle: Candle, timeframe: str, newest: Candle) -> bool:
    """A candle is over once a later one has begun."""
    return to_ms(candle.at) + TIMEFRAME_MS[timeframe] <= to_ms(newest.at)


def _quote(symbol: str, state: State) -> VenueQuote:
    return quote_of(symbol, state, alive_ms=state.at_ms)


def _book(symbol: str, state: State) -> OrderBook:
    bids, asks = (tuple((Decimal(price), Decimal(amount)) for price, amount in side) for side in state.data)
    return OrderBook(symbol, bids, asks, from_ms(state.at_ms))
