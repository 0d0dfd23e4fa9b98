"""Recorded history in the browser: what there is, where it has holes, asking for more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from bots.tests.factories import make_user, make_viewer
from bots.tests.page_client import client_of, complaints, page_of
from exchanges.history import candles
from exchanges.models import CandleDownload, JobStatus
from exchanges.range_bars import BUCKETS, Axis, Part
from exchanges.tests.series import GALA, START, series_of, store_pair
from exchanges.timeframes import DAY_MS, HOUR_MS, MINUTE_MS
from trading.core.candles import Candles

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

T0 = int(START.timestamp() * 1000)
WISH = {
    "kind": "candles", "exchange": "binance", "type": "swap", "symbol": "gala-usdt", "timeframe": "1m",
    "since": "2025-01-01", "until": "2025-02-01",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _store(candle_dir: Any) -> None:
    """Every test has a candle store of its own."""


def holed() -> Any:
    hours = np.array([0, 1, 2, 4, 5, 6, 9, 10, 11], dtype=np.int64)
    price, volume = np.ones(9), np.array([1, 1, 1, 1, 0, 0, 1, 1, 1.0])
    return candles.save("okx", GALA, "1h", Candles(T0 + hours * HOUR_MS, price, price, price, price, volume))


def download(user: Any, **values: Any) -> CandleDownload:
    fields = {
        "exchange": "binance", "symbol": GALA, "timeframe": "1m", "since": START, "until": START + timedelta(days=31)
    }  # fmt: skip
    return CandleDownload.objects.create(owner=user, **fields | values)


def test_without_history_it_is_offered() -> None:
    html = page_of(make_user(), "/data/")
    assert "Nothing is recorded yet. Choose a market" in html
    assert "None yet. A download goes on when you leave this page." in html
    viewer = page_of(make_viewer(), "/data/")
    assert "Nothing is recorded yet." in viewer
    assert "download-form" not in viewer


def test_every_series_with_its_time_and_holes() -> None:
    store_pair(288)
    candles.save_funding("binance", GALA, np.array([T0, T0 + 31 * DAY_MS]), np.array([0.1, 0.2]))
    row = holed()
    html = page_of(make_viewer(), "/data/")
    for words in (
        "Binance · <b>5 min</b>",
        "OKX · <b>1 h</b>",
        "Binance · <b>Funding rates</b>",
        ">288<",
        ">1 Jan 2025<",
    ):
        assert words in html
    assert html.count('class="data"') == 4
    assert html.count('class="gap"') >= 1
    assert f'href="/data/{row.pk}/"' in html
    assert "OKX ·" not in page_of(make_viewer(), "/data/?exchange=binance")
    assert "CHZ" not in page_of(make_viewer(), "/data/?q=gala")
    assert "Nothing recorded fits this filter." in page_of(make_viewer(), "/data/?q=%00none")


def test_holes_of_a_series_with_their_times() -> None:
    row, user = holed(), make_viewer()
    html = page_of(user, f"/data/{row.pk}/")
    for words in ("2025-01-01 03:00<", "2025-01-01 07:00 – 08:00", "2025-01-01 05:00 – 06:00", "2 bars", "2 h 00 m"):
        assert words in html
    part = client_of(user).get(f"/data/{row.pk}/", headers={"X-Requested-With": "fetch"}).content.decode()
    assert "<html" not in part
    assert "2025-01-01 07:00" in part
    assert client_of(user).get(f"/data/{row.pk + 1}/").status_code == 404


def test_a_download_is_asked_for_and_canceled() -> None:
    user = make_user()
    answer = client_of(user).post("/data/", WISH)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/data/")
    row = CandleDownload.objects.get(owner=user)
    assert (row.symbol, row.timeframe, row.until) == (GALA, "1m", datetime(2025, 2, 1, tzinfo=UTC))
    html = page_of(user, "/data/")
    assert "Binance · 1 min<span>1 Jan 2025 – 1 Feb 2025</span>" in html
    assert "waits for its turn" in html
    client_of(user).post(f"/data/downloads/{row.pk}/cancel")
    assert "Cancelled" in page_of(user, "/data/")
    again = client_of(user)
    again.post(f"/data/downloads/{row.pk}/cancel")
    assert "This has ended already." in again.get("/data/").content.decode()


def test_funding_needs_no_timeframe() -> None:
    user = make_user()
    client_of(user).post("/data/", WISH | {"kind": "funding"})
    assert CandleDownload.objects.get(owner=user).kind == "funding"
    assert "Binance · Funding rates" in page_of(user, "/data/")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"symbol": "GALA"}, "Enter a market, such as GALA/USDT."),
        ({"symbol": ""}, "This field is required."),
        ({"since": "2017-01-01"}, "at most 3,000,000 at once"),
        ({"until": "2024-01-01"}, "The end must be after the start."),
        ({"exchange": "mars"}, "Select a valid choice"),
    ],
)
def test_complaints_stand_beside_their_fields(changes: dict[str, str], words: str) -> None:
    answer = client_of(make_user()).post("/data/", WISH | changes)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert words in html
    assert not complaints(html)
    assert not CandleDownload.objects.exists()


def test_what_is_at_work_cannot_be_asked_for_twice() -> None:
    user = make_user()
    client_of(user).post("/data/", WISH)
    html = client_of(make_user()).post("/data/", WISH).content.decode()
    assert "This history is being downloaded already." in html


def test_how_far_it_has_come_and_what_came_of_it() -> None:
    user = make_user()
    row = download(user, status=JobStatus.RUNNING, done=12_345, total=44_640, rows=12_000)
    html = page_of(user, "/data/")
    assert "12,345 of 44,640" in html
    assert 'class="done" width="27.65%"' in html
    row.status, row.finished_at, row.rows = JobStatus.DONE, timezone.now(), 44_600
    row.missing, row.missing_bars = [[T0, T0 + 39 * MINUTE_MS]], 40
    row.save()
    html = page_of(user, "/data/")
    assert "44,600 stored" in html
    assert "40 the exchange does not have" in html
    assert "2025-01-01 00:00 – 2025-01-01 00:39" in html
    row.status, row.message = JobStatus.FAILED, "No bar has closed in that time."
    row.save()
    assert "No bar has closed in that time." in page_of(user, "/data/")


def test_viewers_and_strangers() -> None:
    assert client_of(make_viewer()).post("/data/", WISH).status_code == 403
    assert client_of().get("/data/").status_code == 302
    row = download(make_user())
    assert client_of(make_user()).post(f"/data/downloads/{row.pk}/cancel").status_code == 404
    assert "GALA" not in page_of(make_user(), "/data/").partition('id="downloads"')[2]


def test_links_fill_the_form_in() -> None:
    html = page_of(make_user(), "/data/?symbol=CHZ/USDT&exchange=bybit&timeframe=15m&since=2025-03-01")
    assert 'value="CHZ/USDT"' in html
    assert 'value="bybit" selected' in html
    assert 'value="15m" selected' in html
    assert 'value="2025-03-01"' in html


def test_a_page_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    for k in range(70):
        candles.save("bybit", f"C{k}/USDT:USDT", "1h", series_of([1.0, 2.0], tick=0.5, timeframe="1h"))
    user = make_user()
    for k in range(6):
        download(user, symbol=f"C{k}/USDT:USDT", status=JobStatus.DONE)
    client = client_of(user)
    client.get("/data/")
    with django_assert_max_num_queries(12):
        html = client.get("/data/").content.decode()
    assert "1 to 60 of 70" in html


# --- bars over time ---


def test_parts_of_an_axis() -> None:
    axis = Axis(T0, T0 + 100 * HOUR_MS)
    assert axis.part(T0 + 25 * HOUR_MS, T0 + 50 * HOUR_MS) == Part(25.0, 25.0)
    assert axis.part(T0 - HOUR_MS, T0 + 200 * HOUR_MS) == Part(0.0, 100.0)
    near = [(T0 + k * MINUTE_MS, T0 + (k + 1) * MINUTE_MS) for k in (0, 2, 4, 600)]
    assert len(axis.parts(near)) == 2
    every_other = [(T0 + k * MINUTE_MS, T0 + (k + 1) * MINUTE_MS) for k in range(0, 6_000, 2)]
    assert len(axis.parts(every_other)) == 1
    assert len(axis.parts((T0 + k * HOUR_MS, T0 + k * HOUR_MS + 1) for k in range(100))) <= BUCKETS
    assert Axis(T0, T0).parts([(T0, T0)]) == [Part(0.0, 0.0)]


@pytest.mark.parametrize(
    ("days", "first", "count"),
    [
        (1, "2025-01-02", 1),
        (5, "2025-01-02", 5),
        (30, "2025-01-02", 6),
        (90, "2025-02-01", 3),
        (1_500, "2026-01-01", 4),
    ],
)
def test_an_axis_has_few_round_labels(days: int, first: str, count: int) -> None:
    ticks = Axis(T0, T0 + days * DAY_MS).ticks()
    assert (f"{ticks[0].at:%Y-%m-%d}", len(ticks)) == (first, count)
    assert all(0 <= tick.x <= 100 for tick in ticks)
