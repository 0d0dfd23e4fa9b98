"""Which pairs the candle store can back-test: markets of one exchange, the candle lengths and the time both have."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from exchanges.models import CandleSet, FundingSet
from exchanges.symbols import settle_of
from exchanges.timeframes import TIMEFRAME_MS

TRIED_MOST: Final = 12


@dataclass
class StoredMarket:
    """`sets` by timeframe, the shortest first."""

    exchange: str
    symbol: str
    sets: dict[str, CandleSet] = field(default_factory=dict)
    funding: FundingSet | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """`until`: when the last bar that both have closes."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since


class Catalogue:
    """Two queries, whatever is asked of it."""

    def __init__(self) -> None:
        self._markets: dict[tuple[str, str], StoredMarket] = {}
        for row in sorted(CandleSet.objects.all(), key=lambda row: TIMEFRAME_MS.get(row.timeframe, 0)):
            market = self._markets.setdefault((row.exchange, row.symbol), StoredMarket(row.exchange, row.symbol))
            market.sets[row.timeframe] = row
        for funding in FundingSet.objects.all():
            if known := self._markets.get((funding.exchange, funding.symbol)):
                known.funding = funding

    @property
    def exchanges(self) -> list[str]:
        return sorted({exchange for exchange, _symbol in self._markets})

    def markets(self, exchange: str) -> list[StoredMarket]:
        found = [market for market in self._markets.values() if market.exchange == exchange]
        return sorted(found, key=lambda market: market.symbol)

    def market(self, exchange: str, symbol: str) -> StoredMarket | None:
        return self._markets.get((exchange, symbol))

    def timeframes(self, exchange: str, symbol1: str, symbol2: str) -> list[str]:
        """Those that both have over some common time, the shortest first."""
        one, two = self.market(exchange, symbol1), self.market(exchange, symbol2)
        if one is None or two is None:
            return []
        return [name for name in one.sets if self.overlap(exchange, symbol1, symbol2, name)]

    def overlap(self, exchange: str, symbol1: str, symbol2: str, timeframe: str) -> Overlap | None:
        sets = [
            market.sets[timeframe]
            for market in (self.market(exchange, symbol1), self.market(exchange, symbol2))
            if market and timeframe in market.sets
        ]
        if len(sets) < 2:
            return None
        since, last = max(row.first_at for row in sets), min(row.last_at for row in sets)
        return Overlap(since, last + timedelta(milliseconds=TIMEFRAME_MS[timeframe])) if last >= since else None

    def first_pair(self) -> tuple[str, str, str] | None:
        """(exchange, market 1, market 2) of those whose common time is longest; None in a store without pairs."""
        found: list[tuple[timedelta, str, str, str]] = []
        for exchange in self.exchanges:
            markets = sorted(self.markets(exchange), key=_length, reverse=True)[:TRIED_MOST]
            for place, one in enumerate(markets):
                found += [_candidate(self, one, two) for two in markets[place + 1 :] if _fits(one, two)]
        best = max(found, key=lambda candidate: candidate[0], default=None)
        return best[1:] if best and best[0] else None


def _length(market: StoredMarket) -> timedelta:
    return max(row.last_at - row.first_at for row in market.sets.values())


def _fits(one: StoredMarket, two: StoredMarket) -> bool:
    return settle_of(one.symbol) == settle_of(two.symbol)


def _candidate(catalogue: Catalogue, one: StoredMarket, two: StoredMarket) -> tuple[timedelta, str, str, str]:
    names = catalogue.timeframes(one.exchange, one.symbol, two.symbol)
    overlaps = [catalogue.overlap(one.exchange, one.symbol, two.symbol, name) for name in names]
    longest = max((overlap.length for overlap in overlaps if overlap), default=timedelta())
    return longest, one.exchange, one.symbol, two.symbol
