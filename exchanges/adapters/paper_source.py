"""Where the paper venue's prices come from. Times in ms UTC; prices `Decimal`, exactly as the source has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from exchanges.adapters.base import Candle
from trading.core.position import BUY, SELL
from trading.core.sizing import round_price


@dataclass(frozen=True, slots=True)
class Touch:
    bid: Decimal
    ask: Decimal
    mid: Decimal


@dataclass(frozen=True, slots=True)
class FundingRate:
    """What a long position pays of its value at `at_ms`, as a fraction."""

    at_ms: int
    rate: Decimal


class Source(Protocol):
    @property
    def symbols(self) -> Sequence[str]: ...

    def touch(self, symbol: str, at_ms: int) -> Touch | None:
        """None where the market has no price at that instant."""
        ...

    def mark(self, symbol: str, at_ms: int) -> Decimal | None:
        """The last price known at that instant, however old: what a position is valued at."""
        ...

    def candles(
        self, symbol: str, timeframe: str, *, closed_by_ms: int, since_ms: int | None, limit: int
    ) -> list[Candle]: ...

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> list[FundingRate]:
        """Rates with after < stamp <= until, oldest first."""
        ...


class RunningSource(Source, Protocol):
    """Prices that run with the clock on the wall."""

    def clock_ms(self, opened_at: datetime, real_now: datetime) -> int:
        """The market's time for an account that was opened at a real time."""
        ...

    def extremes(self, symbol: str, after_ms: int, until_ms: int) -> tuple[Decimal, Decimal] | None:
        """Lowest and highest price (mid) within that time."""
        ...


def spread_around(price: Decimal, half_spread: Decimal, tick: Decimal) -> Touch:
    """A book of whole ticks around a price, at least one tick wide."""
    bid = round_price(price * (1 - half_spread), tick, BUY)
    ask = round_price(price * (1 + half_spread), tick, SELL)
    return Touch(bid, max(ask, bid + tick), price)


def to_ms(moment: datetime) -> int:
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * 1000 + moment.microsecond // 1000


def from_ms(at_ms: int) -> datetime:
    seconds, ms = divmod(at_ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)
