"""A parameter search over real Celery workers: two processes against one, and the memory they take."""

import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from benchmarks.installation import PREFIX, own_environment

# isort: split
import numpy as np
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from benchmarks.market import tape
from benchmarks.report import Table
from chainmakes.celery import app
from exchanges.history import candles
from exchanges.models import JobStatus
from trading.core.candles import Candles
from trading.models import Backtest
from trading.searches import services

PROCESSES = (1, 2)
ROUNDS = 3
SETS = 2_000
FEW, MANY = 1_000, 5_000
LONGEST_S = 120.0
EXCHANGE, ONE, TWO = "binance", "ONE/USDT:USDT", "TWO/USDT:USDT"
PARAMETERS = {
    "investment_per_order": 100,
    "max_position_value": 1_000_000,
    "dca_config": [{"spread": s, "multiplier": m} for s, m in ((1, 1), (1, 1.2), (1.2, 1.5), (1.5, 2), (2, 2))],
    "max_dca_times": 5,
    "pause_after_close": False,
    "restart_after_stop_loss": True,
    "taker_fee": 0.0005,
    "slippage_bps": 1,
}
SPACE = {"profit_ratio": {"low": 0.5, "high": 3.0}, "dca_config.spread_factor": {"low": 0.5, "high": 2.0}}


def run() -> list[Table]:
    with own_environment() as environment, tempfile.TemporaryDirectory() as folder:
        settings.CANDLE_DIR = Path(folder)
        app.conf.broker_transport_options = {"global_keyprefix": f"{PREFIX}:celery:"}  # the workers' queue
        environment |= {"CANDLE_DIR": folder}
        owner = User.objects.create(username="benchmark", email="benchmark@example.org")
        bars = _store()
        rates: dict[int, list[float]] = defaultdict(list)
        for _ in range(ROUNDS):
            for processes in PROCESSES:
                with _worker(processes, environment):
                    _searched(owner, 2 * SETS)  # every process has read its candles
                    rates[processes].append(_searched(owner, SETS))
        with _worker(1, environment) as worker:
            _searched(owner, FEW)
            before = _memory_mb(worker)
            _searched(owner, MANY)
            after = _memory_mb(worker)
    one, two = (median(rates[processes]) for processes in PROCESSES)
    note = (
        f"{SETS:,} random sets over {bars:,} one-minute bars, through the queue and into the database; medians of "
        f"{ROUNDS} alternating runs. Wanted: two processes at least 80 % of twice one, memory flat. A worker of one "
        f"process took {before:,.0f} MB after {FEW:,} sets and {after:,.0f} MB after {MANY:,} more."
    )
    rows = [["1", f"{one:,.0f}", ""], ["2", f"{two:,.0f}", f"{two / (2 * one):.0%}"]]
    return [Table("Parameter search", note, ["processes", "sets/s", "of twice one"], rows)]


def _store() -> int:
    year = tape()
    for symbol, opens, closes in ((ONE, year.opens1, year.closes1), (TWO, year.opens2, year.closes2)):
        highs, lows = np.maximum(opens, closes), np.minimum(opens, closes)
        series = Candles(year.times, opens, highs, lows, closes, np.ones(len(year)))
        candles.save(EXCHANGE, symbol, "1m", series, source="generated")
    return len(year)


@contextmanager
def _worker(processes: int, environment: dict[str, str]) -> Iterator[psutil.Process]:
    command = [sys.executable, "-m", "celery", "-A", "chainmakes", "worker", "-Q", "compute", "-l", "ERROR"]
    command += ["--pool=prefork", "-c", str(processes), "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield psutil.Process(worker.pid)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)


def _searched(owner: User, sets: int) -> float:
    """Sets a second, from the first chunk's beginning to the end."""
    data = {
        "exchange": EXCHANGE,
        "market1_symbol": ONE,
        "market2_symbol": TWO,
        "timeframe": "1m",
        "parameters": PARAMETERS,
        "search": {"method": "random", "sets": sets, "seed": sets, "space": SPACE, "folds": 0},
    }
    backtest = services.search_create(actor=owner, data=data, now=timezone.now())
    deadline = time.monotonic() + LONGEST_S
    while backtest.is_open:
        assert time.monotonic() < deadline, "the workers do nothing"
        time.sleep(0.05)
        backtest.refresh_from_db()
    assert backtest.status == JobStatus.DONE, backtest.problems
    assert backtest.started_at
    assert backtest.finished_at
    seconds = (backtest.finished_at - backtest.started_at).total_seconds()
    Backtest.objects.all().delete()
    return sets / seconds


def _memory_mb(worker: psutil.Process) -> float:
    return sum(process.memory_info().rss for process in [worker, *worker.children(recursive=True)]) / 2**20
