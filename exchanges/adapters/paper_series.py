"""Stored candles as the paper venue reads them."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import numpy as np

from exchanges.adapters.base import Candle
from exchanges.adapters.paper_source import FundingRate, from_ms
from exchanges.timeframes import MINUTE_MS, TIMEFRAME_MS
from trading.core.candles import Candles, Floats, Ints

LoadCandles = Callable[[str, str], Candles | None]
"""(symbol, timeframe) -> the whole stored series; cheap to ask again."""

LoadFunding = Callable[[str], tuple[Ints, Floats] | None]
"""symbol -> stamps in ms and rates as fractions."""


def exact(value: float) -> Decimal:
    """The decimal number that the recording wrote."""
    return Decimal(repr(float(value)))


def bar_index(series: Candles, opened_ms: int) -> int | None:
    """Of the bar that opened exactly then."""
    i = int(np.searchsorted(series.times, opened_ms))
    return i if i < len(series) and series.times[i] == opened_ms else None


def last_index(series: Candles, opened_by_ms: int) -> int | None:
    """Of the last bar that opened at or before an instant."""
    i = int(np.searchsorted(series.times, opened_by_ms, side="right")) - 1
    return i if i >= 0 else None


def closed_candles(
    load: LoadCandles, symbol: str, timeframe: str, *, closed_by_ms: int, since_ms: int | None, limit: int
) -> list[Candle]:
    """From the series of that length or, where there is none, put together from a finer one; oldest first."""
    length = TIMEFRAME_MS.get(timeframe)
    if length is None:
        return []
    series = load(symbol, timeframe)
    if series is None:
        series = _from_finer(load, symbol, length, closed_by_ms, since_ms, limit)
    if series is None:
        return []
    end = int(np.searchsorted(series.times, closed_by_ms - length, side="right"))
    first = max(end - limit, 0) if since_ms is None else int(np.searchsorted(series.times, since_ms))
    return [candle(series, i) for i in range(first, min(end, first + limit))]


def candle(series: Candles, i: int) -> Candle:
    return Candle(
        from_ms(int(series.times[i])),
        exact(series.opens[i]),
        exact(series.highs[i]),
        exact(series.lows[i]),
        exact(series.closes[i]),
        exact(series.volumes[i]),
    )


def recorded_funding(load: LoadFunding, symbol: str, after_ms: int, until_ms: int) -> list[FundingRate]:
    """Stamps count rounded to the minute: venues write them some milliseconds late."""
    series = load(symbol)
    if series is None:
        return []
    stamps, rates = series
    minutes = (stamps + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    first, end = np.searchsorted(minutes, [after_ms, until_ms], side="right")
    return [FundingRate(int(minutes[i]), exact(rates[i])) for i in range(int(first), int(end))]


def _from_finer(
    load: LoadCandles, symbol: str, length: int, closed_by_ms: int, since_ms: int | None, limit: int
) -> Candles | None:
    for finer in _finer(length):
        series = load(symbol, finer)
        if series is not None:
            first_ms = closed_by_ms - (limit + 1) * length if since_ms is None else since_ms
            last_ms = closed_by_ms if since_ms is None else min(closed_by_ms, since_ms + (limit + 1) * length)
            return _grouped(series, length, first_ms, last_ms)
    return None


def _finer(length: int) -> Iterable[str]:
    """Lengths that divide this one, the longest first."""
    return (
        name for name, ms in sorted(TIMEFRAME_MS.items(), key=lambda item: -item[1]) if ms < length and length % ms == 0
    )


def _grouped(series: Candles, length: int, first_ms: int, last_ms: int) -> Candles:
    """Bars of `length` that open within the time given, from whatever finer bars there are."""
    first, end = np.searchsorted(series.times, [first_ms - first_ms % length, last_ms])
    times = series.times[first:end] // length * length
    if not len(times):
        return _sliced(series, slice(0, 0))
    starts = np.flatnonzero(np.r_[True, times[1:] != times[:-1]])
    ends = np.r_[starts[1:], len(times)] - 1
    part = _sliced(series, slice(int(first), int(end)))
    return Candles(
        times[starts],
        part.opens[starts],
        np.maximum.reduceat(part.highs, starts),
        np.minimum.reduceat(part.lows, starts),
        part.closes[ends],
        np.add.reduceat(part.volumes, starts),
    )


def _sliced(series: Candles, rows: slice) -> Candles:
    return Candles(
        series.times[rows],
        series.opens[rows],
        series.highs[rows],
        series.lows[rows],
        series.closes[rows],
        series.volumes[rows],
    )
