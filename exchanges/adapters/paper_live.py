"""The paper venue on the live quotes of a real one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from django.db.models import Model, QuerySet

from exchanges.adapters.base import MarginMode, OrderRequest, VenueQuote
from exchanges.adapters.isolation import refuse_inside_transaction
from exchanges.adapters.paper import Terms
from exchanges.adapters.paper_books import Books
from exchanges.adapters.paper_chaos import Fault, FaultKind
from exchanges.adapters.paper_matching import Chance
from exchanges.adapters.paper_quotes import Due, LiveQuotes, Look
from exchanges.adapters.paper_running import RunningPaperVenue
from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.errors import Rejected, Unavailable
from exchanges.paper_models import WORKING, PaperFill, PaperFunding, PaperOrder, PaperPosition
from exchanges.timeframes import HOUR_MS, MINUTE_MS, TIMEFRAME_MS
from trading.core.order_state import OrderStatus
from trading.core.position import BUY
from trading.core.sizing import MarketRules

FUNDING_LATE_MS: Final = 10 * MINUTE_MS
"""So long after a full hour venues may still publish what was settled then."""
RANGE_TIMEFRAMES: Final = ("1m", "5m", "1h")
RANGE_BARS: Final = 1_000

Row = TypeVar("Row", bound=Model)


class LivePaperVenue(RunningPaperVenue):
    """Orders meet the venue's book as it is when somebody looks. Of a resting order's time between two looks the
    venue's candles tell whether trades went through its price."""

    _source: LiveQuotes

    def __init__(self, terms: Terms, source: LiveQuotes) -> None:
        super().__init__(terms, source.rules, source)

    def markets(self) -> Mapping[str, MarketRules]:
        """As listed now. Raises ExchangeError."""
        self._source.rules.renew()
        return self._source.rules

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]:
        refuse_inside_transaction()
        rules = self.markets()
        quotes = self._source.markets.quotes([symbol for symbol in symbols if symbol in rules])
        chaos = self.rehearsal()
        return {symbol: _frozen(quote, chaos.frozen_since(symbol)) for symbol, quote in quotes.items()}

    def set_leverage(self, symbol: str, *, leverage: int, margin_mode: MarginMode) -> None:
        refuse_inside_transaction()
        self.markets()
        super().set_leverage(symbol, leverage=leverage, margin_mode=margin_mode)

    def ping(self) -> datetime:
        """The venue's time, asked for now. Raises ExchangeError."""
        refuse_inside_transaction()
        return from_ms(self._source.markets.asked_ms())

    @contextmanager
    def _books(self) -> Iterator[Books]:
        refuse_inside_transaction()
        with self._source.seeing(self._look()), super()._books() as books:
            yield books

    def _accept(self, books: Books, request: OrderRequest) -> tuple[PaperOrder | None, dict[FaultKind, Fault]]:
        rules = self._rules.get(request.symbol)
        if rules is not None and not rules.active:
            raise Rejected(f"{request.symbol} is not traded there now", code="inactive")
        return super()._accept(books, request)

    # --- what a visit asks the venue ---

    def _look(self) -> Look:
        """Raises ExchangeError: without the venue there is no visit."""
        rules, markets = self.markets(), self._source.markets
        since, now = to_ms(self._wallet().settled_at), markets.now_ms()
        positions = {row.symbol: row.amount for row in self._rows(PaperPosition)}
        held = any(positions.values())
        return Look(
            since_ms=since,
            at_ms=now,
            quotes=markets.quotes(list(rules)),
            marks=markets.marks() if held else {},
            ranges=self._ranges(since, now),
            funding=self._funding_due(positions, since - FUNDING_LATE_MS, now),
        )

    def _ranges(self, since: int, now: int) -> dict[str, tuple[Decimal, Decimal]]:
        resting = self._rows(PaperOrder).filter(status__in=WORKING, type__in=("limit", "stop"))
        symbols = self._listed(resting.values_list("symbol", flat=True))
        found = {symbol: self._range(symbol, since, now) for symbol in symbols}
        return {symbol: extremes for symbol, extremes in found.items() if extremes is not None}

    def _range(self, symbol: str, since: int, now: int) -> tuple[Decimal, Decimal] | None:
        """Of whole candles within that time; None where it holds none. One question."""
        timeframe, first, count = _stretch(since, now)
        if count < 1:
            return None
        length = TIMEFRAME_MS[timeframe]
        bars = self._source.markets.candles(symbol, timeframe, since_ms=first * length, limit=count)
        inside = [bar for bar in bars if to_ms(bar.at) + length <= now]
        return (min(bar.low for bar in inside), max(bar.high for bar in inside)) if inside else None

    def _funding_due(self, positions: Mapping[str, Decimal], after: int, now: int) -> dict[str, list[Due]]:
        """Not booked yet, of what was held then; no question where no full hour was struck."""
        if now // HOUR_MS == after // HOUR_MS:
            return {}
        traded = self._rows(PaperFill).filter(at__gte=from_ms(after)).values_list("symbol", flat=True)
        symbols = self._listed([*(symbol for symbol, amount in positions.items() if amount), *traded])
        return {symbol: self._due(symbol, positions.get(symbol, Decimal(0)), after, now) for symbol in symbols}

    def _due(self, symbol: str, held: Decimal, after: int, now: int) -> list[Due]:
        booked = self._booked(symbol, after)
        return [
            Due(rate, self._price_at(symbol, rate.at_ms))
            for rate in self._source.markets.rates(symbol, after)
            if after < rate.at_ms <= now
            and from_ms(rate.at_ms) not in booked
            and self._held_at(symbol, held, rate.at_ms)
        ]

    def _price_at(self, symbol: str, at_ms: int) -> Decimal:
        """Close of the minute that ended there; the mark price of now where the venue has no such candle."""
        minute = at_ms // MINUTE_MS * MINUTE_MS - MINUTE_MS
        bars = self._source.markets.candles(symbol, "1m", since_ms=minute, limit=1)
        if bars and to_ms(bars[0].at) == minute:
            return bars[0].close
        mark = self._source.markets.marks().get(symbol)
        if mark is None:
            raise Unavailable(f"no price for {symbol}", code="no_price")
        return mark

    def _listed(self, symbols: Iterable[str]) -> set[str]:
        return set(symbols) & self._source.markets.instruments().keys()

    # --- what comes of it ---

    def _fund(self, books: Books, since: int) -> None:
        """Another visit may have booked it since this one looked."""
        for symbol, rows in self._source.due().items():
            booked = self._booked(symbol, since - FUNDING_LATE_MS)
            for due in rows:
                if from_ms(due.rate.at_ms) not in booked:
                    held = self._held_at(symbol, books.held(symbol), due.rate.at_ms)
                    books.fund(symbol, due.rate, due.price, held=held)

    def _chance_since(self, order: PaperOrder, since: int, moment: int) -> Chance | None:
        """Trades at a limit prove nothing for those who queue there: they must have gone a tick beyond it."""
        touch = self._source.touch(order.symbol, moment)
        if touch is None:
            return None
        low, high = self._source.extremes(order.symbol, since, moment) or (touch.ask, touch.bid)
        tick = self._rules[order.symbol].price_tick
        return Chance(touch.ask, touch.bid, min(touch.ask, low + tick), max(touch.bid, high - tick))

    def _settle(self, books: Books) -> None:
        for order in books.working():
            if order.symbol not in self._rules:
                books.order_end(order, OrderStatus.CANCELED, "the market is not listed any more")
        super()._settle(books)

    def _booked(self, symbol: str, after: int) -> set[datetime]:
        paid = self._rows(PaperFunding).filter(symbol=symbol, at__gte=from_ms(after))
        return set(paid.values_list("at", flat=True))

    def _held_at(self, symbol: str, held: Decimal, at_ms: int) -> Decimal:
        """Signed; by taking back the fills that came after."""
        later = self._rows(PaperFill).filter(symbol=symbol, at__gt=from_ms(at_ms))
        return held - sum((_signed(fill) for fill in later), Decimal(0))

    def _rows(self, model: type[Row]) -> QuerySet[Row]:
        return model._default_manager.filter(account_id=self.terms.account_id)


def _stretch(since: int, now: int) -> tuple[str, int, int]:
    """Candles of what length lie wholly within that time, the number of the first and how many; finest first."""
    for timeframe in RANGE_TIMEFRAMES:
        length = TIMEFRAME_MS[timeframe]
        first, end = -(-since // length), now // length
        if end - first <= RANGE_BARS:
            break
    return timeframe, first, min(end - first, RANGE_BARS)


def _frozen(quote: VenueQuote, since_ms: int | None) -> VenueQuote:
    if since_ms is None or quote.at <= from_ms(since_ms):
        return quote
    return replace(quote, at=from_ms(since_ms), alive_at=from_ms(since_ms))


def _signed(fill: PaperFill) -> Decimal:
    return fill.amount if fill.side == BUY else -fill.amount
