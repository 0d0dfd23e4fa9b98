"""REST doors and socket of the scanner."""

from typing import Any

import pytest
from django.test import Client

from accounts.tests.clients import bearer
from bots.tests.factories import make_user, make_viewer
from exchanges.tests.series import candle_dir  # noqa: F401
from trading.consumers import ScanConsumer
from trading.models import PairScan
from trading.scans import progress
from trading.tests.scans.made import PAIRS, SYMBOLS, TIED, created, run, wish
from trading.tests.scans.worlds import world  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


@pytest.mark.parametrize("path", ["/api/v1/pairs/scan", "/api/v1/pairs/scan/"])
def test_a_scan_is_asked_for_run_and_read(path: str) -> None:
    user = make_user()
    client = bearer(user)
    answer = client.post(path, wish(), format="json")
    assert answer.status_code == 201, answer.json()
    number = answer.json()["id"]
    assert (answer.json()["status"], answer.json()["total"]) == ("queued", 0)
    run(PairScan.objects.get(pk=number))
    found = client.get(f"/api/v1/pairs/scans/{number}").json()
    assert (found["status"], found["done"], found["summary"]["found"]) == ("done", PAIRS, 1)
    assert found["markets"] == sorted(SYMBOLS)
    pairs = client.get(f"/api/v1/pairs/scans/{number}/pairs?page_size=5").json()
    assert (pairs["count"], len(pairs["results"])) == (PAIRS, 5)
    best = pairs["results"][0]
    assert (best["market1"], best["market2"], best["verdict"]) == (*TIED, "holds")
    assert best["half_life_h"] == best["half_life_bars"]
    assert client.get("/api/v1/pairs/scans/").json()["results"][0]["id"] == number


@pytest.mark.parametrize(
    ("query", "least", "most"),
    [
        ("verdict=holds", 1, 1),
        ("symbol=AAA", len(SYMBOLS) - 1, len(SYMBOLS) - 1),
        ("max_q=0.05", 1, 1),
        ("min_score=0", PAIRS, PAIRS),
        ("min_carry=1", 0, 0),
        ("min_correlation=0.5", 1, 1),
    ],
)
def test_pairs_are_filtered(query: str, least: int, most: int) -> None:
    user = make_user()
    scan = run(created(user))
    count = bearer(user).get(f"/api/v1/pairs/scans/{scan.pk}/pairs?{query}").json()["count"]
    assert least <= count <= most


def test_pairs_are_ordered_and_those_without_the_figure_come_last() -> None:
    user = make_user()
    scan = run(created(user))
    client = bearer(user)
    scan.pairs.filter(market1="AAA/USDT:USDT", market2="BBB/USDT:USDT").update(carry_long_pct=1.0)
    for wished in ("carry_long_pct", "-carry_long_pct"):
        rows = client.get(f"/api/v1/pairs/scans/{scan.pk}/pairs?ordering={wished}").json()["results"]
        assert rows[0]["carry_long_pct"] == 1.0
    rows = client.get(f"/api/v1/pairs/scans/{scan.pk}/pairs?ordering=-correlation").json()["results"]
    assert [row["correlation"] for row in rows] == sorted((row["correlation"] for row in rows), reverse=True)
    assert client.get(f"/api/v1/pairs/scans/{scan.pk}/pairs?ordering=owner").status_code == 400


def test_cancelling_and_deleting() -> None:
    user = make_user()
    client, scan = bearer(user), created(user)
    assert client.post(f"/api/v1/pairs/scans/{scan.pk}/cancel").json()["status"] == "canceled"
    assert client.post(f"/api/v1/pairs/scans/{scan.pk}/cancel").status_code == 409
    assert client.delete(f"/api/v1/pairs/scans/{scan.pk}").status_code == 204
    assert client.get(f"/api/v1/pairs/scans/{scan.pk}").status_code == 404


def test_mistakes_are_named_by_field() -> None:
    answer = bearer(make_user()).post("/api/v1/pairs/scan", wish(timeframe="7m", symbols=["A"]), format="json")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"timeframe", "symbols"}
    assert bearer(make_user()).post("/api/v1/pairs/scan", [1], format="json").status_code == 400


def test_outsiders_find_nothing_and_viewers_ask_for_nothing() -> None:
    scan = created(make_user())
    other = bearer(make_user())
    base = f"/api/v1/pairs/scans/{scan.pk}"
    answers = [other.get(base), other.get(f"{base}/pairs"), other.post(f"{base}/cancel"), other.delete(base)]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert other.get("/api/v1/pairs/scans").json()["count"] == 0
    assert bearer(make_viewer()).post("/api/v1/pairs/scan", wish(), format="json").status_code == 403
    assert Client().get(base).status_code == 401


def test_the_socket_tells_its_owner_alone() -> None:
    user = make_user()
    scan = created(user)
    consumer: Any = ScanConsumer()
    consumer.scope = {"url_route": {"kwargs": {"scan_id": str(scan.pk)}}}
    assert consumer.group_of(user) == progress.group(scan.pk)
    snapshot = consumer.snapshot_of(user)
    assert (snapshot["status"], snapshot["done"], snapshot["waiting_for"]) == ("queued", 0, 0)
    with pytest.raises(PairScan.DoesNotExist):
        consumer.group_of(make_user())
    with pytest.raises(PairScan.DoesNotExist):
        consumer.snapshot_of(make_user())
