"""Asking for a scan, cancelling and deleting it; downloads of what is missing; liquidity."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from bots.tests.factories import make_user, make_viewer
from chainmakes.tests.broker import Broker, own_broker  # noqa: F401
from exchanges.adapters.base import OrderBook
from exchanges.errors import DomainError
from exchanges.models import CandleDownload, JobStatus
from exchanges.tests.series import candle_dir, simulated_account  # noqa: F401
from trading.models import PairScan
from trading.scans import liquidity, progress, services
from trading.scans.chunks import Next
from trading.scans.liquidity import ASKED, READ, taking_cost
from trading.tests.scans import made
from trading.tests.scans.made import NOW, TIED, chunk, created, run
from trading.tests.scans.worlds import world  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("candle_dir")]

QUEUE = "compute\x06\x166"
"""Where Redis keeps what has priority 6."""
BAD: list[tuple[dict[str, Any], str]] = [
    ({"exchange": "nasdaq"}, "exchange"),
    ({"exchange": None}, "exchange"),
    ({"timeframe": "7m"}, "timeframe"),
    ({"symbols": ["AAA/USDT"]}, "symbols"),
    ({"symbols": ["AAA/USDT", "AAA-USDT"]}, "symbols"),
    ({"symbols": ["AAA/USDT", 7]}, "symbols"),
    ({"symbols": ["AAA/USDT", "A B"]}, "symbols"),
    ({"symbols": {"A": 1}}, "symbols"),
    ({"symbols": [f"C{n}/USDT" for n in range(251)]}, "symbols"),
    ({"symbols": "BTC/USD, ETH/USD"}, "symbols"),
    ({"since": "yesterday"}, "since"),
    ({"since": "2025-02-01", "until": "2025-01-01T00:00Z"}, "until"),
    ({"out_of_sample_pct": 5}, "out_of_sample_pct"),
    ({"out_of_sample_pct": 61}, "out_of_sample_pct"),
    ({"out_of_sample_pct": "many"}, "out_of_sample_pct"),
    ({"size_quote": 0}, "size_quote"),
    ({"size_quote": "NaN"}, "size_quote"),
    ({"cost_pct": -0.1}, "cost_pct"),
    ({"download": "perhaps"}, "download"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_every_mistake_is_named_beside_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        created(make_user(), **change)
    assert field in refused.value.message_dict
    assert not PairScan.objects.exists()


@pytest.mark.parametrize("data", [None, [], "scan", 3])
def test_what_is_no_object_is_refused(data: Any) -> None:
    with pytest.raises(ValidationError):
        services.scan_create(actor=make_user(), data=data, now=NOW)


def test_markets_in_any_spelling() -> None:
    scan = created(make_user(), symbols="AAA/USDT, BBB-USDT\nCCC/USDT:USDT,,aaa/usdt")
    assert scan.symbols == ["AAA/USDT:USDT", "BBB/USDT:USDT", "CCC/USDT:USDT"]


def test_viewers_ask_for_nothing() -> None:
    with pytest.raises(PermissionDenied):
        created(make_viewer())


def test_only_so_many_at_once_and_others_do_not_count() -> None:
    user = make_user()
    created(make_user())
    for _ in range(services.OPEN_MAX):
        created(user)
    with pytest.raises(DomainError) as refused:
        created(user)
    assert refused.value.code == "too_many"


def test_old_ones_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "KEPT_MAX", 2)
    user = make_user()
    for _ in range(4):
        created(user)
        PairScan.objects.update(status=JobStatus.DONE)
    assert PairScan.objects.filter(owner=user).count() == 2


def test_cancelling_and_deleting() -> None:
    user = make_user()
    scan = services.scan_cancel(actor=user, scan=created(user), now=NOW)
    assert (scan.status, scan.finished_at) == (JobStatus.CANCELED, NOW)
    with pytest.raises(DomainError):
        services.scan_cancel(actor=user, scan=scan, now=NOW)
    with pytest.raises(PermissionDenied):
        services.scan_delete(actor=make_user(), scan=scan)
    services.scan_delete(actor=user, scan=scan)
    running = created(user)
    PairScan.objects.update(status=JobStatus.RUNNING)
    with pytest.raises(DomainError):
        services.scan_delete(actor=user, scan=running)


@pytest.mark.django_db(transaction=True)
def test_tasks_are_sent_once_it_is_committed_and_again_when_forgotten(broker: Broker, settings: Any) -> None:
    settings.SEARCH_TASKS_AHEAD = 2
    scan = created(make_user())
    assert broker.waiting(QUEUE) == [(services.CHUNK_TASK, [scan.pk, 0])] * 2
    broker.forget()
    services.scans_sweep(NOW + timedelta(days=900))
    assert broker.waiting(QUEUE) == [(services.CHUNK_TASK, [scan.pk, 1])] * 2


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_no_error_for_the_user(broker: Broker) -> None:
    broker.shut()
    assert created(make_user()).status == JobStatus.QUEUED


def test_it_waits_for_downloads_and_goes_on_with_what_there_is() -> None:
    made.store_world()
    user = make_user()
    scan = created(user, symbols=[*TIED, "NEW/USDT"], until="2025-02-01", since="2025-01-01", download=True)
    assert chunk(scan) is Next.DOWNLOADS
    scan.refresh_from_db()
    wishes = CandleDownload.objects.filter(owner=user)
    assert set(wishes.values_list("symbol", "kind")) == {
        ("NEW/USDT:USDT", "candles"),
        *((symbol, "funding") for symbol in (*TIED, "NEW/USDT:USDT")),
    }
    assert progress.waiting_for(scan) == 4
    assert chunk(scan) is Next.DOWNLOADS
    assert wishes.count() == 4
    wishes.update(status=JobStatus.FAILED, finished_at=NOW)
    assert run(scan).status == JobStatus.DONE
    scan.refresh_from_db()
    assert scan.markets == list(TIED)
    assert [symbol for symbol, _reason in scan.left_out] == ["NEW/USDT:USDT"]


def test_a_scan_that_waits_for_downloads_can_be_canceled() -> None:
    user = make_user()
    scan = created(user, symbols=["ONE/USDT", "TWO/USDT"], download=True)
    assert chunk(scan) is Next.DOWNLOADS
    services.scan_cancel(actor=user, scan=PairScan.objects.get(), now=NOW)
    chunk(scan)
    scan.refresh_from_db()
    assert scan.status == JobStatus.CANCELED


def test_a_simulated_market_is_asked_for_as_a_whole() -> None:
    user = make_user()
    simulated_account(user)
    scan = created(user, exchange="paper", download=True)
    chunk(scan)
    assert CandleDownload.objects.filter(kind="candles").count() >= 10


def book(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> OrderBook:
    levels = [tuple((Decimal(price), Decimal(size)) for price, size in side) for side in (bids, asks)]
    return OrderBook("AAA/USDT:USDT", levels[0], levels[1], NOW)


def test_what_taking_a_size_from_a_book_costs() -> None:
    """The worse of both sides: 10 at 101 and 5 at 102 are 1.33 % above a middle of 100."""
    found = taking_cost(book([("99.5", "100")], [("100.5", "0.1"), ("101", "100")]), Decimal(10))
    assert found.cost_pct == pytest.approx(0.5)
    deep = taking_cost(book([("99", "100")], [("101", "10"), ("102", "10")]), Decimal(1500))
    assert deep.cost_pct == pytest.approx((10 * 101 + 5 * 102) / 15 - 100)


def test_a_shallow_and_an_empty_book_say_so() -> None:
    shallow = taking_cost(book([("99", "1")], [("101", "1")]), Decimal(1500))
    assert shallow.cost_pct is None
    assert shallow.note
    assert taking_cost(book([], [("101", "1")]), Decimal(10)).cost_pct is None


def test_a_venue_out_of_reach_leaves_liquidity_out_with_a_reason() -> None:
    made.store_world()
    scan = run(created(make_user(), symbols=list(TIED)))
    assert scan.summary["liquidity"] == ASKED
    liquidity.books_read(scan.pk, NOW)
    scan.refresh_from_db()
    pair = scan.pairs.get()
    assert scan.summary["liquidity"] == READ
    assert scan.summary["liquidity_note"]
    assert (pair.slippage_pct, pair.liquidity_note) == (None, scan.summary["liquidity_note"])
    liquidity.books_read(scan.pk, NOW)


def books_asked(broker: Broker) -> list[Any]:
    """News of the scan go through the same queue."""
    return [args for task, args in broker.waiting("io") if task == liquidity.TASK]


@pytest.mark.django_db(transaction=True)
def test_books_that_were_not_read_are_asked_for_again_for_an_hour(broker: Broker) -> None:
    made.store_world()
    scan = run(created(make_user(), symbols=list(TIED)))
    assert books_asked(broker) == [[scan.pk]]
    broker.forget()
    assert scan.finished_at is not None
    services.scans_sweep(scan.finished_at + timedelta(minutes=2))
    assert books_asked(broker) == [[scan.pk]]
    broker.forget()
    services.scans_sweep(scan.finished_at + timedelta(hours=2))
    assert books_asked(broker) == []
