"""The whole service around a back-test: a year of minutes from the candle store to its rows and its page."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.installation import own_environment

# isort: split
import numpy as np
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from benchmarks.backtest import SPREADS
from benchmarks.market import tape
from benchmarks.report import Table
from bots.tests.factories import CHZ, GALA, ladder, make_user
from exchanges.history import candles
from exchanges.models import JobStatus
from trading.backtests import running, services
from trading.backtests.drawing import chart_of
from trading.core.candles import Candles, Floats, Ints
from trading.models import Backtest

FIRST_MS = 1_704_067_200_000  # 2024-01-01
ROUNDS = 9
PARAMETERS = {
    "investment_per_order": 100,
    "max_position_value": 1_000_000,
    "dca_config": ladder(*((spread, 1.2) for spread in SPREADS)),
    "max_dca_times": len(SPREADS),
    "pause_after_close": False,
    "restart_after_stop_loss": True,
    "taker_fee": 0.0005,
    "slippage_bps": 1,
}


def run() -> list[Table]:
    with own_environment(), tempfile.TemporaryDirectory() as folder:
        settings.CANDLE_DIR = Path(folder)  # type: ignore[misc]
        bars = _store_year()
        return [_service(make_user(), bars)]


def _store_year() -> int:
    year = tape()
    times = year.times + FIRST_MS
    for symbol, opens, closes in ((GALA, year.opens1, year.closes1), (CHZ, year.opens2, year.closes2)):
        candles.save("binance", symbol, "1m", _candles(times, opens, closes))
    return len(year)


def _candles(times: Ints, opens: Floats, closes: Floats) -> Candles:
    return Candles(times, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, np.ones(len(times)))


def _wish() -> dict[str, object]:
    markets = {"exchange": "binance", "market1_symbol": GALA, "market2_symbol": CHZ, "timeframe": "1m"}
    return {"strategy": "spread", **markets, "parameters": PARAMETERS}


def _service(user: User, bars: int) -> Table:
    made = [services.backtest_create(actor=user, data=_wish(), now=timezone.now()) for _ in range(ROUNDS + 1)]
    ran = [_seconds(lambda row=row: running.backtest_run(row.pk, timezone.now)) for row in made]
    drawn = [_seconds(lambda row=row: chart_of(Backtest.objects.get(pk=row.pk))) for row in made]
    done = Backtest.objects.get(pk=made[0].pk)
    assert done.status == JobStatus.DONE, done.problems
    rows = [
        ["read candles, align, run, statistics, save (at most 0.15)", f"{statistics.median(ran[1:]):.3f}"],
        ["the first in a process that had read no candles yet", f"{ran[0]:.3f}"],
        ["what its page draws, 2,000 points (at most 0.1)", f"{statistics.median(drawn[1:]):.3f}"],
    ]
    note = f"{bars:,} bars of two markets, {done.summary['stats']['trades']:,} trades; medians of {ROUNDS}, wall time."
    return Table("Back-test service", note, ["what", "seconds"], rows)


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
