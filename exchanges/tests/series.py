"""Candle series and paper accounts for everybody's tests.

`from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401` makes the fixtures known to a test module.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from exchanges import paper_config
from exchanges.history import candles
from exchanges.models import Exchange, ExchangeAccount, PaperSource
from exchanges.timeframes import TIMEFRAME_MS
from trading.core.candles import Candles

START = datetime(2025, 1, 1, tzinfo=UTC)
GALA = "GALA/USDT:USDT"
CHZ = "CHZ/USDT:USDT"
BARS = 600


def series_of(
    closes: Any, *, tick: float, timeframe: str = "5m", start: datetime = START, width: float = 0.002
) -> Candles:
    """Bars that open at the close before them; highs and lows reach `width` beyond."""
    closes = np.round(np.asarray(closes, dtype=np.float64) / tick) * tick
    opens = np.r_[closes[0], closes[:-1]]
    highs = np.ceil(np.maximum(opens, closes) * (1 + width) / tick) * tick
    lows = np.floor(np.minimum(opens, closes) * (1 - width) / tick) * tick
    times = int(start.timestamp() * 1000) + np.arange(len(closes), dtype=np.int64) * TIMEFRAME_MS[timeframe]
    opens, highs, lows, closes = np.round(np.stack((opens, highs, lows, closes)), 10)
    return Candles(times, opens, highs, lows, closes, np.full(len(closes), 100_000.0))


def pair_of(
    bars: int = BARS, *, seed: int = 1, timeframe: str = "5m", start: datetime = START
) -> tuple[Candles, Candles]:
    """A cointegrated pair like GALA and CHZ: one common walk, a spread that wanders some percent and comes back."""
    random = np.random.default_rng(seed)
    common = np.cumsum(random.normal(0, 0.0015, bars))
    spread = np.zeros(bars)
    for i in range(1, bars):
        spread[i] = spread[i - 1] * 0.985 + random.normal(0, 0.003)
    first = series_of(0.035 * np.exp(common + spread / 2), tick=0.00001, timeframe=timeframe, start=start)
    second = series_of(0.082 * np.exp(common - spread / 2), tick=0.0001, timeframe=timeframe, start=start)
    return first, second


def store_pair(
    bars: int = BARS, *, seed: int = 1, timeframe: str = "5m", exchange: str = "binance", start: datetime = START
) -> tuple[Candles, Candles]:
    """The pair in the candle store, as GALA and CHZ of that exchange; files and catalogue rows."""
    first, second = pair_of(bars, seed=seed, timeframe=timeframe, start=start)
    candles.save(exchange, GALA, timeframe, first, source="generated")
    candles.save(exchange, CHZ, timeframe, second, source="generated")
    return first, second


def paper_account(owner: Any, *, source: str, label: str = "Paper", **config: Any) -> ExchangeAccount:
    settings = paper_config.dump(paper_config.parse(config))
    return ExchangeAccount.objects.create(
        owner=owner,
        exchange=Exchange.PAPER,
        label=label,
        paper_venue=Exchange.BINANCE,
        paper_source=source,
        paper_config=settings,
    )


def replay_account(owner: Any, *, label: str = "Replay", **config: Any) -> ExchangeAccount:
    """A stepped replay of the stored pair, unless `speed` says otherwise."""
    defaults: dict[str, Any] = {"speed": Decimal(0), "timeframe": "5m", "symbols": [GALA, CHZ], "start": START}
    return paper_account(owner, source=PaperSource.REPLAY, label=label, **(defaults | config))


def simulated_account(owner: Any, *, label: str = "Simulation", **config: Any) -> ExchangeAccount:
    return paper_account(owner, source=PaperSource.SIMULATED, label=label, **config)


@pytest.fixture
def candle_dir(settings: Any, tmp_path: Any) -> Any:
    """An empty candle store of the test's own."""
    settings.CANDLE_DIR = tmp_path / "candles"
    return settings.CANDLE_DIR


@pytest.fixture
def stored_pair(candle_dir: Any, db: None) -> tuple[Candles, Candles]:
    """GALA and CHZ, 600 bars of 5 minutes from 2025-01-01, in the candle store."""
    return store_pair()
