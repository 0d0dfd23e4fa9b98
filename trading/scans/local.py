"""A scan in this process, without rows and workers: threads, which compiled code lets run side by side."""

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from trading.models import PairScan, ScannedPair
from trading.scans.cells import CELL
from trading.scans.choosing import markets_choose
from trading.scans.judging import judge
from trading.scans.measuring import Work, measured_rows

Told = Callable[[int], None]
Stopped = Callable[[], bool]


def scanned(scan: PairScan, *, is_stopped: Stopped, on_start: Told, on_done: Told) -> list[ScannedPair] | None:
    """Every pair, in the order of their numbers; None where it was stopped. Nothing is saved.

    `on_start` hears how many pairs there are, `on_done` how many have come since. Raises ScanRefused.
    """
    markets_choose(scan)
    on_start(scan.total)
    work = Work(scan)
    parts = (range(at, min(at + CELL, scan.total)) for at in range(0, scan.total, CELL))
    rows: list[ScannedPair] = []
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        waiting = {pool.submit(measured_rows, work, part) for part in islice(parts, 2 * threads)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            rows += _taken(done, on_done)
            if is_stopped():
                for future in waiting:
                    future.cancel()
                return None
            waiting |= {pool.submit(measured_rows, work, part) for part in islice(parts, len(done))}
    rows.sort(key=lambda row: row.number)
    judge(rows, scan.cost_pct)
    return rows


def _taken(done: set[Future[list[ScannedPair]]], on_done: Told) -> list[ScannedPair]:
    rows: list[ScannedPair] = []
    for future in done:
        found = future.result()
        rows += found
        on_done(len(found))
    return rows
