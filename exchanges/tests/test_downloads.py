"""Downloads in the background: asked for, run, canceled, taken up again after their worker died."""

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.signals import worker_shutting_down
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from bots.tests.factories import make_user, make_viewer
from exchanges import tasks
from exchanges.errors import DomainError
from exchanges.history import candles, download_running, downloads
from exchanges.history.download_data import BARS_MAX, clean_download_data
from exchanges.models import CandleDownload, JobStatus
from exchanges.tests.series import GALA, START
from exchanges.tests.venue_history import T0, HistoryServer, hourly, minutes
from trading.tests.backtests.catalogue import chinese  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WISH = {"exchange": "binance", "symbol": "GALA/USDT", "timeframe": "1m", "since": "2025-01-01"}


def asked(user: Any = None, **changes: Any) -> CandleDownload:
    data = {name: value for name, value in (WISH | changes).items() if value is not None}
    return downloads.download_create(actor=user or make_user(), data=data, now=NOW)


def complaints(**changes: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refusal:
        asked(**changes)
    return dict(refusal.value.message_dict)


class Told:
    """What open pages heard."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, int, int]] = []

    def __call__(self, download: CandleDownload) -> None:
        self.rows.append((download.status, download.done, download.total, download.rows))

    @property
    def statuses(self) -> list[str]:
        return list(dict.fromkeys(status for status, *_ in self.rows))


def run(download: CandleDownload, tell: Any = None) -> CandleDownload:
    download_running.download_run(download.pk, lambda: NOW, tell or Told())
    download.refresh_from_db()
    return download


def test_a_wish_is_queued() -> None:
    user = make_user()
    download = asked(user, until="2025-01-02T00:00Z", type="swap", kind="candles")
    assert (download.owner, download.symbol, download.timeframe, download.status) == (user, GALA, "1m", "queued")
    assert (download.since, download.until) == (START, START + timedelta(days=1))
    assert asked(user, symbol="CHZ-USDT").until == NOW
    assert asked(user, symbol="GALA/USDT", type="spot", since=T0).symbol == "GALA/USDT"
    rates = asked(user, kind="funding", timeframe=None)
    assert (rates.kind, rates.timeframe) == ("funding", "")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"exchange": "kraken"}, "exchange", "Choose one of okx, binance, bybit, paper."),
        ({"exchange": ["okx"]}, "exchange", "Choose one of"),
        ({"symbol": "GALA"}, "symbol", "Enter a market"),
        ({"symbol": "A" * 20 + "/" + "B" * 20}, "symbol", "Enter a market"),
        ({"symbol": 7}, "symbol", "Enter a market"),
        ({"symbol": None}, "symbol", "Enter a market"),
        ({"type": "option"}, "type", "Choose one of swap, spot."),
        ({"timeframe": None}, "timeframe", "Choose one of 1m"),
        ({"timeframe": "7m"}, "timeframe", "Choose one of 1m"),
        ({"kind": "funding"}, "timeframe", "have no timeframe"),
        ({"kind": "funding", "timeframe": None, "type": "spot"}, "type", "Only perpetual swaps"),
        ({"since": None}, "since", "Enter a time since 2010"),
        ({"since": "1999-01-01"}, "since", "Enter a time since 2010"),
        ({"since": "soon"}, "since", "Enter a time since 2010"),
        ({"since": 10**30}, "since", "Enter a time since 2010"),
        ({"since": "2026-01-02"}, "since", "has not come yet"),
        ({"until": "2024-12-31"}, "until", "must be after the start"),
        ({"until": "2025-01-01T00:00:30Z"}, "until", "less than one bar"),
        ({"since": "2017-01-01"}, "since", f"at most {BARS_MAX:,} at once"),
        ({"leverage": 3}, "leverage", "no such field"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(changes: dict[str, Any], field: str, words: str) -> None:
    assert words in complaints(**changes)[field][0]
    assert not CandleDownload.objects.exists()


def test_every_complaint_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        clean_download_data({}, NOW)
    assert set(refusal.value.message_dict) == {"exchange", "symbol", "timeframe", "since"}
    with pytest.raises(ValidationError):
        clean_download_data([], NOW)


def test_viewers_download_nothing() -> None:
    with pytest.raises(PermissionDenied):
        asked(make_viewer())


def test_a_series_is_downloaded_once_at_a_time() -> None:
    first = asked()
    with pytest.raises(DomainError) as refusal:
        asked(make_user(), since="2025-06-01")
    assert refusal.value.code == "at_work"
    asked(make_user(), timeframe="5m")
    downloads.download_cancel(actor=first.owner, download=first, now=NOW)
    asked(first.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        CandleDownload.objects.filter(pk=first.pk).update(status=JobStatus.RUNNING)


def test_one_user_cannot_fill_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "OPEN_MAX", 2)
    user = make_user()
    asked(user, timeframe="1m")
    asked(user, timeframe="5m")
    with pytest.raises(DomainError, match="2 downloads of yours"):
        asked(user, timeframe="15m")


def test_a_download_is_run_and_told(wire: HistoryServer) -> None:
    wire.record(minutes(*range(1_440 - 5)))
    told = Told()
    download = run(asked(until="2025-01-02"), told)
    assert (download.status, download.rows, download.done, download.total) == ("done", 1_435, 1_440, 1_440)
    assert download.missing == [[T0 + 1_435 * 60_000, T0 + 1_439 * 60_000]]
    assert (download.missing_bars, download.reached_at, download.message) == (5, START + timedelta(days=1), "")
    assert download.started_at == download.finished_at == NOW
    assert told.statuses == ["running", "done"]
    stored = candles.load("binance", GALA, "1m")
    assert stored is not None
    assert len(stored) == 1_435
    assert run(download, told).status == "done", "a second time does nothing"
    assert told.statuses == ["running", "done"]


def test_funding_is_downloaded(wire: HistoryServer) -> None:
    wire.funding["GALA"] = hourly(*range(0, 24, 8))
    download = run(asked(kind="funding", timeframe=None, until="2025-01-02"))
    assert (download.status, download.rows, download.missing) == ("done", 3, [])


def test_what_the_venue_says_wrong_ends_it_with_the_reason(wire: HistoryServer) -> None:
    wire.record([*minutes(*range(1_200)), *minutes(1_199)])
    download = run(asked(until="2025-01-02"))
    assert (download.status, download.rows) == ("failed", 1_000)
    assert "the bar of 2025-01-01 19:59 UTC came twice" in download.message
    unknown = run(asked(symbol="NOSUCH/USDT", user=make_user()))
    assert (unknown.status, unknown.message) == ("failed", "The exchange does not trade this market.")


@pytest.mark.usefixtures("chinese")
def test_what_is_wrong_is_said_in_its_owner_s_language(wire: HistoryServer) -> None:
    wire.record([*minutes(*range(1_200)), *minutes(1_199)])
    download = run(asked(make_user(language="zh-hans"), until="2025-01-02"))
    assert download.message == f"binance {GALA} 1m: 2025-01-01 19:59 UTC 的 K 线重复出现"
    assert translation.get_language() == "en"


def test_nothing_has_closed_yet(wire: HistoryServer) -> None:
    download = asked()
    CandleDownload.objects.filter(pk=download.pk).update(since=NOW - timedelta(seconds=30), until=NOW)
    assert (run(download).status, download.message) == ("failed", "No bar has closed in that time.")


def test_canceled_while_it_waits(wire: HistoryServer) -> None:
    download = asked()
    canceled = downloads.download_cancel(actor=download.owner, download=download, now=NOW)
    assert (canceled.status, canceled.finished_at) == ("canceled", NOW)
    assert run(download).status == "canceled"
    assert wire.requests == []
    with pytest.raises(DomainError) as refusal:
        downloads.download_cancel(actor=download.owner, download=download, now=NOW)
    assert refusal.value.code == "ended"
    with pytest.raises(PermissionDenied):
        downloads.download_cancel(actor=make_user(), download=download, now=NOW)


def test_canceled_while_it_runs_what_came_is_kept(wire: HistoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_running, "BEAT_S", 0.01)
    wire.record(minutes(*range(5_000)))
    download, noticed, answer = asked(until="2025-01-04"), threading.Event(), wire.answer

    def canceling(request: Any) -> Any:
        if len(wire.asked) == 3:
            downloads.download_cancel(actor=download.owner, download=download, now=NOW)
            connection.close()
            assert noticed.wait(10)
        return answer(request)

    def tell(row: CandleDownload) -> None:
        if row.status == JobStatus.RUNNING and CandleDownload.objects.get(pk=row.pk).is_cancel_wanted:
            noticed.set()

    monkeypatch.setattr(wire, "answer", canceling)
    assert run(download, tell).status == "canceled"
    stored = candles.load("binance", GALA, "1m")
    assert stored is not None
    assert len(stored) == download.rows == 3_000
    assert len(wire.asked) == 3


def test_few_run_at_once_and_the_next_waits(wire: HistoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_running, "RUNNING_MAX", 1)
    sent: list[int] = []
    monkeypatch.setattr(download_running, "send", sent.append)
    wire.record(minutes(*range(10)))
    running, waiting = asked(until="2025-01-02"), asked(make_user(), timeframe="5m", until="2025-01-02")
    CandleDownload.objects.filter(pk=running.pk).update(status=JobStatus.RUNNING, started_at=NOW, alive_at=NOW)
    assert run(waiting).status == "queued"
    download_running.downloads_sweep(NOW, Told())
    assert sent == []
    CandleDownload.objects.filter(pk=running.pk).update(status=JobStatus.QUEUED)
    assert run(running).status == "done"
    assert sent == [waiting.pk]


def test_a_worker_that_is_to_end_hands_its_download_back(wire: HistoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_running, "_stopping", threading.Event())
    wire.record(minutes(*range(3_000)))
    download, answer = asked(until="2025-01-03T02:00Z"), wire.answer

    def ending(request: Any) -> Any:
        if len(wire.asked) == 2:
            worker_shutting_down.send(tasks)
        return answer(request)

    monkeypatch.setattr(wire, "answer", ending)
    told = Told()
    assert (run(download, told).status, download.rows, download.finished_at) == ("queued", 2_000, None)
    assert told.statuses == ["running", "queued"]
    download_running._stopping.clear()
    monkeypatch.setattr(wire, "answer", answer)
    assert (run(download).status, download.rows) == ("done", 3_000)
    assert wire.asked == [T0, T0 + 60_000_000, T0 + 120_000_000]


WORKER = """
import sys
import django

django.setup()
from django.utils import timezone
from exchanges.history import download_running

download_running.download_run(int(sys.argv[1]), timezone.now, lambda row: None)
"""


def test_a_killed_worker_is_noticed_and_another_goes_on(
    wire: HistoryServer, candle_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.record(minutes(*range(24_000)))
    download, reached, answer = asked(until="2025-01-17T16:00Z"), threading.Event(), wire.answer

    def hanging(request: Any) -> Any:
        if len(wire.asked) == 22 and not reached.is_set():
            reached.set()
            worker.wait(60)
        return answer(request)

    monkeypatch.setattr(wire, "answer", hanging)
    database = connection.settings_dict
    url = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    environment = {
        "DATABASE_URL": url,
        "CANDLE_DIR": str(candle_dir),
        "EXCHANGE_BASE_URLS": f'{{"binance": {{"rest": "{wire.url}"}}}}',
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "chainmakes.settings",
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(download.pk)], env=os.environ | environment)
    assert reached.wait(60)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait(10) == -signal.SIGKILL
    download.refresh_from_db()
    assert (download.status, download.alive_at is not None) == ("running", True)
    assert len(candles.load("binance", GALA, "1m") or []) == 20_000
    told = Told()
    last_sign = download.alive_at or NOW
    download_running.downloads_sweep(last_sign + download_running.DEAD_AFTER, told)
    assert told.rows == []
    download_running.downloads_sweep(last_sign + download_running.DEAD_AFTER + timedelta(seconds=1), told)
    download.refresh_from_db()
    assert (told.statuses, download.status, download.lost_workers) == (["queued"], "queued", 1)
    del wire.requests[:]
    assert (run(download).status, download.missing_bars) == ("done", 0)
    assert wire.asked == [T0 + k * 60_000 for k in range(20_000, 24_000, 1_000)]


def test_a_worker_that_was_taken_for_dead_writes_nothing_more(wire: HistoryServer) -> None:
    wire.record(minutes(*range(10)))
    download = asked(until="2025-01-02")
    mine = download_running._claim(download.pk, NOW)
    assert mine is not None
    CandleDownload.objects.filter(pk=download.pk).update(alive_at=NOW - timedelta(hours=1))
    download_running.downloads_sweep(NOW, Told())
    again = download_running._claim(download.pk, NOW + timedelta(seconds=5))
    assert again is not None
    download_running._end(mine, NOW, JobStatus.FAILED, Told())
    download.refresh_from_db()
    assert download.status == "running"


@pytest.mark.parametrize(
    ("changes", "status"), [({"lost_workers": 4}, "failed"), ({"is_cancel_wanted": True}, "canceled")]
)
def test_what_dies_again_and_again_is_given_up(changes: dict[str, Any], status: str) -> None:
    download = asked()
    old = NOW - timedelta(hours=1)
    CandleDownload.objects.filter(pk=download.pk).update(
        status=JobStatus.RUNNING, started_at=old, alive_at=old, **changes
    )
    download_running.downloads_sweep(NOW, Told())
    download.refresh_from_db()
    assert (download.status, download.finished_at) == (status, NOW)
    assert bool(download.message) == (status == "failed")
