"""Running queued downloads: claimed, fetched, told. Few at a time, and none "running" for ever.

A claim is the moment it began: who has lost it (`downloads_sweep` took the worker for dead) writes nothing any more.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.db import Error, connection, transaction
from django.utils import translation
from django.utils.translation import gettext_noop

from exchanges.adapters.paper_source import from_ms
from exchanges.errors import ExchangeError
from exchanges.history.candles import StoredDiffers
from exchanges.history.downloads import send
from exchanges.history.fetching import CandleHistory, FundingHistory, NothingYet, Progress, Result
from exchanges.models import CandleDownload, JobStatus

log = logging.getLogger(__name__)

RUNNING_MAX: Final = 2
"""Of the whole installation: venues limit requests, and others need the workers too."""
BEAT_S: Final = 1.0
DEAD_AFTER: Final = timedelta(seconds=60)
LOST_MAX: Final = 5
MISSING_KEPT: Final = 100
REACHED: Final = ("done", "total", "rows", "reached_at")

BROKEN: Final = gettext_noop("Something went wrong here. It was written to the log.")
KILLED: Final = gettext_noop("The work was interrupted five times. Ask for the rest again.")
NOTHING_CLOSED: Final = gettext_noop("No bar has closed in that time.")
DIFFERS: Final = gettext_noop("What the exchange sends contradicts what was stored meanwhile. Nothing was overwritten.")
ANSWERS: Final = {
    "unknown_market": gettext_noop("The exchange does not trade this market."),
    "no_funding": gettext_noop("Only perpetual swaps have funding."),
    "unavailable": gettext_noop("The exchange does not answer as it should. Ask for the rest again later."),
    "rate_limited": gettext_noop("The exchange wants fewer requests. Ask for the rest again later."),
}
"""By the code or else the kind of what a venue answers; other answers in its own words."""
MESSAGE_LONGEST: Final = 300

Clock = Callable[[], datetime]
Tell = Callable[[CandleDownload], None]


_stopping = threading.Event()


class _Over(Exception):
    """Canceled, or somebody else's by now."""


class _Interrupted(Exception):
    """This process is to end: another goes on."""


def download_run(download_id: int, now: Clock, tell: Tell) -> None:
    """Does nothing unless the row is queued and there is room. Whatever happens, the row says what came of it.

    `tell` is called with the row whenever it has changed.
    """
    download = _claim(download_id, now())
    if download is None:
        return
    tell(download)
    with translation.override(download.owner.language):  # what is wrong is stored as its owner reads it
        _carry_out(download, now, tell)
    _send_next()


def _carry_out(download: CandleDownload, now: Clock, tell: Tell) -> None:
    try:
        result = _fetched(download, now, tell)
        _end(download, now(), JobStatus.DONE, tell, **_found(result))
    except _Over:
        _end(download, now(), JobStatus.CANCELED, tell)
    except _Interrupted:
        _end(download, None, JobStatus.QUEUED, tell)
    except ExchangeError as error:
        _end(download, now(), JobStatus.FAILED, tell, message=_said(error))
    except StoredDiffers:
        _end(download, now(), JobStatus.FAILED, tell, message=DIFFERS)
    except NothingYet:
        _end(download, now(), JobStatus.FAILED, tell, message=NOTHING_CLOSED)
    except Exception:
        log.exception("download %s failed", download.pk)
        _end(download, now(), JobStatus.FAILED, tell, message=BROKEN)


def _said(error: ExchangeError) -> str:
    return ANSWERS.get(error.code) or ANSWERS.get(error.kind) or str(error.message)[:MESSAGE_LONGEST]


def interrupt() -> None:
    """The process is to end: what runs in it is handed back after its present page."""
    _stopping.set()


def downloads_sweep(now: datetime, tell: Tell) -> None:
    """Takes up what killed workers left and what the queue has forgotten. Idempotent; call it every minute."""
    for dead in CandleDownload.objects.filter(status=JobStatus.RUNNING, alive_at__lt=now - DEAD_AFTER):
        _take_up(dead, now, tell)
    _send_next()


def _claim(download_id: int, now: datetime) -> CandleDownload | None:
    """None where there is no room: whoever ends sends the next."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('candle downloads', 0))")
        if CandleDownload.objects.filter(status=JobStatus.RUNNING).count() >= RUNNING_MAX:
            return None
        queued = CandleDownload.objects.filter(pk=download_id, status=JobStatus.QUEUED)
        if not queued.update(status=JobStatus.RUNNING, started_at=now, alive_at=now):
            return None
        return CandleDownload.objects.select_related("owner").get(pk=download_id)


def _fetched(download: CandleDownload, now: Clock, tell: Tell) -> Result:
    history = _history(download, now())
    before = download.rows
    steps = history.steps()
    with _Watch(download, now, tell) as watch:
        try:
            for progress in steps:
                watch.show(progress, before)
        finally:
            steps.close()  # stores what was received
            download.rows = before + history.rows
    return history.result()


def _history(download: CandleDownload, now: datetime) -> CandleHistory | FundingHistory:
    since, until, at = (round(moment.timestamp() * 1000) for moment in (download.since, download.until, now))
    if download.kind == CandleDownload.Kind.FUNDING:
        return FundingHistory(download.exchange, download.symbol, since, until, at)
    return CandleHistory(download.exchange, download.symbol, download.timeframe, since, until, at)


class _Watch:
    """While it is open, the row says every second that its worker lives, and how far that has come.

    From a thread of its own: a venue that is asked again and again may keep the worker waiting for minutes.
    """

    def __init__(self, download: CandleDownload, now: Clock, tell: Tell) -> None:
        self._download, self._now, self._tell = download, now, tell
        self._over = threading.Event()
        self._is_wanted = True
        self._thread = threading.Thread(target=self._run, name=f"download-{download.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def show(self, progress: Progress, rows_before: int) -> None:
        """Raises _Over, _Interrupted."""
        row = self._download
        row.done, row.total = progress.done, progress.total
        row.rows, row.reached_at = rows_before + progress.rows, from_ms(progress.reached)
        if not self._is_wanted:
            raise _Over
        if _stopping.is_set():
            raise _Interrupted

    def _run(self) -> None:
        try:
            while not self._over.wait(BEAT_S):
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        """A database that is away for a moment costs signs of life, not the download."""
        row = self._download
        try:
            row.alive_at = self._now()
            _own(row).update(alive_at=row.alive_at, **{name: getattr(row, name) for name in REACHED})
            wanted = _own(row).filter(is_cancel_wanted=False).exists()
        except Error:
            log.exception("download %s could not say that it is alive", row.pk)
            connection.close()
            return
        self._is_wanted = wanted
        self._tell(row)


def _own(download: CandleDownload) -> Any:
    return CandleDownload.objects.filter(pk=download.pk, status=JobStatus.RUNNING, started_at=download.started_at)


def _end(download: CandleDownload, now: datetime | None, status: JobStatus, tell: Tell, **values: Any) -> None:
    """Does nothing where the row is not this worker's any more."""
    reached = {name: getattr(download, name) for name in REACHED}
    values = {"status": status, "finished_at": now} | reached | values
    if _own(download).update(**values):
        _tell_changed(download, values, tell)


def _found(result: Result) -> dict[str, Any]:
    bars = sum(hole.bars for hole in result.missing)
    return {"missing": [[hole.first, hole.last] for hole in result.missing[:MISSING_KEPT]], "missing_bars": bars}


def _take_up(dead: CandleDownload, now: datetime, tell: Tell) -> None:
    """Anew, unless it is canceled or has outlived its workers: the claim of a worker that only slept is void then."""
    values: dict[str, Any] = {"status": JobStatus.QUEUED, "lost_workers": dead.lost_workers + 1}
    if dead.is_cancel_wanted:
        values |= {"status": JobStatus.CANCELED, "finished_at": now}
    elif dead.lost_workers + 1 >= LOST_MAX:
        values |= {"status": JobStatus.FAILED, "finished_at": now, "message": KILLED}
    if _own(dead).filter(alive_at=dead.alive_at).update(**values):
        _tell_changed(dead, values, tell)


def _tell_changed(download: CandleDownload, values: dict[str, Any], tell: Tell) -> None:
    for name, value in values.items():
        setattr(download, name, value)
    tell(download)


def _send_next() -> None:
    """The oldest that wait, as many as there is room for; sent twice they are claimed once."""
    room = RUNNING_MAX - CandleDownload.objects.filter(status=JobStatus.RUNNING).count()
    waiting = CandleDownload.objects.filter(status=JobStatus.QUEUED).order_by("pk").values_list("pk", flat=True)
    for download_id in waiting[: max(room, 0)]:
        send(download_id)
