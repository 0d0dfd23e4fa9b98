"""The markets of a scan in memory: log closes, and what a position in each is paid or pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from exchanges.adapters.paper_source import from_ms, to_ms
from exchanges.history import candles
from trading.core.candles import Candles, Floats, Ints
from trading.core.pair_stats import log_prices
from trading.scans.carry import recorded_pct


@dataclass(frozen=True, slots=True)
class MarketSeries:
    """`times` are opening times in ms; `since` that of the first candle in the store; `funding_pct` what a long pays a
    year, None where too little is recorded."""

    symbol: str
    times: Ints
    values: Floats
    since: datetime
    funding_pct: float | None


def series_of(
    exchange: str, symbols: Sequence[str], timeframe: str, since: datetime | None, until: datetime | None
) -> list[MarketSeries | None]:
    """In the order of the symbols; None for one that is not stored any more."""
    found: list[MarketSeries | None] = []
    for symbol in symbols:
        stored = candles.load(exchange, symbol, timeframe)
        found.append(None if stored is None else _series(exchange, symbol, stored, since, until))
    return found


def _series(
    exchange: str, symbol: str, stored: Candles, since: datetime | None, until: datetime | None
) -> MarketSeries:
    first = 0 if since is None else int(np.searchsorted(stored.times, to_ms(since)))
    end = len(stored) if until is None else int(np.searchsorted(stored.times, to_ms(until)))
    times = stored.times[first:end]
    rate = recorded_pct(exchange, symbol, int(times[0]), int(times[-1])) if len(times) else None
    return MarketSeries(symbol, times, log_prices(stored.closes[first:end]), from_ms(int(stored.times[0])), rate)
