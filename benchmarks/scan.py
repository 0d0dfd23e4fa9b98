"""The pairs scanner: how long a thousand pairs take, and how many of what it finds is not there."""

import tempfile
import time
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.installation import own_environment

# isort: split
import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from benchmarks.report import Table
from exchanges.history import candles
from trading.core.candles import Candles
from trading.core.pair_stats import engle_granger
from trading.core.pair_stats_many import q_values
from trading.core.pair_stats_score import FOUND_Q
from trading.models import PairScan
from trading.scans import local

EXCHANGE, TIMEFRAME, HOUR_MS = "binance", "1h", 3_600_000
BARS = 8_760
MARKETS = (50, 200)
ROUNDS = 3
SEEDS = 200
SMALL, SMALL_BARS = 20, 1_000
TIED = (0, 3, 6)
"""Pairs that belong together, of the twenty markets."""

Floats = NDArray[np.float64]


class Discoveries(NamedTuple):
    """Of one generated world. `false`: found though they have nothing in common."""

    true: int
    false: int
    uncorrected: int


def run() -> list[Table]:
    return [_speed(), _discoveries()]


def world(markets: int, bars: int, tied: int, seed: int) -> list[Floats]:
    """Log prices: independent random walks, of which the first 2 * `tied` go in pairs that keep together."""
    random = np.random.default_rng(seed)
    walks = [np.cumsum(random.normal(0, 0.006, bars)) for _ in range(markets)]
    for place in range(tied):
        gap, shocks = np.zeros(bars), random.normal(0, 0.003, bars)
        for i in range(1, bars):
            gap[i] = 0.95 * gap[i - 1] + shocks[i]
        walks[2 * place + 1] = random.uniform(0.6, 1.4) * walks[2 * place] + gap
    return walks


def discovered(walks: list[Floats], tied: int) -> Discoveries:
    pairs = list(combinations(range(len(walks)), 2))
    p_values = np.array([engle_granger(walks[one], walks[two]).p_value for one, two in pairs])
    found = q_values(p_values) <= FOUND_Q
    belongs = np.array([one % 2 == 0 and two == one + 1 and one < 2 * tied for one, two in pairs])
    alone = (p_values <= FOUND_Q) & ~belongs
    return Discoveries(int((found & belongs).sum()), int((found & ~belongs).sum()), int(alone.sum()))


def _speed() -> Table:
    rows = []
    with own_environment(), tempfile.TemporaryDirectory() as folder:
        settings.CANDLE_DIR = Path(folder)
        _store(max(MARKETS))
        for markets in MARKETS:
            symbols = [_symbol(place) for place in range(markets)]
            _scanned(symbols[:5])  # compiled
            seconds = median(_scanned(symbols) for _ in range(ROUNDS if markets == MARKETS[0] else 1))
            pairs = markets * (markets - 1) // 2
            rows.append([f"{markets}", f"{pairs:,}", f"{seconds:.1f}", f"{pairs / seconds:,.0f}"])
    note = (
        f"Every pair of a year of hourly candles ({BARS:,} bars) from the candle store to scores, in one process with "
        "a thread a core; compiled before. Wanted: 1,225 pairs in under 60 s on two cores."
    )
    return Table("Pairs scanner", note, ["markets", "pairs", "s", "pairs/s"], rows)


def _discoveries() -> Table:
    rows = []
    for tied in TIED:
        worlds = [discovered(world(SMALL, SMALL_BARS, tied, seed), tied) for seed in range(SEEDS)]
        rates = [found.false / max(1, found.true + found.false) for found in worlds]
        power = sum(found.true for found in worlds) / (tied * SEEDS) if tied else None
        alone = sum(found.uncorrected for found in worlds) / SEEDS
        shown = "" if power is None else f"{power:.1%}"
        rows.append([str(tied), f"{sum(rates) / SEEDS:.2%}", shown, f"{alone:.1f}"])
    note = (
        f"{SEEDS} generated worlds of {SMALL} markets ({SMALL * (SMALL - 1) // 2} pairs, {SMALL_BARS:,} bars) each: "
        f"random walks, and pairs that keep together. Found: q at most {FOUND_Q}. Wanted: a false discovery rate of at "
        "most 5 %. Without pairs that belong together it is the share of worlds in which anything was found."
    )
    headers = ["pairs that belong", "false discovery rate", "of them found", "false at p 0.05 uncorrected, a world"]
    return Table("Pairs scanner: false discoveries", note, headers, rows)


def _store(markets: int) -> None:
    times = 1_704_067_200_000 + np.arange(BARS, dtype=np.int64) * HOUR_MS
    for place, walk in enumerate(world(markets, BARS, 5, 1)):
        closes = 100.0 * np.exp(walk)
        series = Candles(times, closes, closes * 1.001, closes * 0.999, closes, np.ones(BARS))
        candles.save(EXCHANGE, _symbol(place), TIMEFRAME, series, source="generated")


def _scanned(symbols: list[str]) -> float:
    scan = PairScan(exchange=EXCHANGE, timeframe=TIMEFRAME, symbols=symbols)
    start = time.perf_counter()
    local.scanned(scan, is_stopped=lambda: False, on_start=lambda total: None, on_done=lambda done: None)
    return time.perf_counter() - start


def _symbol(place: int) -> str:
    return f"C{place:03}/USDT:USDT"
