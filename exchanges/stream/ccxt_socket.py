"""A venue's public sockets through ccxt.pro: which message it takes, and what of it is kept.

ccxt opens and keeps the connections, subscribes and merges what venues send in parts. It asks nothing over REST: the
markets come from our own listing, and the one book that begins with a question is read by our client.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

from django.conf import settings

from exchanges.adapters.access import NO_KEYS, Keys
from exchanges.adapters.base_urls import rewritten
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.venues import VENUES
from exchanges.stream.topics import OHLCV, ORDERBOOK, TICKER, TRADES, Feed, Topic

BOOK_LEVELS: Final = 50
BOOK_DEPTH: Final[Mapping[str, int | None]] = {"okx": None, "binance": None, "bybit": BOOK_LEVELS}
"""What is subscribed; None for the venue's usual book."""
CANDLES_KEPT: Final = 3
LEAVE_S: Final = 2.0
"""How long a venue may take to say that it has understood an unsubscription."""
STREAMS_MAX: Final = 1_000
"""Of one connection; Binance allows 1,024."""

Fields = tuple[str, str, str, str, str]
QUOTE_FIELDS: Final[Mapping[str, Fields]] = {
    "okx": ("bidPx", "askPx", "bidSz", "askSz", "last"),
    "binance": ("b", "a", "B", "A", ""),
    "bybit": ("bid1Price", "ask1Price", "bid1Size", "ask1Size", "lastPrice"),
}
"""Bid, ask, their sizes and the last price in a venue's own message, as texts."""

T = TypeVar("T")


class SocketLost(Exception):
    """The connection is gone or never came about: everything has to be subscribed anew."""


class TopicRefused(Exception):
    """The venue does not want to send this one."""


class KeyRefused(TopicRefused):
    """Nor anything else that needs a key."""


@dataclass(frozen=True, slots=True)
class Heard:
    """`at_ms` is the venue's time, 0 where it names none. Amounts are base units; `data` by channel:
    ticker [bid, ask, last, bid size, ask size] · orderbook [bids, asks] of [price, amount] · trades [[id, side, price,
    amount, ms], …], the new ones · ohlcv [[ms, open, high, low, close, volume], …], the newest."""

    at_ms: int
    data: Any


class BookReader(Protocol):
    def __call__(self, market: Instrument, depth: int) -> Mapping[str, Any]:
        """A book as the venue answers it over REST. Raises ExchangeError."""
        ...


@cache
def _pro() -> Any:
    """Loaded by the first socket: a collector without work does without it."""
    return import_module("ccxt.pro")


class VenueSocket:
    """One life of a feed's connections: after `SocketLost` it is closed and another one made."""

    def __init__(self, feed: Feed, read_book: BookReader) -> None:
        self._feed = feed
        self._markets: dict[str, Instrument] = {}
        self._ccxt = made(feed, Quiet)
        self._ccxt.read_book = lambda symbol: read_book(self._markets[symbol], STREAMS_MAX)

    def know(self, markets: Mapping[str, Instrument]) -> None:
        """Markets that may be subscribed from now on."""
        if new := {symbol: market for symbol, market in markets.items() if symbol not in self._markets}:
            self._markets |= new
            self._ccxt.set_markets([_described(market) for market in self._markets.values()])

    async def heard(self, topic: Topic) -> Heard | None:
        """The next message; the first call subscribes. None for one that says nothing. Raises SocketLost,
        TopicRefused."""
        try:
            return await translated(_LISTEN[topic.channel](self, topic))
        except (_pro().InvalidNonce, _pro().UnsubscribeError):
            return None  # the book has a hole, and ccxt begins it anew

    async def leave(self, topic: Topic) -> None:
        """Unsubscribes; what does not work costs messages that nobody reads."""
        call, *arguments = self._leaving(topic)
        depth = BOOK_DEPTH[self._feed.exchange] if topic.channel == ORDERBOOK else None
        params = {} if depth is None else {"limit": depth}
        with suppress(_pro().BaseError, TimeoutError, LookupError):
            await asyncio.wait_for(getattr(self._ccxt, call)(*arguments, params=params), LEAVE_S)

    async def close(self) -> None:
        try:
            await self._ccxt.close()
        except asyncio.CancelledError:
            await self._ccxt.close()  # it was interrupted half-way
            raise

    # --- channels ---

    async def _ticker(self, topic: Topic) -> Heard | None:
        method, held = self._quoting(topic.symbol)
        await getattr(self._ccxt, method)([topic.symbol], params=_quote_params(self._feed.exchange))
        ticker = getattr(self._ccxt, held).get(topic.symbol)  # the newest of several that came at once
        if ticker is None:
            return None
        texts = _quote_texts(self._feed.exchange, ticker)
        if texts is None:
            return None
        bid, ask, bid_size, ask_size, last = texts
        market = self._markets[topic.symbol]
        sizes = [_in_base(market, size) for size in (bid_size, ask_size)]
        return Heard(int(ticker.get("timestamp") or 0), [bid, ask, last, *sizes])

    async def _book(self, topic: Topic) -> Heard | None:
        await self._ccxt.watch_order_book(topic.symbol, BOOK_DEPTH[self._feed.exchange], params={})
        book = self._ccxt.orderbooks.get(topic.symbol)
        if book is None:
            return None
        market = self._markets[topic.symbol]
        sides = [_levels(market, book[side]) for side in ("bids", "asks")]
        return Heard(int(book["timestamp"] or 0), sides)

    async def _trades(self, topic: Topic) -> Heard | None:
        market = self._markets[topic.symbol]
        rows = [_trade(market, row) for row in await self._ccxt.watch_trades(topic.symbol, params={})]
        return Heard(max(row[-1] for row in rows), rows) if rows else None

    async def _candles(self, topic: Topic) -> Heard | None:
        await self._ccxt.watch_ohlcv(topic.symbol, topic.timeframe, params={})
        rows = list(self._ccxt.ohlcvs.get(topic.symbol, {}).get(topic.timeframe, ()))[-CANDLES_KEPT:]
        if not rows:
            return None
        return Heard(int(rows[-1][0]), [[int(row[0]), *map(_text, row[1:6])] for row in rows])

    def _quoting(self, symbol: str) -> tuple[str, str]:
        """The method, and where ccxt keeps what it has heard. Tickers hold the last price too, where they have both
        sides of the book."""
        if self._feed.exchange == "okx" or (self._feed.exchange == "bybit" and self._markets[symbol].kind == "swap"):
            return "watch_tickers", "tickers"
        return "watch_bids_asks", "bidsasks"

    def _leaving(self, topic: Topic) -> tuple[Any, ...]:
        if topic.channel == TICKER:
            method, _ = self._quoting(topic.symbol)
            return f"un_{method}", [topic.symbol]
        if topic.channel == OHLCV:
            return "un_watch_ohlcv", topic.symbol, topic.timeframe
        return "un_watch_order_book" if topic.channel == ORDERBOOK else "un_watch_trades", topic.symbol


_LISTEN: Final = {
    TICKER: VenueSocket._ticker,
    ORDERBOOK: VenueSocket._book,
    TRADES: VenueSocket._trades,
    OHLCV: VenueSocket._candles,
}


class Quiet:
    """In front of a ccxt class: no request of its own, and few connections."""

    read_book: Any

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        raise RuntimeError("sockets ask nothing over REST")

    async def fetch_rest_order_book_safe(self, symbol: str, limit: Any = None, params: Any = None) -> Any:
        """What Binance's book begins with, within our own budget."""
        answer = await asyncio.to_thread(self.read_book, symbol)
        book = self.parse_order_book(answer, symbol, answer.get("T"))  # type: ignore[attr-defined]
        return book | {"nonce": int(answer["lastUpdateId"])}

    def is_spot_url(self, client: Any) -> bool:
        """Binance's own address tells them apart by its host; ours may have been moved."""
        return not any(f"/{part}/ws" in client.url for part in ("public", "market", "private"))


async def translated(waiting: Awaitable[T]) -> T:
    """With ccxt's errors as ours; no text of them, which may hold a key. Raises SocketLost, TopicRefused."""
    errors = _pro()
    try:
        return await waiting
    except asyncio.CancelledError:
        if _is_being_cancelled():
            raise
        raise SocketLost("closed") from None  # ccxt ends what waits when it closes a connection
    except (errors.InvalidNonce, errors.UnsubscribeError):
        raise
    except errors.NetworkError as error:
        raise SocketLost(type(error).__name__) from None
    except errors.AuthenticationError as error:
        raise KeyRefused(type(error).__name__) from None
    except errors.BaseError as error:
        raise TopicRefused(type(error).__name__) from None


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def made(feed: Feed, front: type[Quiet], keys: Keys = NO_KEYS) -> Any:
    """A client of ccxt.pro with `front` before it."""
    venue = VENUES[feed.exchange]
    kind = type(f"{front.__name__}{venue.ccxt_id.title()}", (front, getattr(_pro(), venue.ccxt_id)), {})
    one = dict.fromkeys(("spot", "linear", "inverse"), 1)
    most = dict.fromkeys(one, STREAMS_MAX)
    options = {**venue.options, "streamLimits": one, "subscriptionLimitByStream": most, "tradesLimit": STREAMS_MAX}
    names = {"apiKey": keys.api_key, "secret": keys.secret, "password": keys.passphrase}
    client = kind({"enableRateLimit": False, "options": options, **names})
    if feed.testnet and feed.exchange == "binance":
        client.enable_demo_trading(True)
    elif feed.testnet:
        client.set_sandbox_mode(True)
    if feed.base_url:
        client.urls["api"]["ws"] = rewritten(client.urls["api"]["ws"], feed.base_url, client.hostname or "")
    if settings.EXCHANGE_PROXY:
        client.wsProxy = settings.EXCHANGE_PROXY
    return client


def _described(market: Instrument) -> dict[str, Any]:
    """As ccxt would have it from the venue's own list: what its sockets look at."""
    rules, kind = market.rules, market.kind
    return {
        "id": market.id,
        "lowercaseId": market.id.lower(),
        "symbol": rules.symbol,
        "base": rules.base,
        "quote": rules.quote,
        "settle": rules.settle if kind != "spot" else None,
        "type": kind,
        **{name: name == kind for name in ("spot", "swap", "future", "option")},
        "contract": kind != "spot",
        "linear": market.linear if kind != "spot" else None,
        "inverse": not market.linear if kind != "spot" else None,
        "contractSize": float(rules.contract_size) if kind != "spot" else None,
        "active": True,
        "precision": {"price": float(rules.price_tick), "amount": float(rules.amount_step / market.unit)},
        "info": {},
    }


def _quote_params(exchange: str) -> dict[str, Any]:
    return {"channel": "tickers"} if exchange == "okx" else {}


def _quote_texts(exchange: str, ticker: Mapping[str, Any]) -> Fields | None:
    """None without both sides of the book."""
    info = ticker.get("info")
    raw = info if isinstance(info, dict) else {}
    unified = ("bid", "ask", "bidVolume", "askVolume", "last")
    names = zip(QUOTE_FIELDS[exchange], unified, strict=True)
    bid, ask, bid_size, ask_size, last = (str(raw.get(own) or "") or _text(ticker.get(name)) for own, name in names)
    if not (bid and ask and Decimal(bid) > 0 and Decimal(ask) > 0):
        return None
    return bid, ask, bid_size, ask_size, last


def _levels(market: Instrument, side: Any) -> list[list[str]]:
    return [[_text(level[0]), _in_base(market, _text(level[1]))] for level in side[:BOOK_LEVELS]]


def _trade(market: Instrument, row: Mapping[str, Any]) -> list[Any]:
    amount = _in_base(market, _text(row["amount"]))
    return [str(row["id"] or ""), str(row["side"] or ""), _text(row["price"]), amount, int(row["timestamp"] or 0)]


def _in_base(market: Instrument, amount: str) -> str:
    return f"{market.to_base(amount):f}" if amount else ""


def _text(value: Any) -> str:
    """The shortest text of a number, which is the venue's own; empty for none."""
    return "" if value is None else f"{Decimal(repr(value) if isinstance(value, float) else str(value)):f}"
