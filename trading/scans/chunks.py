"""A scan in chunks of about a second, each a task of its own, as many side by side as there are workers.

As searches are run (`trading.searches.chunks`): a killed worker loses its transaction and with it its cells, which are
simply open again. Tasks know nothing but the scan.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext_noop

from exchanges.models import JobStatus
from trading.finished_news import scan_news
from trading.models import PairScan, ScannedPair
from trading.scans import cells, judging, liquidity, progress
from trading.scans.choosing import ScanRefused, markets_choose
from trading.scans.downloads import downloads_ask
from trading.scans.measuring import Work

log = logging.getLogger(__name__)

CHUNK_S: Final = 1.0
KEPT: Final = 2
"""Scans whose data a process keeps at hand: 200 markets of a year of hours take 30 MB."""
BROKEN: Final = gettext_noop("Something went wrong here. It was written to the log.")
TOO_LONG: Final = gettext_noop("It took too long. Choose a shorter time, longer candles or fewer markets.")

Clock = Callable[[], datetime]
Timer = Callable[[], float]


class Next(Enum):
    """What a task of the scan does next."""

    GO_ON = "go_on"
    WAIT = "wait"
    """Everything that is open is being measured by others."""
    DOWNLOADS = "downloads"
    """Its history is still under way."""
    END = "end"


_works: OrderedDict[tuple[int, int], Work] = OrderedDict()


def chunk_run(scan_id: int, taken_up: int, *, now: Clock, timer: Timer) -> Next:
    """One chunk. Whatever happens, the row says in the end what came of it; only a lost database is raised."""
    scan = _begun(scan_id, taken_up, now())
    if scan is None:
        return Next.END
    with translation.override(scan.owner.language):  # reasons are stored as its owner reads them
        return _carried_out(scan, now, timer)


def _carried_out(scan: PairScan, now: Clock, timer: Timer) -> Next:
    try:
        if not scan.markets and not _chosen(scan, now()):
            return Next.DOWNLOADS
        return _run(scan, now, timer)
    except ScanRefused as refused:
        _fail(scan, now(), refused.problems)
    except SoftTimeLimitExceeded:
        _fail(scan, now(), [TOO_LONG])
    except Error:
        raise
    except Exception:  # whatever one market's numbers meet: the scan ends with a word, its row does not stay "running"
        log.exception("scan %s failed", scan.pk)
        _fail(scan, now(), [BROKEN])
    return Next.END


def _begun(scan_id: int, taken_up: int, now: datetime) -> PairScan | None:
    """The scan, running; None where it is over, or taken up anew by others."""
    row = PairScan.objects.filter(pk=scan_id, taken_up=taken_up)
    row.filter(status=JobStatus.QUEUED).update(status=JobStatus.RUNNING, started_at=now, problems=[])
    if not row.filter(status=JobStatus.RUNNING).update(alive_at=now, attempts=F("attempts") + 1):
        return None
    return PairScan.objects.select_related("owner").get(pk=scan_id)


def _chosen(scan: PairScan, now: datetime) -> bool:
    """Fixes the markets, by one process; False while that waits for downloads, or is canceled meanwhile."""
    with transaction.atomic():
        row = PairScan.objects.select_for_update(of=("self",)).select_related("owner").get(pk=scan.pk)
        if row.is_cancel_wanted:
            _canceled(row, now)
            return False
        if not row.markets:
            if row.is_download_wanted and not downloads_ask(row, now):
                PairScan.objects.filter(pk=row.pk).update(attempts=0)
                progress.publish(row)
                return False
            markets_choose(row)
            row.save(update_fields=["markets", "left_out", "total"])
        progress.publish(row)
    for name in ("markets", "left_out", "total"):
        setattr(scan, name, getattr(row, name))
    return True


def _run(scan: PairScan, now: Clock, timer: Timer) -> Next:
    work = _work(scan)
    with transaction.atomic():
        rows = _measured(work, timer() + CHUNK_S, timer)
        row = _booked(scan, rows, now())
    if row is None:
        return Next.END
    if row.done >= row.total:
        return _finished(scan, now)
    return Next.GO_ON if rows else Next.WAIT


def _work(scan: PairScan) -> Work:
    key = scan.pk, scan.taken_up
    found = _works.get(key) or _works.setdefault(key, Work(scan))
    _works.move_to_end(key)
    while len(_works) > KEPT:
        _works.popitem(last=False)
    return found


def _measured(work: Work, deadline: float, timer: Timer) -> list[ScannedPair]:
    """Cell after cell that nobody else is at, until the deadline."""
    rows: list[ScannedPair] = []
    for cell in cells.open_cells(work.scan):
        if timer() >= deadline or not _is_wanted(work.scan):
            break
        if cells.cell_take(work.scan.pk, cell):  # others may have measured it just before
            rows += [work.row(number) for number in cells.missing(work.scan, cell)]
    return rows


def _is_wanted(scan: PairScan) -> bool:
    return PairScan.objects.filter(pk=scan.pk, status=JobStatus.RUNNING, is_cancel_wanted=False).exists()


def _booked(scan: PairScan, rows: list[ScannedPair], now: datetime) -> PairScan | None:
    """Writes the pairs down and says so; None where the scan has ended or ends with this."""
    ScannedPair.objects.bulk_create(rows)  # before the row is locked, which others wait for
    row = PairScan.objects.select_for_update().filter(pk=scan.pk, status=JobStatus.RUNNING).first()
    if row is None:
        transaction.set_rollback(True)
        return None
    row.done += len(rows)
    row.alive_at = now
    row.attempts = 0 if rows else max(0, row.attempts - 1)
    row.save(update_fields=["done", "alive_at", "attempts"])
    if row.is_cancel_wanted:
        _canceled(row, now)
        return None
    if rows:
        progress.publish(row)
    return row


def _finished(scan: PairScan, now: Clock) -> Next:
    """All pairs are there: what needs all of them, worked out by one process."""
    with transaction.atomic():
        if not cells.cell_take(scan.pk, cells.WHOLE):
            return Next.WAIT
        row = PairScan.objects.select_for_update().filter(pk=scan.pk, status=JobStatus.RUNNING).first()
        if row is not None:
            row.summary = judging.judged_and_written(row) | {"liquidity": liquidity.ASKED}
            row.status, row.finished_at = JobStatus.DONE, now()
            row.save(update_fields=["status", "finished_at", "summary"])
            progress.publish(row)
            scan_news(row)
            liquidity.send_on_commit(row.pk)
    _works.pop((scan.pk, scan.taken_up), None)
    return Next.END


def _canceled(row: PairScan, now: datetime) -> None:
    row.status, row.finished_at = JobStatus.CANCELED, now
    row.save(update_fields=["status", "finished_at"])
    progress.publish(row)


def _fail(scan: PairScan, now: datetime, problems: list[str]) -> None:
    values = {"status": JobStatus.FAILED, "finished_at": now, "problems": problems}
    if PairScan.objects.filter(pk=scan.pk, status=JobStatus.RUNNING).update(**values):
        scan.refresh_from_db()
        progress.publish(scan)
        scan_news(scan)
