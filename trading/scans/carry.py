"""What funding makes of holding a pair: from recorded rates, or the venue's own of the last days."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from exchanges.adapters.paper_source import to_ms
from exchanges.history import candles
from exchanges.history.public_data import funding_page, kind_of
from trading.core.candles import Floats, Ints
from trading.models import ScannedPair

YEAR_MS: Final = 365 * 86_400_000
LEAST_MS: Final = 7 * 86_400_000
"""Rates over a shorter time say nothing about a year."""
RECENT: Final = timedelta(days=30)

Source = ScannedPair.CarrySource


def yearly_pct(stamps: Ints, rates: Floats) -> float | None:
    """What a long pays a year, in percent of its value: each payment stands for the time up to the next."""
    if len(stamps) < 2 or (length := int(stamps[-1] - stamps[0])) < LEAST_MS:
        return None
    return float(rates.sum()) * YEAR_MS / (length * len(stamps) / (len(stamps) - 1)) * 100.0


def recorded_pct(exchange: str, symbol: str, first_ms: int, end_ms: int) -> float | None:
    """Of the rates in the store between two instants; None where they are too few."""
    recorded = candles.load_funding(exchange, symbol)
    if recorded is None:
        return None
    stamps, rates = recorded
    within = slice(*np.searchsorted(stamps, (first_ms, end_ms)))
    return yearly_pct(stamps[within], rates[within])


def venue_pct(exchange: str, symbol: str, now: datetime) -> float | None:
    """Of the venue's last 30 days. Raises ExchangeError."""
    if kind_of(symbol) != "swap":
        return None
    return yearly_pct(*funding_page(exchange, symbol, since_ms=to_ms(now - RECENT)))


def carry_fill(row: ScannedPair, funding1: float | None, funding2: float | None, source: Source) -> None:
    """`carry_long_pct`: what long market 1 and short market 2 of the same value earn a year, in percent of one leg."""
    row.funding1_pct, row.funding2_pct = funding1, funding2
    if funding1 is None or funding2 is None:
        return
    row.carry_long_pct, row.carry_source = funding2 - funding1, source
