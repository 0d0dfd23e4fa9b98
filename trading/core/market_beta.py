"""How much a coin moves with the whole market, which BTC stands for."""

from typing import Final

import numpy as np

from trading.core.pair_stats import Floats, log_prices

LEAST_BARS: Final = 7 * 24


def beta(closes: Floats, market: Floats) -> float | None:
    """Slope of the coin's changes on the market's, both hourly, oldest first. None for too few, or a market that stood
    still. Raises ValueError for a price that is not above 0."""
    if len(closes) < LEAST_BARS or len(closes) != len(market):
        return None
    moved, with_market = np.diff(log_prices(closes)), np.diff(log_prices(market))
    moved, with_market = moved - moved.mean(), with_market - with_market.mean()
    scale = float(with_market @ with_market)
    return float(moved @ with_market) / scale if scale > 0.0 else None
