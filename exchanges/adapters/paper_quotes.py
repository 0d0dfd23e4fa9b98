"""Prices of the paper venue as a real venue tells them to everybody.

Whatever a visit needs is asked before the account's books are opened, as one `Look`: no question waits inside a
transaction, and one visit sees one market.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from exchanges.adapters.base import Candle, VenueQuote
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.paper_source import FundingRate, Touch
from trading.core.sizing import MarketRules


class PublicMarkets(Protocol):
    """What everybody at the venue sees, shared by all accounts (`exchanges.venue_markets`). May raise ExchangeError."""

    def now_ms(self) -> int: ...

    def asked_ms(self) -> int: ...

    def instruments(self) -> Mapping[str, Instrument]: ...

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]: ...

    def marks(self) -> Mapping[str, Decimal]: ...

    def candles(self, symbol: str, timeframe: str, *, since_ms: int | None, limit: int) -> Sequence[Candle]: ...

    def rates(self, symbol: str, since_ms: int) -> Sequence[FundingRate]: ...


class Adapted(Protocol):
    def __call__(self, market: Instrument) -> MarketRules | None:
        """The rules of the account for a market; None where it is not traded there."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """Funding that is not booked yet, and the price on which it is reckoned."""

    rate: FundingRate
    price: Decimal


@dataclass(frozen=True, slots=True)
class Look:
    """`ranges`: lowest and highest trade between `since_ms`, when the account was last settled, and `at_ms`, of the
    markets where orders rest."""

    since_ms: int
    at_ms: int
    quotes: Mapping[str, VenueQuote]
    marks: Mapping[str, Decimal]
    ranges: Mapping[str, tuple[Decimal, Decimal]]
    funding: Mapping[str, Sequence[Due]]


class ListedRules(Mapping[str, MarketRules]):
    """As the venue listed them at the last renewal. What it lists no more stays, not traded."""

    def __init__(self, markets: PublicMarkets, adapted: Adapted) -> None:
        self._markets = markets
        self._adapted = adapted
        self._known: tuple[Mapping[str, Instrument] | None, Mapping[str, MarketRules]] = None, {}

    def renew(self) -> None:
        """Raises ExchangeError."""
        found = self._markets.instruments()
        listed, before = self._known
        if found is listed:
            return
        rules = {symbol: own for symbol, market in found.items() if (own := self._adapted(market)) is not None}
        gone = {symbol: replace(old, active=False) for symbol, old in before.items() if symbol not in rules}
        self._known = found, gone | rules

    def __getitem__(self, symbol: str) -> MarketRules:
        return self._known[1][symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known[1])

    def __len__(self) -> int:
        return len(self._known[1])


class _Seen(threading.local):
    look: Look | None = None


class LiveQuotes:
    """The source of a visit: answers from the thread's look."""

    def __init__(self, markets: PublicMarkets, rules: ListedRules) -> None:
        self.markets = markets
        self.rules = rules
        self._seen = _Seen()

    @property
    def symbols(self) -> Sequence[str]:
        return list(self.rules)

    @contextmanager
    def seeing(self, look: Look) -> Iterator[None]:
        self._seen.look = look
        try:
            yield
        finally:
            self._seen.look = None

    def clock_ms(self, opened_at: datetime, real_now: datetime) -> int:
        look = self._seen.look
        return self.markets.now_ms() if look is None else look.at_ms

    def touch(self, symbol: str, at_ms: int) -> Touch | None:
        quote = self._look.quotes.get(symbol)
        return None if quote is None else Touch(quote.bid, quote.ask, quote.mid)

    def mark(self, symbol: str, at_ms: int) -> Decimal | None:
        """The venue's mark price; the middle of the book of a market in which nothing is held."""
        look = self._look
        if symbol in look.marks:
            return look.marks[symbol]
        return look.quotes[symbol].mid if symbol in look.quotes else None

    def extremes(self, symbol: str, after_ms: int, until_ms: int) -> tuple[Decimal, Decimal] | None:
        """None also where another visit has settled the account since this one looked: what came by then was its."""
        return self._look.ranges.get(symbol) if after_ms == self._look.since_ms else None

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> list[FundingRate]:
        return [due.rate for due in self._look.funding.get(symbol, ())]

    def due(self) -> Mapping[str, Sequence[Due]]:
        return self._look.funding

    def candles(
        self, symbol: str, timeframe: str, *, closed_by_ms: int, since_ms: int | None, limit: int
    ) -> list[Candle]:
        if symbol not in self.markets.instruments():
            return []
        return list(self.markets.candles(symbol, timeframe, since_ms=since_ms, limit=limit))

    @property
    def _look(self) -> Look:
        if self._seen.look is None:
            raise RuntimeError("nobody has looked at the venue")
        return self._seen.look
