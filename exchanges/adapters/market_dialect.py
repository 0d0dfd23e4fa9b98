"""What everybody may ask a venue about its markets, as each venue says it. Numbers stay texts until here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from exchanges.adapters.base import DayFigures, FundingOutlook, OrderBook, PublicTrade, VenueQuote
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.paper_source import from_ms
from exchanges.adapters.venue_clock import AHEAD_MS
from exchanges.adapters.venues import Kind
from exchanges.errors import Rejected, Unavailable
from exchanges.timeframes import TIMEFRAME_MS

FUNDING_LEAST_MS: Final = 3_600_000
"""No venue settles funding more often than hourly."""

VOUCHED_MS: Final = 10_000
"""How long a book may stand still while its venue still answers for it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle; `at_ms` its opening time, volume in base units. `closed` is None where the venue does not say."""

    at_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    closed: bool | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    at_ms: int
    rate: str


class MarketDialect(Protocol):
    """`spans`: the venue wants both ends of the period; with one end it would answer with the newest of it.

    Every method raises ExchangeError.
    """

    spans: bool
    timeframes: dict[str, str]

    def bars(
        self, client: Client, market: Instrument, timeframe: str, since_ms: int, until_ms: int, limit: int
    ) -> list[Bar]:
        """Candles that open within since <= at < until, in any order; `limit` of them at most."""
        ...

    def rates(self, client: Client, market: Instrument, since_ms: int, until_ms: int, limit: int) -> list[Rate]: ...

    def quotes(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> list[VenueQuote]:
        """Of all markets of a kind, these by the venue's id; those without both sides of a book are left out."""
        ...

    def book(self, client: Client, market: Instrument, depth: int) -> OrderBook: ...

    def trades(self, client: Client, market: Instrument, limit: int) -> list[PublicTrade]:
        """The newest, oldest first."""
        ...

    def funding(self, client: Client, market: Instrument) -> FundingOutlook: ...

    def marks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, Decimal]:
        """Mark prices of these swaps (by the venue's id) by our symbol, in one question for each category."""
        ...

    def days(self, client: Client, kind: Kind, markets: Mapping[str, Instrument]) -> dict[str, DayFigures]:
        """Of these markets (by the venue's id) by our symbol, in one question for each category."""
        ...

    def outlooks(self, client: Client, markets: Mapping[str, Instrument]) -> dict[str, FundingOutlook]:
        """Funding of these swaps by our symbol, in one question for each category."""
        ...


def bars_page(
    dialect: MarketDialect, client: Client, market: Instrument, timeframe: str, since_ms: int, limit: int
) -> list[Bar]:
    """Closed candles from `since_ms` on, oldest first; empty only when the venue has none after it.

    Raises ExchangeError.
    """
    if timeframe not in dialect.timeframes:
        raise Rejected(f"{timeframe} candles are not offered there", code="timeframe")
    length, now = TIMEFRAME_MS[timeframe], client.now_ms()
    start = -(-max(since_ms, market.listed_ms - length + 1) // length) * length
    while start + length <= now:
        end = start + limit * length
        found = _whole(dialect, client, market, timeframe, start, end, limit)
        closed = [bar for bar in found if bar.at_ms + length <= now and bar.closed is not False]
        if closed or not dialect.spans:
            return closed
        start = end
    return []


def rates_page(dialect: MarketDialect, client: Client, market: Instrument, since_ms: int, limit: int) -> list[Rate]:
    """Settled funding rates from `since_ms` on, oldest first; empty only when there are none after it."""
    now = client.now_ms()
    start = max(since_ms, market.listed_ms)
    if client.venue.funding_days is not None:
        start = max(start, now - client.venue.funding_days * 86_400_000)
    span = limit * (FUNDING_LEAST_MS if dialect.spans else 400 * 24 * FUNDING_LEAST_MS)
    while start <= now:
        found = sorted(dialect.rates(client, market, start, start + span, limit), key=lambda rate: rate.at_ms)
        settled = [rate for rate in found if start <= rate.at_ms <= now]
        if settled or not dialect.spans:
            return settled
        start += span
    return []


def newest_bars(dialect: MarketDialect, client: Client, market: Instrument, timeframe: str, limit: int) -> list[Bar]:
    """The newest closed candles, oldest first."""
    length = TIMEFRAME_MS[timeframe]
    since = client.now_ms() // length * length - limit * length
    return bars_page(dialect, client, market, timeframe, since, limit)[-limit:]


def _whole(
    dialect: MarketDialect, client: Client, market: Instrument, timeframe: str, start: int, end: int, limit: int
) -> list[Bar]:
    """A venue that answers with fewer than it was asked for leaves out the oldest: those are asked for again."""
    found: list[Bar] = []
    while True:
        part = dialect.bars(client, market, timeframe, start, end, limit)
        last = end if dialect.spans else client.now_ms() + 1  # other venues answer with what comes after a hole
        part = sorted((bar for bar in part if start <= bar.at_ms < last), key=lambda bar: bar.at_ms)
        found = part + found
        if not dialect.spans or not part or part[0].at_ms == start or len(part) < 100:
            return found
        end = part[0].at_ms


def quote_of(
    market: Instrument, *, bid: str, ask: str, sizes: tuple[str, str], last: str, stamp_ms: int, asked_ms: int
) -> VenueQuote | None:
    """None without both sides. A book that did not move for a moment is as good as its answer: it has the time at which
    it was asked for; one that has stood still for longer keeps its own."""
    if not (bid and ask) or not (Decimal(bid) > 0 and Decimal(ask) > 0):
        return None
    at = from_ms(asked_ms if -AHEAD_MS <= asked_ms - stamp_ms <= VOUCHED_MS else stamp_ms)
    middle = (Decimal(bid) + Decimal(ask)) / 2
    return VenueQuote(
        symbol=market.rules.symbol,
        bid=Decimal(bid),
        ask=Decimal(ask),
        at=at,
        alive_at=at,
        last=Decimal(last) if last else middle,
        bid_size=market.to_base(sizes[0] or "0"),
        ask_size=market.to_base(sizes[1] or "0"),
    )


def levels(market: Instrument, rows: Sequence[Sequence[str]]) -> tuple[tuple[Decimal, Decimal], ...]:
    """Of [price, amount, …] in the venue's amounts."""
    return tuple((Decimal(row[0]), market.to_base(row[1])) for row in rows)


def prices_by_symbol(markets: Mapping[str, Instrument], rows: Iterable[tuple[str, str]]) -> dict[str, Decimal]:
    """Of (the venue's id, price); without those that have none."""
    return {markets[name].rules.symbol: Decimal(price) for name, price in rows if name in markets and price}


def day_of(now: str, before: str, volume: str, *, price: str = "1") -> DayFigures:
    """Of the prices now and 24 hours ago, and the volume, which is worth `price` in quote currency."""
    known = bool(now and before) and Decimal(before) > 0
    return DayFigures(
        (Decimal(now) / Decimal(before) - 1) * 100 if known else None,
        Decimal(volume) * Decimal(price) if volume and price else None,
    )


def rows_of(payload: object, *path: str) -> Sequence[object]:
    """The list at the end of the path. Raises Unavailable for an answer of another shape."""
    for name in path:
        payload = payload.get(name) if isinstance(payload, dict) else None
    if not isinstance(payload, list):
        raise Unavailable("the answer has another form than documented", code="unreadable")
    return payload
