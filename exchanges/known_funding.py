"""What funding a market has paid so far, for strategies that live on it: asked of the venue once an hour at most."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from exchanges.history import candles, public_data, simulated_shelf
from exchanges.models import ExchangeAccount, PaperSource
from trading.core.candles import Floats, Ints, Rates

REACH: Final = timedelta(days=91)
"""How far back it is asked for: further than any built-in strategy looks."""
PAGES_MOST: Final = 20
HOUR_MS: Final = 3_600_000
JUST_PAID_MS: Final = 120_000
"""A venue may need so long to publish what it has just paid."""


def known_funding(account: ExchangeAccount, symbol: str, now: datetime) -> Rates | None:
    """Up to `now`, the market's time; None where the source tells nothing. Raises ExchangeError."""
    now_ms = round(now.timestamp() * 1000)
    since_ms = now_ms - round(REACH.total_seconds() * 1000)
    if account.is_paper and account.paper_source == PaperSource.REPLAY:
        stored = candles.load_funding(account.paper_venue, symbol)
        return stored and Rates(*stored).until(now_ms)
    if account.is_paper and account.paper_source == PaperSource.SIMULATED:
        paid = simulated_shelf.simulation_of(account).funding(symbol, since_ms, now_ms)
        stamps = np.array([rate.at_ms for rate in paid], dtype=np.int64)
        return Rates(stamps, np.array([float(rate.rate) for rate in paid], dtype=np.float64))
    stamps, rates = _published(account.rules_venue, symbol, (now_ms - JUST_PAID_MS) // HOUR_MS)
    return Rates(stamps, rates).until(now_ms)


@lru_cache(maxsize=256)
def _published(exchange: str, symbol: str, hour: int) -> tuple[Ints, Floats]:
    since = hour * HOUR_MS - round(REACH.total_seconds() * 1000)
    stamps, rates = [np.empty(0, np.int64)], [np.empty(0)]
    for _ in range(PAGES_MOST):
        page = public_data.funding_page(exchange, symbol, since_ms=since)
        if not len(page[0]):
            break
        stamps.append(page[0])
        rates.append(page[1])
        since = int(page[0][-1]) + 1
    return np.concatenate(stamps), np.concatenate(rates)
