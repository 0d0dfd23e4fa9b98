"""Scans for tests: a small world in the candle store, scanned to the end in the test's process."""

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.utils import timezone

from accounts.models import User
from exchanges.history import candles
from exchanges.timeframes import TIMEFRAME_MS
from trading.core.candles import Candles
from trading.models import PairScan
from trading.scans import chunks, services
from trading.scans.chunks import Next

NOW = datetime(2025, 6, 1, tzinfo=UTC)
START = datetime(2025, 1, 1, tzinfo=UTC)
BARS = 800
TIED = ("AAA/USDT:USDT", "BBB/USDT:USDT")
"""The pair that belongs together."""
LOOSE = tuple(f"W{place}/USDT:USDT" for place in range(4))
SYMBOLS = (*TIED, *LOOSE)
PAIRS = len(SYMBOLS) * (len(SYMBOLS) - 1) // 2


def store(symbol: str, logs: Any, *, exchange: str = "okx", timeframe: str = "1h", start: datetime = START) -> None:
    closes = 50.0 * np.exp(np.asarray(logs, dtype=np.float64))
    times = int(start.timestamp() * 1000) + np.arange(len(closes), dtype=np.int64) * TIMEFRAME_MS[timeframe]
    series = Candles(times, closes, closes * 1.001, closes * 0.999, closes, np.ones(len(closes)))
    candles.save(exchange, symbol, timeframe, series, source="generated")


def walk(seed: int, bars: int = BARS) -> Any:
    return np.cumsum(np.random.default_rng(seed).normal(0, 0.006, bars))


def follower(walked: Any, seed: int) -> Any:
    """1.2 times another's path, and a gap that closes by half within 7 bars."""
    gap, shocks = np.zeros(len(walked)), np.random.default_rng(seed).normal(0, 0.004, len(walked))
    for i in range(1, len(walked)):
        gap[i] = 0.9 * gap[i - 1] + shocks[i]
    return 1.2 * walked + gap


def store_world(*, exchange: str = "okx", timeframe: str = "1h") -> None:
    """One pair that belongs together, and four markets that wander by themselves."""
    for place, symbol in enumerate(LOOSE):
        store(symbol, walk(place + 10), exchange=exchange, timeframe=timeframe)
    lead = walk(1)
    store(TIED[1], lead, exchange=exchange, timeframe=timeframe)
    store(TIED[0], follower(lead, 2), exchange=exchange, timeframe=timeframe)


def store_funding(symbol: str, rate: float, *, exchange: str = "okx") -> None:
    """The same rate every eight hours over the time of the world."""
    stamps = int(START.timestamp() * 1000) + np.arange(BARS // 8, dtype=np.int64) * TIMEFRAME_MS["8h"]
    candles.save_funding(exchange, symbol, stamps, np.full(len(stamps), rate), source="generated")


def wish(**more: Any) -> dict[str, Any]:
    return {"exchange": "okx", "timeframe": "1h"} | more


def created(actor: User, **more: Any) -> PairScan:
    return services.scan_create(actor=actor, data=wish(**more), now=NOW)


def chunk(scan: PairScan) -> Next:
    """What one task does."""
    taken_up = PairScan.objects.values_list("taken_up", flat=True).get(pk=scan.pk)
    return chunks.chunk_run(scan.pk, taken_up, now=timezone.now, timer=time.monotonic)


def run(scan: PairScan) -> PairScan:
    """All of its chunks, one after the other."""
    while chunk(scan) is Next.GO_ON:
        pass
    return PairScan.objects.get(pk=scan.pk)
