"""The simulated market's shelf of the candle store: whose prices it holds, and how they come to be there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied

from bots.tests.factories import make_paper_account, make_user, make_viewer
from exchanges.history import candles, download_running
from exchanges.history.simulated import FAILED_FOR, FRESH, history_prepare, reach_of
from exchanges.history.simulated_shelf import SHELF, history_exchange, is_on_shelf, rules_on_shelf, simulation_of
from exchanges.models import CandleDownload, CandleSet, FundingSet, JobStatus, PaperSource, shelf_name
from exchanges.registry import venue_of
from exchanges.tests.series import CHZ, GALA, candle_dir  # noqa: F401

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "paper"]),
    pytest.mark.usefixtures("candle_dir"),
]

NOW = datetime(2026, 1, 10, 12, 3, tzinfo=UTC)
HOURS = "1h"


def prepared(account: Any, *, now: datetime = NOW, symbols: tuple[str, ...] = (GALA, CHZ)) -> list[CandleDownload]:
    return history_prepare(actor=account.owner, account=account, symbols=symbols, timeframe=HOURS, now=now)


def carried_out(now: datetime = NOW) -> None:
    for row in CandleDownload.objects.filter(status=JobStatus.QUEUED).order_by("pk"):
        download_running.download_run(row.pk, lambda: now, lambda _row: None)


def early(**settings: Any) -> Any:
    account = make_paper_account(paper_config=settings)
    type(account).objects.filter(pk=account.pk).update(created_at=NOW - timedelta(days=30))
    account.refresh_from_db()
    return account


def test_it_is_what_the_account_s_venue_quotes() -> None:
    account = early(seed=7, volatility="3")
    prepared(account)
    carried_out()
    series = candles.load(SHELF, GALA, HOURS)
    assert series is not None
    since = NOW - timedelta(days=3)
    quoted = venue_of(account).candles(GALA, HOURS, since=since, limit=24)
    at = np.searchsorted(series.times, [int(bar.at.timestamp()) * 1000 for bar in quoted])
    for name, column in (
        ("open", series.opens),
        ("high", series.highs),
        ("low", series.lows),
        ("close", series.closes),
    ):
        assert list(column[at]) == [float(getattr(bar, name)) for bar in quoted]
    assert series.times[-1] == int(NOW.replace(minute=0).timestamp()) * 1000 - 3_600_000


def test_funding_comes_along_and_nothing_is_missing() -> None:
    account = early()
    prepared(account)
    carried_out()
    rows = CandleDownload.objects.all()
    assert [(row.status, row.missing_bars, row.message) for row in rows] == [(JobStatus.DONE, 0, "")] * 4
    stored = candles.load_funding(SHELF, CHZ)
    assert stored is not None
    rates = simulation_of(account).funding(CHZ, int(stored[0][0]) - 1, int(stored[0][-1]))
    assert list(stored[1]) == [float(rate.rate) for rate in rates]


def test_what_is_there_is_not_asked_for_again() -> None:
    account = early()
    assert [row.symbol for row in prepared(account)] == [GALA, CHZ]
    assert len(prepared(account)) == 2
    assert CandleDownload.objects.count() == 4
    carried_out()
    assert prepared(account) == []
    assert CandleDownload.objects.count() == 4


def test_old_history_goes_on_without_waiting_for_it() -> None:
    account = early()
    prepared(account)
    carried_out()
    later = NOW + FRESH + timedelta(hours=2)
    assert prepared(account, now=later) == []
    assert CandleDownload.objects.filter(status=JobStatus.QUEUED, timeframe=HOURS).count() == 2
    carried_out(later)
    row = CandleSet.objects.get(symbol=GALA)
    assert row.last_at > NOW + FRESH
    assert row.gaps == []


def test_what_failed_is_not_asked_for_at_once_again() -> None:
    account = early()
    prepared(account)
    CandleDownload.objects.update(status=JobStatus.FAILED, finished_at=NOW)
    assert prepared(account) == []
    assert len(prepared(account, now=NOW + FAILED_FOR + timedelta(seconds=1))) == 2


def test_another_simulation_never_comes_onto_the_shelf() -> None:
    first, twin, other = early(seed=7), early(seed=7), early(seed=8)
    replay = make_paper_account(paper_source=PaperSource.REPLAY)
    for _stage in ("empty", "filled"):
        assert [history_exchange(account) for account in (first, twin, other, replay)] == [
            SHELF,
            SHELF,
            "binance",
            "binance",
        ]
        assert prepared(other) == []
        prepared(first)
        carried_out()
    first.delete()
    assert (is_on_shelf(twin), is_on_shelf(other)) == (True, False)
    twin.delete()
    assert not is_on_shelf(other)
    prepared(other)
    assert not CandleDownload.objects.filter(owner=other.owner).exists()


def test_without_an_account_that_sees_it_nothing_is_made_up() -> None:
    row = CandleDownload.objects.create(
        owner=make_user(), exchange=SHELF, symbol=GALA, timeframe=HOURS, since=NOW - timedelta(days=1), until=NOW
    )
    carried_out()
    row.refresh_from_db()
    assert row.status == JobStatus.FAILED
    assert not CandleSet.objects.exists()
    assert not FundingSet.objects.exists()


def test_it_is_told_by_its_own_name_and_rules() -> None:
    account = early(taker_fee="0.0007")
    assert (str(shelf_name(SHELF)), str(shelf_name("okx"))) == ("Simulated market", "OKX")
    assert rules_on_shelf(GALA).taker_fee == venue_of(account).markets()[GALA].taker_fee
    with pytest.raises(LookupError):
        rules_on_shelf("PEPE/USDT:USDT")


def test_how_far_back() -> None:
    assert [reach_of(name).days for name in ("1m", "5m", "15m", "1h", "")] == [30, 90, 180, 365, 365]


def test_a_viewer_has_nothing_made() -> None:
    account = make_paper_account(make_viewer())
    with pytest.raises(PermissionDenied):
        prepared(account)
