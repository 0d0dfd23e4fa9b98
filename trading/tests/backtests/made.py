"""Back-tests for tests: wishes, and runs over the generated pair of the candle store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from accounts.models import User
from bots.tests.factories import CHZ, GALA, ladder
from exchanges.history import candles
from exchanges.tests.series import BARS, START
from trading.backtests import running, services
from trading.core.candles import Candles
from trading.models import Backtest

NOW = datetime(2025, 6, 1, tzinfo=UTC)
END = START + timedelta(minutes=5 * BARS)

PARAMETERS: dict[str, Any] = {
    "investment_per_order": 100,
    "max_position_value": 100_000,
    "dca_config": ladder((0.3, 1.0), (0.3, 1.2), (0.5, 1.5)),
    "max_dca_times": 3,
    "profit_ratio": 0.3,
    "pause_after_close": False,
    "restart_after_stop_loss": True,
    "taker_fee": 0.0005,
    "slippage_bps": 1,
}


def wish(**fields: Any) -> dict[str, Any]:
    """A good back-test of the generated pair, as a form or the API sends it."""
    return {
        "name": "GALA against CHZ",
        "strategy": "spread",
        "exchange": "binance",
        "market1_symbol": GALA,
        "market2_symbol": CHZ,
        "timeframe": "5m",
        "parameters": PARAMETERS,
    } | fields


def series(symbol: str) -> Candles:
    """Of the generated pair."""
    found = candles.load("binance", symbol, "5m")
    assert found is not None
    return found


def store_funding() -> None:
    """0.01 % every eight hours, for both markets."""
    for symbol in (GALA, CHZ):
        stamps = series(symbol).times[::96].copy()
        candles.save_funding("binance", symbol, stamps, np.full(len(stamps), 0.0001))


def queued(owner: User, **fields: Any) -> Backtest:
    return services.backtest_create(actor=owner, data=wish(**fields), now=NOW)


def done(owner: User, **fields: Any) -> Backtest:
    """Run in this process."""
    backtest = queued(owner, **fields)
    running.backtest_run(backtest.pk, timezone.now)
    backtest.refresh_from_db()
    return backtest
