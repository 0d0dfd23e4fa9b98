"""Three months of recorded five-minute candles through real worker and beat processes, against the back-test.

Takes minutes: run it with `RECORDED_REPLAY=1 ./scripts/test.sh trading/tests/test_recorded_replay.py`, and with
`KILLS=20` to kill worker and beat at random on the way.
"""

import os
import random
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from bots.tests.factories import make_user
from exchanges.history import candles
from exchanges.tests.series import CHZ, GALA, candle_dir, replay_account  # noqa: F401
from trading.models import Cycle, Trade
from trading.tests.books import check_books, check_legs_equal
from trading.tests.processes import Processes, environment_of_processes, kill_some, wait_for_bars
from trading.tests.replays import backtested, ended, lived, reference, started_bot

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
FILES = {GALA: DATA / "binance_GALA-USDT-SPOT_5m.csv.gz", CHZ: DATA / "binance_CHZ-USDT-SPOT_5m.csv.gz"}
KILLS = int(os.environ.get("KILLS", "0"))

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
    pytest.mark.slow,
    pytest.mark.skipif(not all(file.exists() for file in FILES.values()), reason="the recorded candles are not here"),
    pytest.mark.skipif("RECORDED_REPLAY" not in os.environ, reason="takes minutes: set RECORDED_REPLAY=1"),
]


def test_three_recorded_months(candle_dir: Any, tmp_path: Any, capsys: Any) -> None:  # noqa: F811
    for symbol, file in FILES.items():
        call_command("import_candles", str(file), exchange="binance", symbol=symbol, timeframe="5m", stdout=StringIO())
    series = [loaded for symbol in FILES if (loaded := candles.load("binance", symbol, "5m"))]
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account, tick_interval=1)
    chance, deadline = random.Random(11), time.monotonic() + 3600
    with (tmp_path / "processes.log").open("wb") as log:
        processes = Processes(environment_of_processes(REDIS_PREFIX=f"recorded{os.getpid()}"), log)
        try:
            processes.start()
            begun = time.monotonic()
            for _ in range(KILLS):
                wait_for_bars(bot, chance.randint(400, 1200), deadline)
                kill_some(processes, chance)
                processes.start()
            while not ended(account):
                assert time.monotonic() < deadline, "the replay stands still"
                time.sleep(0.5)
            seconds = time.monotonic() - begun
        finally:
            processes.kill_all()
    bot.refresh_from_db()
    closed = Cycle.objects.filter(bot=bot, closed_at__isnull=False)
    with capsys.disabled():
        print(f"\n{len(series[0].times)} bars in {seconds:.0f} s, {KILLS} kills,", end=" ")
        print(f"{len(lived(bot))} trades, {closed.count()} cycles, {bot.total_profit} USDT")
    result = reference(series[0], series[1])
    assert lived(bot) == backtested(result)
    assert (len(lived(bot)), closed.count()) == (238, 84)
    earned = float(sum(cycle.realised_pnl for cycle in closed))
    assert earned == pytest.approx(result.realised, abs=1e-6)
    assert earned == pytest.approx(212.1979, abs=5e-5)
    assert Trade.objects.filter(bot=bot, naked_ms__gt=0).count() == 0
    check_books(bot)
    check_legs_equal(bot)
