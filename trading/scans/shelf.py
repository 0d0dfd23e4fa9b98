"""What the candle store has to scan: how many markets of each exchange and candle length."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count

from exchanges.models import CandleSet, Exchange, shelf_name
from exchanges.timeframes import TIMEFRAME_MS

USUAL = (str(Exchange.PAPER), "1h")


@dataclass(frozen=True, slots=True)
class Stock:
    exchange: str
    timeframe: str
    markets: int

    @property
    def pairs(self) -> int:
        return self.markets * (self.markets - 1) // 2

    @property
    def exchange_name(self) -> str:
        return str(shelf_name(self.exchange))


class Shelf:
    """One query."""

    @cached_property
    def stocks(self) -> list[Stock]:
        """The fullest first; longer candles before shorter ones of as many markets."""
        counted = CandleSet.objects.values_list("exchange", "timeframe").annotate(markets=Count("pk"))
        known = [Stock(*row) for row in counted if row[1] in TIMEFRAME_MS]
        return sorted(known, key=lambda stock: (-stock.markets, abs(_hours(stock.timeframe))))

    @property
    def fullest(self) -> tuple[str, str]:
        """(exchange, timeframe) that a new scan begins with."""
        first = next((stock for stock in self.stocks if stock.markets > 1), None)
        return (first.exchange, first.timeframe) if first else USUAL

    @property
    def can_scan(self) -> bool:
        return any(stock.markets > 1 for stock in self.stocks)


def _hours(timeframe: str) -> float:
    """How far from an hour, in multiples: an hour is what scans are usually run on."""
    length, hour = TIMEFRAME_MS[timeframe], TIMEFRAME_MS["1h"]
    return max(length, hour) / min(length, hour) - 1
