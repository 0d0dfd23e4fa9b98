"""Replays of stored candles: bar by bar as fast as bots settle them (`Tape`), or paced by the clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from exchanges.adapters.base import Candle
from exchanges.adapters.paper_series import (
    LoadCandles,
    LoadFunding,
    bar_index,
    closed_candles,
    exact,
    last_index,
    recorded_funding,
)
from exchanges.adapters.paper_source import FundingRate, Touch, spread_around, to_ms
from exchanges.timeframes import TIMEFRAME_MS
from trading.core.candles import Candles, Ints


@dataclass(frozen=True, slots=True)
class TapeBar:
    """One market's bar; prices as recorded."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """Which stored series are replayed, and between which opening times (both included)."""

    symbols: tuple[str, ...]
    timeframe: str
    start: datetime
    end: datetime | None
    candles: LoadCandles
    funding: LoadFunding


class Recording:
    def __init__(self, plan: Plan) -> None:
        self.symbols: Sequence[str] = plan.symbols
        self.bar_ms = TIMEFRAME_MS[plan.timeframe]
        self.start_ms = to_ms(plan.start)
        self.end_ms = to_ms(plan.end) if plan.end else None
        self._plan = plan
        self._times: tuple[list[Candles], Ints] | None = None

    def series(self, symbol: str) -> Candles | None:
        return self._plan.candles(symbol, self._plan.timeframe) if symbol in self.symbols else None

    def times(self) -> Ints:
        """Opening times of all bars that any of the markets has, in order; made anew when a series was."""
        series = [candles for symbol in self.symbols if (candles := self.series(symbol)) is not None]
        known = self._times
        if (
            known is None
            or len(known[0]) != len(series)
            or any(a is not b for a, b in zip(known[0], series, strict=True))
        ):
            known = self._times = series, self._united(series)
        return known[1]

    def _united(self, series: Sequence[Candles]) -> Ints:
        times = np.unique(np.concatenate([candles.times for candles in series])) if series else np.empty(0, np.int64)
        last = self.end_ms if self.end_ms is not None else int(times[-1]) if len(times) else 0
        return times[(times >= self.start_ms) & (times <= last)]

    def candles(
        self, symbol: str, timeframe: str, *, closed_by_ms: int, since_ms: int | None, limit: int
    ) -> list[Candle]:
        if symbol not in self.symbols:
            return []
        return closed_candles(
            self._plan.candles, symbol, timeframe, closed_by_ms=closed_by_ms, since_ms=since_ms, limit=limit
        )

    def funding(self, symbol: str, after_ms: int, until_ms: int) -> list[FundingRate]:
        return recorded_funding(self._plan.funding, symbol, after_ms, until_ms)


class Tape(Recording):
    """Stepped: an instant is the opening time of a bar, and that bar is over.

    Quotes are the close, less and more half the book's spread, without rounding to ticks.
    """

    def __init__(self, plan: Plan, *, half_spread: Decimal) -> None:
        super().__init__(plan)
        self._down, self._up = 1 - half_spread, 1 + half_spread

    def first(self) -> int | None:
        times = self.times()
        return int(times[0]) if len(times) else None

    def after(self, opened_ms: int) -> int | None:
        """The bar after that one; None at the tape's end."""
        times = self.times()
        i = int(np.searchsorted(times, opened_ms, side="right"))
        return int(times[i]) if i < len(times) else None

    def bar(self, symbol: str, opened_ms: int) -> TapeBar | None:
        series = self.series(symbol)
        i = None if series is None else bar_index(series, opened_ms)
        if series is None or i is None:
            return None
        return TapeBar(exact(series.opens[i]), exact(series.highs[i]), exact(series.lows[i]), exact(series.closes[i]))

    def touch(self, symbol: str, at_ms: int) -> Touch | None:
        series = self.series(symbol)
        i = None if series is None else bar_index(series, at_ms)
        if series is None or i is None:
            return None
        close = exact(series.closes[i])
        return Touch(close * self._down, close * self._up, close)

    def mark(self, symbol: str, at_ms: int) -> Decimal | None:
        series = self.series(symbol)
        i = None if series is None else last_index(series, at_ms)
        return None if series is None or i is None else exact(series.closes[i])

    def opening(self, symbol: str, at_ms: int) -> Decimal | None:
        """Open of the last bar that opened by then: what funding is reckoned on."""
        series = self.series(symbol)
        i = None if series is None else last_index(series, at_ms)
        return None if series is None or i is None else exact(series.opens[i])


class PacedReplay(Recording):
    """Within a bar the price goes from the open to the extreme behind it, to the one ahead, to the close."""

    def __init__(self, plan: Plan, *, half_spread: Decimal, ticks: Mapping[str, Decimal], speed: Decimal) -> None:
        super().__init__(plan)
        self._half_spread = half_spread
        self._ticks = ticks
        self._speed = float(speed)

    def clock_ms(self, opened_at: datetime, real_now: datetime) -> int:
        """Stands still at the end of the recording."""
        now_ms = self.start_ms + int((real_now - opened_at).total_seconds() * 1000 * self._speed)
        times = self.times()
        return min(now_ms, int(times[-1]) + self.bar_ms) if len(times) else self.start_ms

    def touch(self, symbol: str, at_ms: int) -> Touch | None:
        series = self.series(symbol)
        i = None if series is None else last_index(series, at_ms)
        if series is None or i is None or at_ms > series.times[i] + self.bar_ms:
            return None
        return spread_around(exact(round(self._price(series, i, at_ms), 12)), self._half_spread, self._ticks[symbol])

    def mark(self, symbol: str, at_ms: int) -> Decimal | None:
        series = self.series(symbol)
        i = None if series is None else last_index(series, at_ms)
        return None if series is None or i is None else exact(round(self._price(series, i, at_ms), 12))

    def extremes(self, symbol: str, after_ms: int, until_ms: int) -> tuple[Decimal, Decimal] | None:
        """Exact: the path's turning points and both ends."""
        series = self.series(symbol)
        if series is None:
            return None
        first, last = last_index(series, after_ms), last_index(series, until_ms)
        if last is None:
            return None
        prices = [self._price(series, last, until_ms)]
        for i in range(first or 0, last + 1):
            corners = (int(series.times[i]) + self.bar_ms * third // 3 for third in range(4))
            prices += [self._price(series, i, at) for at in corners if after_ms < at <= until_ms]
        return exact(round(min(prices), 12)), exact(round(max(prices), 12))

    def _price(self, series: Candles, i: int, at_ms: int) -> float:
        opened, close = float(series.opens[i]), float(series.closes[i])
        low, high = float(series.lows[i]), float(series.highs[i])
        path = (opened, low, high, close) if close >= opened else (opened, high, low, close)
        progress = min((at_ms - int(series.times[i])) / self.bar_ms, 1.0) * 3
        third = min(int(progress), 2)
        return path[third] + (path[third + 1] - path[third]) * (progress - third)
