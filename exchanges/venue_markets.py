"""What the accounts of one venue share: its markets, its quotes, its candles. Asked for once, however many bots look.

Quotes are read for all markets of a kind at once and shared by all processes.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import partial
from typing import TypeVar

from django.conf import settings

from exchanges import listings, shared
from exchanges.adapters.base import Candle, DayFigures, FundingOutlook, OrderBook, PublicTrade, VenueQuote
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.market_dialect import (
    FUNDING_LEAST_MS,
    Bar,
    MarketDialect,
    Rate,
    bars_page,
    newest_bars,
    rates_page,
)
from exchanges.adapters.paper_source import FundingRate, from_ms, to_ms
from exchanges.adapters.venues import Kind
from exchanges.errors import ExchangeError
from exchanges.stream.quotes import StreamedQuotes
from exchanges.stream.topics import Feed
from exchanges.timeframes import HOUR_MS

BOARD_KEPT_S = 60.0
RATES_KEPT_S = 60.0

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class _Board:
    """All quotes of a kind, read at a real time (seconds)."""

    quotes: Mapping[str, VenueQuote]
    read_at: float


class VenueMarkets:
    """Of one kind of market at one venue, through a client without keys."""

    def __init__(self, client: Client, dialect: MarketDialect, kind: Kind = "swap") -> None:
        self._client = client
        self._dialect = dialect
        self._kind = kind
        self._lock = threading.Lock()
        self._board = _Board({}, 0.0)
        self._feed = Feed(client.venue.exchange, client.access.testnet)
        self._streamed = StreamedQuotes(self._feed)

    def now_ms(self) -> int:
        """The venue's time. Raises ExchangeError."""
        return self._client.now_ms()

    def asked_ms(self) -> int:
        """The same, asked for now."""
        return self._client.asked_ms()

    def instruments(self) -> Mapping[str, Instrument]:
        return listings.instruments(self._client, self._kind)

    def quotes(self, symbols: Sequence[str], *, age_s: float | None = None) -> Mapping[str, VenueQuote]:
        """Those that have one: from the venue's sockets while they bring fresh ones, else from a reading of at most
        that age, `QUOTE_CACHE_TTL` for a bot's look.

        Raises ExchangeError.
        """
        found = self._from_sockets(symbols)
        if len(found) == len(symbols):
            return found
        board = self._board_of(settings.QUOTE_CACHE_TTL if age_s is None else age_s)
        return {symbol: board.quotes[symbol] for symbol in symbols if symbol in board.quotes} | found

    def candles(self, symbol: str, timeframe: str, *, since_ms: int | None, limit: int) -> Sequence[Candle]:
        """Closed ones, oldest first; none of a length that the venue does not offer. Raises ExchangeError."""
        if timeframe not in self._dialect.timeframes:
            return []
        market = self.instruments()[symbol]
        size = min(limit, self._client.venue.candle_page)
        rows: list[Bar] = []
        if since_ms is None:
            rows = newest_bars(self._dialect, self._client, market, timeframe, limit)
        while since_ms is not None and len(rows) < limit:
            page = bars_page(self._dialect, self._client, market, timeframe, since_ms, min(size, limit - len(rows)))
            if not page:
                break
            rows += page
            since_ms = page[-1].at_ms + 1
        return [_candle(bar) for bar in rows[:limit]]

    def book(self, symbol: str, depth: int) -> OrderBook:
        """At most `ORDERBOOK_CACHE_TTL` old. Raises ExchangeError."""
        market = self.instruments()[symbol]
        read = partial(self._dialect.book, self._client, market, depth)
        return self._kept(f"book:{market.id}:{depth}", settings.ORDERBOOK_CACHE_TTL, read)

    def trades(self, symbol: str, limit: int) -> list[PublicTrade]:
        """The newest, oldest first; at most `ORDERBOOK_CACHE_TTL` old. Raises ExchangeError."""
        market = self.instruments()[symbol]
        read = partial(self._dialect.trades, self._client, market, limit)
        return self._kept(f"trades:{market.id}:{limit}", settings.ORDERBOOK_CACHE_TTL, read)

    def funding(self, symbol: str) -> FundingOutlook:
        """Of a swap; at most `TICKER_CACHE_TTL` old. Raises ExchangeError."""
        market = self.instruments()[symbol]
        read = partial(self._dialect.funding, self._client, market)
        return self._kept(f"funding:{market.id}", settings.TICKER_CACHE_TTL, read)

    def marks(self) -> Mapping[str, Decimal]:
        """Of all swaps; at most `TICKER_CACHE_TTL` old. Raises ExchangeError."""
        read = partial(self._dialect.marks, self._client, self._by_id())
        return self._kept("marks", settings.TICKER_CACHE_TTL, read)

    def days(self) -> Mapping[str, DayFigures]:
        """Of all markets over 24 hours; at most `MARKET_CACHE_TTL` old. Raises ExchangeError."""
        read = partial(self._dialect.days, self._client, self._kind, self._by_id())
        return self._kept("days", settings.MARKET_CACHE_TTL, read)

    def outlooks(self) -> Mapping[str, FundingOutlook]:
        """Funding of all swaps; at most `MARKET_CACHE_TTL` old. Raises ExchangeError."""
        read = partial(self._dialect.outlooks, self._client, self._by_id())
        return self._kept("outlooks", settings.MARKET_CACHE_TTL, read)

    def rates(self, symbol: str, since_ms: int) -> Sequence[FundingRate]:
        """Funding that was settled since the beginning of that hour, oldest first; what was settled within the last
        minute may be missing. Raises ExchangeError."""
        market, since = self.instruments()[symbol], since_ms // HOUR_MS * HOUR_MS
        return self._kept(f"rates:{market.id}:{since}", RATES_KEPT_S, partial(self._rates, market, since))

    def _rates(self, market: Instrument, since: int) -> list[FundingRate]:
        found: list[Rate] = []
        while page := rates_page(self._dialect, self._client, market, since, self._client.venue.funding_page):
            found += page
            since = page[-1].at_ms + 1
            if since + FUNDING_LEAST_MS > self._client.now_ms():
                break
        return [FundingRate(rate.at_ms, Decimal(rate.rate)) for rate in found]

    def _from_sockets(self, symbols: Sequence[str]) -> dict[str, VenueQuote]:
        """None while the venue's clock is not known: then nobody can say how old they are."""
        if not self._feed.is_open:
            return {}
        try:
            return self._streamed.fresh(symbols, self._client.now_ms())
        except ExchangeError:
            return {}

    def _by_id(self) -> dict[str, Instrument]:
        return {market.id: market for market in self.instruments().values()}

    def _kept(self, name: str, age_s: float, read: Callable[[], Kept]) -> Kept:
        key = f"{self._key}:{name}"
        found: Kept | None = shared.found(key)
        if found is None:
            found = read()
            shared.keep(key, found, age_s)
        return found

    def _board_of(self, age_s: float) -> _Board:
        asked = time.time()
        if 0 <= asked - self._board.read_at < age_s:
            return self._board
        with self._lock:
            if not -BOARD_KEPT_S <= asked - self._board.read_at < age_s:  # below 0: read while this one waited
                self._board = self._shared(age_s)
            return self._board

    def _shared(self, age_s: float) -> _Board:
        """Another process may have read it a moment ago."""
        board: _Board | None = shared.found(self._key)
        if board is None or not 0 <= time.time() - board.read_at < age_s:
            board = self._read()
            shared.keep(self._key, board, BOARD_KEPT_S)
        return board

    def _read(self) -> _Board:
        began = time.time()
        quotes = self._dialect.quotes(self._client, self._kind, self._by_id())
        if quotes:
            self._client.clock_compare(max(to_ms(quote.at) for quote in quotes))
        return _Board({quote.symbol: quote for quote in quotes}, began)

    @property
    def _key(self) -> str:
        access = self._client.access
        return f"quotes:{self._client.venue.exchange}:{access.testnet}:{access.base_url}:{self._kind}"


def _candle(bar: Bar) -> Candle:
    prices = (Decimal(text) for text in (bar.open, bar.high, bar.low, bar.close, bar.volume))
    return Candle(from_ms(bar.at_ms).astimezone(UTC), *prices)
