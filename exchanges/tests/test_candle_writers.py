"""Several that write and read one series at once: nothing is lost, and nobody sees half of it."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection

from exchanges.history import candles, series_files
from exchanges.models import CandleSet
from exchanges.tests.series import GALA

ROOT = Path(__file__).resolve().parents[2]
EACH = 12
WRITER = """
import sys
import django

django.setup()
import numpy as np
from exchanges.history import candles
from trading.core.candles import Candles

first, count = int(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for k in range(count):
    times = np.array([(first + 2 * k) * 60_000], dtype=np.int64)
    price = np.array([1.0 + first])
    candles.save("binance", "GALA/USDT:USDT", "1m", Candles(times, price, price, price, price, price))
"""


def writer(first: int, folder: Path) -> subprocess.Popen[str]:
    database = connection.settings_dict
    url = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    environment = os.environ | {"DATABASE_URL": url, "CANDLE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(first), str(EACH)],
        env=environment | {"DJANGO_SETTINGS_MODULE": "chainmakes.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.django_db(transaction=True)
def test_no_bar_is_lost(candle_dir: Any) -> None:
    writers = [writer(first, candle_dir) for first in (0, 1)]
    for process in writers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.wait(timeout=60) for process in writers] == [0, 0]
    for process in writers:
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
    stored = candles.load("binance", GALA, "1m")
    assert stored is not None
    assert (stored.times // 60_000).tolist() == list(range(2 * EACH))
    assert stored.closes.tolist() == [1.0, 2.0] * EACH
    row = CandleSet.objects.get()
    assert (row.rows, row.gaps) == (2 * EACH, [])


@pytest.mark.django_db
def test_readers_see_one_whole_file(candle_dir: Any) -> None:
    path = candles.series_path("binance", GALA, "1m")
    series = [{name: np.arange(1.0, 2_000.0 * size) for name in candles.COLUMNS} for size in (1, 7)]
    whole = [{name: column * 60_000 if name == "timestamp" else column for name, column in s.items()} for s in series]
    series_files.write(path, whole[0])
    is_over = threading.Event()

    def write() -> None:
        for k in range(120):
            series_files.write(path, whole[k % 2])
        is_over.set()

    thread = threading.Thread(target=write)
    thread.start()
    lengths = set()
    while not is_over.is_set():
        found = candles.load("binance", GALA, "1m")
        assert found is not None
        assert np.array_equal(found.times, found.closes * 60_000)
        lengths.add(len(found))
    thread.join()
    assert lengths
    assert lengths <= {1_999, 13_999}
