"""The scanner's pages."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bots.tests.factories import make_paper_account, make_user, make_viewer
from bots.tests.page_client import client_of, page_of
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir  # noqa: F401
from trading.models import PairScan
from trading.tests.scans import made
from trading.tests.scans.made import PAIRS, TIED, created, run
from trading.tests.scans.worlds import world  # noqa: F401

pytestmark = pytest.mark.django_db(databases=["default", "paper"])

MOST_QUERIES = 14


@pytest.fixture
def done(world: Any) -> PairScan:  # noqa: F811
    return run(created(make_user()))


def test_an_empty_store_says_how_to_get_candles(candle_dir: Any) -> None:  # noqa: F811
    html = page_of(make_user(), "/pairs/")
    assert "No candles to compare are stored yet" in html
    assert "Scan all pairs" in html


def test_a_full_store_has_a_form_that_begins_with_it(world: Any) -> None:  # noqa: F811
    html = page_of(make_user(), "/pairs/")
    assert '<option value="okx" selected>' in html
    assert '<option value="1h" selected>' in html
    assert "6 markets of OKX" in html


def test_a_posted_form_leads_to_the_scan(world: Any) -> None:  # noqa: F811
    user = make_user()
    fields = {"exchange": "okx", "timeframe": "1h", "size_quote": "2,500", "cost_pct": "0.3", "out_of_sample_pct": "40"}
    answer = client_of(user).post("/pairs/", fields)
    scan = PairScan.objects.get()
    assert answer["Location"] == f"/pairs/{scan.pk}/"
    assert (scan.size_quote, scan.cost_pct, scan.out_of_sample_pct) == (2500.0, 0.3, 40)
    assert "Waits for its turn" in page_of(user, answer["Location"])


def test_mistakes_stand_beside_their_fields(world: Any) -> None:  # noqa: F811
    fields = {
        "exchange": "okx",
        "timeframe": "1h",
        "size_quote": "much",
        "symbols": "AAA/USDT",
        "out_of_sample_pct": "30",
    }
    answer = client_of(make_user()).post("/pairs/", fields)
    html = answer.content.decode()
    assert answer.status_code == 400
    assert "Enter a number." in html
    assert "Name at least two markets" in html
    assert not PairScan.objects.exists()


def test_the_best_pair_comes_first_with_its_figures(done: PairScan) -> None:
    html = page_of(done.owner, f"/pairs/{done.pk}/")
    assert "Holds in both parts" in html
    assert html.index("AAA / BBB") < html.index("Not found</span>")
    assert f"/backtests/new?exchange=okx&amp;market1={TIED[0].replace('/', '%2F').replace(':', '%3A')}" in html
    assert page_of(done.owner, "/pairs/").count("AAA / BBB") == 1


def test_pairs_are_narrowed_and_sorted_by_address(done: PairScan) -> None:
    held = page_of(done.owner, f"/pairs/{done.pk}/?verdict=holds&q=aaa&sort=-correlation")
    assert held.count('data-key="pair-') == 1
    none = page_of(done.owner, f"/pairs/{done.pk}/?q=zzz")
    assert "No pair fits this filter" in none
    page_of(done.owner, f"/pairs/{done.pk}/?sort=owner&verdict=x&page=nine&q=%00")


def test_the_heat_map_has_every_pair(done: PairScan) -> None:
    client = client_of(done.owner)
    found = client.get(f"/pairs/{done.pk}/map?figure=q_value").json()
    assert (len(found["markets"]), len(found["cells"]), found["figure"]) == (6, PAIRS, "q_value")
    assert client.get(f"/pairs/{done.pk}/map?figure=owner").json()["figure"] == "correlation"


def test_one_pair_with_its_chart(done: PairScan) -> None:
    pair = done.pairs.get(market1=TIED[0], market2=TIED[1])
    html = page_of(done.owner, f"/pairs/{done.pk}/{pair.number}/")
    assert "AAA/USDT" in html
    assert "Make a bot" in html
    chart = client_of(done.owner).get(f"/pairs/{done.pk}/{pair.number}/chart").json()
    assert len(chart["t"]) == len(chart["z"]) == made.BARS
    assert pair.split_at is not None
    assert chart["split"] == pair.split_at.timestamp() * 1000
    fitted = [z for t, z in zip(chart["t"], chart["z"], strict=True) if t < chart["split"]]
    assert sum(fitted) / len(fitted) == pytest.approx(0.0, abs=1e-9)


def test_a_chart_without_candles_says_so(done: PairScan, settings: Any, tmp_path: Any) -> None:
    settings.CANDLE_DIR = tmp_path / "elsewhere"
    assert client_of(done.owner).get(f"/pairs/{done.pk}/0/chart").status_code == 404


def test_others_find_nothing_and_viewers_see_no_buttons(done: PairScan) -> None:
    other = client_of(make_user())
    for path in ("", "map", "0/", "0/chart"):
        assert other.get(f"/pairs/{done.pk}/{path}").status_code == 404
    for path in ("cancel", "delete"):
        assert other.post(f"/pairs/{done.pk}/{path}").status_code == 404
    viewer = make_viewer()
    assert "Scan all pairs" not in page_of(viewer, "/pairs/")
    assert client_of(viewer).post("/pairs/", {"exchange": "okx", "timeframe": "1h"}).status_code == 403


def test_cancel_and_delete_by_button(world: Any) -> None:  # noqa: F811
    user = make_user()
    scan = created(user)
    client = client_of(user)
    assert client.post(f"/pairs/{scan.pk}/cancel")["Location"] == f"/pairs/{scan.pk}/"
    scan.refresh_from_db()
    assert scan.status == JobStatus.CANCELED
    page_of(user, f"/pairs/{scan.pk}/")
    assert client.post(f"/pairs/{scan.pk}/delete")["Location"] == "/pairs/"
    assert not PairScan.objects.exists()


def test_a_failed_scan_says_why(candle_dir: Any) -> None:  # noqa: F811
    scan = created(make_user())
    made.chunk(scan)
    assert "There are not two markets" in page_of(scan.owner, f"/pairs/{scan.pk}/")


def test_make_a_bot_and_back_test_this_are_filled_in(done: PairScan) -> None:
    make_paper_account(done.owner)
    query = f"exchange=okx&market1={TIED[0]}&market2={TIED[1]}&timeframe=1h"
    assert 'value="AAA/USDT"' in page_of(done.owner, f"/bots/new?{query}")
    assert "AAA/USDT" in page_of(done.owner, f"/backtests/new?{query}")


def test_as_many_queries_whatever_the_number_of_pairs(done: PairScan) -> None:
    client = client_of(done.owner)
    client.get(f"/pairs/{done.pk}/")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(f"/pairs/{done.pk}/")
    assert len(asked) <= MOST_QUERIES


def test_in_chinese(done: PairScan) -> None:
    done.owner.language = "zh-hans"
    done.owner.save()
    page_of(done.owner, f"/pairs/{done.pk}/")
    page_of(done.owner, f"/pairs/{done.pk}/0/")
