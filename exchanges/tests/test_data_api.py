"""Recorded history over REST: everybody reads it, traders download, nobody sees another's downloads."""

from typing import Any

import numpy as np
import pytest

from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import make_user, make_viewer
from exchanges.history import candles
from exchanges.models import CandleDownload, CandleSet, JobStatus
from exchanges.tests.series import CHZ, GALA, START, series_of, store_pair
from exchanges.timeframes import HOUR_MS
from trading.core.candles import Candles

pytestmark = pytest.mark.django_db

LIST, DOWNLOAD, DOWNLOADS = "/api/v1/data", "/api/v1/data/download", "/api/v1/data/downloads"
WISH = {"exchange": "binance", "symbol": "GALA/USDT", "timeframe": "1m", "since": "2025-01-01", "until": "2025-02-01"}
T0 = int(START.timestamp() * 1000)


@pytest.fixture(autouse=True)
def _store(candle_dir: Any) -> None:
    """Every test has a candle store of its own."""


def holed() -> CandleSet:
    """12 hours: three missing, two flat."""
    hours = np.array([0, 1, 2, 4, 5, 6, 9, 10, 11], dtype=np.int64)
    price, volume = np.ones(9), np.array([1, 1, 1, 1, 0, 0, 1, 1, 1.0])
    return candles.save("okx", GALA, "1h", Candles(T0 + hours * HOUR_MS, price, price, price, price, volume))


class TestCatalogue:
    def test_what_there_is(self) -> None:
        store_pair(50)
        candles.save_funding("binance", GALA, np.array([T0, T0 + HOUR_MS]), np.array([0.1, 0.2]), source="f.csv")
        row = holed()
        answer = bearer(make_viewer()).get(LIST).json()
        assert [(r["exchange"], r["symbol"], r["kind"], r["timeframe"]) for r in answer["results"]] == [
            ("binance", CHZ, "candles", "5m"),
            ("binance", GALA, "candles", "5m"),
            ("binance", GALA, "funding", ""),
            ("okx", GALA, "candles", "1h"),
        ]
        assert answer["count"] == 4
        assert answer["results"][3] == {
            "kind": "candles",
            "id": row.pk,
            "exchange": "okx",
            "symbol": GALA,
            "timeframe": "1h",
            "rows": 9,
            "first_at": "2025-01-01T00:00:00Z",
            "last_at": "2025-01-01T11:00:00Z",
            "flat_bars": 2,
            "gap_count": 2,
            "missing_bars": 3,
            "gaps": [
                {"first_at": "2025-01-01T03:00:00Z", "last_at": "2025-01-01T03:00:00Z", "bars": 1},
                {"first_at": "2025-01-01T07:00:00Z", "last_at": "2025-01-01T08:00:00Z", "bars": 2},
            ],
            "source": "",
            "updated_at": answer["results"][3]["updated_at"],
        }
        assert (answer["results"][2]["rows"], answer["results"][2]["source"]) == (2, "f.csv")

    def test_narrowed_and_in_pages(self) -> None:
        for timeframe in ("1h", "5m", "15m"):
            store_pair(4, timeframe=timeframe)
        candles.save_funding("binance", GALA, np.array([T0]), np.array([0.1]))
        api = bearer(make_user())
        lengths = [row["timeframe"] for row in api.get(LIST, {"symbol": GALA}).json()["results"]]
        assert lengths == ["5m", "15m", "1h", ""]
        for wanted, count in (
            ({"exchange": "okx"}, 0),
            ({"exchange": "binance"}, 7),
            ({"timeframe": "1h"}, 2),
            ({"kind": "funding"}, 1),
            ({"kind": "candles", "symbol": CHZ}, 3),
        ):
            assert api.get(LIST, wanted).json()["count"] == count, wanted
        second = api.get(LIST, {"page_size": 5, "page": 2}).json()
        assert (len(second["results"]), second["next"]) == (2, None)
        assert api.get(LIST, {"timeframe": "7m"}).status_code == 400
        assert anonymous().get(LIST).status_code == 401

    def test_the_number_of_queries_does_not_grow(self, django_assert_max_num_queries: Any) -> None:
        for k in range(30):
            candles.save("bybit", f"C{k}/USDT:USDT", "1h", series_of([1.0, 2.0], tick=0.5, timeframe="1h"))
        api = bearer(make_user())
        with django_assert_max_num_queries(6):
            assert len(api.get(LIST).json()["results"]) == 30

    def test_where_the_holes_are(self) -> None:
        api, row = bearer(make_viewer()), holed()
        holes = api.get(f"{LIST}/{row.pk}/holes").json()
        assert [gap["bars"] for gap in holes["gaps"]] == [1, 2]
        assert holes["outages"] == [{"first_at": "2025-01-01T05:00:00Z", "last_at": "2025-01-01T06:00:00Z", "bars": 2}]
        assert api.get(f"{LIST}/{row.pk + 1}/holes").status_code == 404


class TestDownloads:
    def test_asked_for_looked_at_and_canceled(self) -> None:
        user = make_user()
        api = bearer(user)
        answer = api.post(DOWNLOAD, WISH, format="json")
        assert answer.status_code == 202
        row = answer.json()
        expected = {"symbol": GALA, "status": "queued", "kind": "candles", "done": 0, "missing": [], "message": ""}
        assert row | expected == row
        assert (row["since"], row["until"]) == ("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z")
        assert CandleDownload.objects.get(pk=row["id"]).owner == user
        path = f"{DOWNLOADS}/{row['id']}"
        assert api.get(path).json() == row
        assert api.get(DOWNLOADS, {"status": "queued", "symbol": "gala"}).json()["results"] == [row]
        assert api.get(DOWNLOADS, {"status": "done"}).json()["count"] == 0
        canceled = api.delete(path)
        assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
        assert api.delete(path).status_code == 409

    def test_refused_beside_its_field(self) -> None:
        api = bearer(make_user())
        answer = api.post(DOWNLOAD, WISH | {"timeframe": "7m", "since": "2017-01-01"}, format="json")
        assert answer.status_code == 400
        assert set(answer.json()["errors"]) == {"timeframe"}
        assert api.post(DOWNLOAD, [], format="json").status_code == 400
        assert api.post(DOWNLOAD, WISH, format="json").status_code == 202
        again = api.post(DOWNLOAD, WISH, format="json")
        assert (again.status_code, again.json()["code"]) == (409, "at_work")

    def test_viewers_and_strangers(self) -> None:
        assert bearer(make_viewer()).post(DOWNLOAD, WISH, format="json").status_code == 403
        assert anonymous().post(DOWNLOAD, WISH, format="json").status_code == 401
        row = bearer(make_user()).post(DOWNLOAD, WISH, format="json").json()
        other = bearer(make_user())
        assert other.get(f"{DOWNLOADS}/{row['id']}").status_code == 404
        assert other.delete(f"{DOWNLOADS}/{row['id']}").status_code == 404
        assert other.get(DOWNLOADS).json()["count"] == 0

    def test_what_came_of_it(self) -> None:
        user = make_user()
        row = bearer(user).post(DOWNLOAD, WISH, format="json").json()
        CandleDownload.objects.update(
            status=JobStatus.FAILED, message="No bar has closed in that time.", missing=[[T0, T0]], missing_bars=1
        )
        user.language = "zh-hans"
        user.save()
        found = bearer(user).get(f"{DOWNLOADS}/{row['id']}", headers={"Accept-Language": "en"}).json()
        assert found["missing"] == [{"first_at": "2025-01-01T00:00:00Z", "last_at": "2025-01-01T00:00:00Z"}]
        assert (found["missing_bars"], found["status"]) == (1, "failed")
        assert found["message"]
