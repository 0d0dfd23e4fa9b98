"""Back-tests over REST: asked for, read, canceled, deleted; whose they are, and what bad input is answered with."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import GALA, make_bot, make_paper_account, make_user, make_viewer
from exchanges.models import JobStatus, PaperSource
from exchanges.tests.series import BARS, candle_dir, stored_pair  # noqa: F401
from trading.backtests import drawing, report, stored
from trading.models import Backtest
from trading.tests.backtests.made import PARAMETERS, done, queued, wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

LIST = "/api/v1/backtests/"
READ = ["", "/trades", "/equity", "/chart", "/report", "/report?format=html"]
ERROR = {"detail", "code", "errors"}


@pytest.fixture
def owner():
    return make_user()


@pytest.fixture
def api(owner):
    return bearer(owner)


def address(backtest: Backtest, part: str = "") -> str:
    return f"/api/v1/backtests/{backtest.pk}{part}"


def results(api: Any, path: str) -> list[dict[str, Any]]:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


# --- asking ----------------------------------------------------------------------------------------------------------


def test_a_new_one(api):
    answer = api.post(LIST, wish(market1_symbol="gala-usdt"), format="json")
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    expected = {
        "kind": "run",
        "name": "GALA against CHZ",
        "status": "queued",
        "market1_symbol": GALA,
        "parameters": PARAMETERS,
        "total": BARS,
        "done": 0,
        "figures": None,
        "summary": {},
        "size_bytes": 0,
    }
    assert shown | expected == shown
    assert api.get(f"/api/v1/backtests/{shown['id']}").json() == shown


@pytest.mark.parametrize("slash", ["", "/"])
def test_with_and_without_the_slash(api, owner, slash):
    assert api.get(f"/api/v1/backtests{slash}").status_code == 200
    assert api.get(address(queued(owner), f"/trades{slash}")).status_code == 200


def test_from_a_bot_alone(api, owner):
    account = make_paper_account(owner, paper_source=PaperSource.REPLAY)
    bot = make_bot(account=account, timeframe="5m")
    answer = api.post(LIST, {"bot": bot.pk}, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["bot"] == bot.pk


def test_history_that_is_not_stored_is_named_with_the_place_to_get_it(api, owner):
    bot = make_bot(account=make_paper_account(owner), timeframe="5m")
    said = api.post(LIST, {"bot": bot.pk}, format="json").json()["errors"]["market1_symbol"][0]
    assert said == (
        "No candles of GALA/USDT at Simulated market are stored. Download them under Data. "
        "/data/?exchange=paper&symbol=GALA%2FUSDT%3AUSDT&timeframe=5m"
    )
    early = api.post(LIST, wish(since="2020-01-01T00:00:00Z"), format="json").json()["errors"]["since"][0]
    assert early.endswith("/data/?exchange=binance&symbol=GALA%2FUSDT%3AUSDT&timeframe=5m&since=2020-01-01")


@pytest.mark.parametrize("path", ["", "?x=1"])
def test_somebody_elses_bot_is_not_found(api, path):
    answer = api.post(LIST + path, wish(bot=make_bot().pk), format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ([], {"non_field_errors"}),
        ("x", {"non_field_errors"}),
        ({}, {"exchange", "market1_symbol", "timeframe", "parameters", "market2_symbol"}),
        (wish(parameters={}), {"investment_per_order", "dca_config", "max_position_value"}),
        (wish(parameters=PARAMETERS | {"profit_ratio": [1]}), {"profit_ratio"}),
        (wish(market2_symbol="GALA/USDT"), {"market2_symbol"}),
        (wish(since="2020-01-01T00:00Z"), {"since"}),
        (wish(since=10**30, until=-1), {"since", "until"}),
        (wish(exchange={"a": 1}, timeframe=None), {"exchange", "timeframe"}),
        (wish(parameters={"dca_config": [{"spread": "\u0000"}]}), None),
    ],
)
def test_bad_input_is_answered_by_field(api, data, fields):
    answer = api.post(LIST, data, format="json")
    assert answer.status_code == 400
    assert set(answer.json()) == ERROR
    if fields is not None:
        assert set(answer.json()["errors"]) == fields
    assert not Backtest.objects.exists()


def test_too_many_at_once(api, owner, settings):
    settings.BACKTESTS_OPEN_MAX = 1
    queued(owner)
    answer = api.post(LIST, wish(), format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many")


def test_too_often(api, settings):
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"backtests": "2/hour"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
    answers = [api.post(LIST, wish(), format="json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1]["Retry-After"]) > 0


# --- reading ---------------------------------------------------------------------------------------------------------


def test_the_list_is_short_narrowed_and_ordered(api, owner):
    first, second = done(owner, name="B"), queued(owner, name="A", bot=make_bot(owner).pk)
    rows = results(api, LIST)
    assert [row["id"] for row in rows] == [second.pk, first.pk]
    assert "summary" not in rows[0]
    assert rows[0]["figures"] is None
    stats = first.summary["stats"]
    assert rows[1]["figures"] == {name: stats[name] for name in rows[1]["figures"]}

    def found(query: str) -> list[int]:
        return [row["id"] for row in results(api, f"{LIST}?{query}")]

    assert found("status=done") == [first.pk]
    assert found("kind=search") == []
    assert found(f"bot={second.bot_id}") == [second.pk]
    assert found("symbol=CHZ") == [second.pk, first.pk]
    assert found("symbol=BTC") == []
    assert found("exchange=binance&timeframe=5m&strategy=spread") == [second.pk, first.pk]
    assert found("ordering=name") == [second.pk, first.pk]
    assert found("ordering=id") == [first.pk, second.pk]
    assert found("created_after=2999-01-01T00:00:00Z") == []
    assert found("page_size=1&page=2") == [first.pk]


def test_a_finished_one_tells_all(api, owner):
    backtest = done(owner)
    shown = api.get(address(backtest)).json()
    assert (shown["status"], shown["done"], shown["problems"]) == ("done", BARS, [])
    assert shown["summary"] == backtest.summary
    assert shown["size_bytes"] == stored.size_of(backtest) > 0


def test_a_failed_one_says_why(api, owner):
    backtest = queued(owner)
    Backtest.objects.update(status=JobStatus.FAILED, problems=["data: the two markets have no bar in common"])
    assert api.get(address(backtest)).json()["problems"] == ["data: the two markets have no bar in common"]


def test_trades_in_pages(api, owner):
    backtest = done(owner)
    every = stored.trades_of(backtest)
    answer = api.get(address(backtest, "/trades?page_size=7&page=2")).json()
    assert (answer["count"], answer["results"]) == (len(every), every[7:14])
    assert "page=3" in answer["next"]
    assert results(api, address(backtest, "/trades?ordering=-t&page_size=2")) == every[:-3:-1]
    assert results(api, address(backtest, "/trades?cycle=2")) == [trade for trade in every if trade["cycle"] == 2]
    opened = results(api, address(backtest, "/trades?action=open&page_size=500"))
    assert opened == [trade for trade in every if trade["action"] == "open"]


def test_equity_with_few_points_or_bar_by_bar(api, owner):
    backtest = done(owner)
    times, equity = stored.equity_of(backtest)
    few = api.get(address(backtest, "/equity?points=50")).json()
    assert few["count"] == len(few["results"]) <= 50
    assert max(row["equity"] for row in few["results"]) == max(equity)
    every = api.get(address(backtest, "/equity?points=0&page_size=100&page=2")).json()
    assert every["count"] == BARS
    assert [row["t"] for row in every["results"]] == times[100:200].tolist()
    assert api.get(address(backtest, "/equity")).json()["count"] == BARS


def test_the_chart(api, owner):
    backtest = done(owner)
    assert api.get(address(backtest, "/chart?points=100")).json() == drawing.chart_of(backtest, 100)


def test_the_report_as_a_file(api, owner):
    backtest = done(owner)
    as_json = api.get(address(backtest, "/report"))
    assert as_json["Content-Disposition"] == f'attachment; filename="backtest-{backtest.pk}.json"'
    assert as_json.json() == report.report_json(backtest)
    page = api.get(address(backtest, "/report?format=html"), HTTP_ACCEPT="text/html")
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert page["Content-Disposition"].endswith('.html"')
    assert page.content.decode().startswith("<!doctype html>")


@pytest.mark.parametrize("kind", ["json", "html"])
def test_no_report_before_the_result(api, owner, kind):
    answer = api.get(address(queued(owner), f"/report?format={kind}"))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_result")


@pytest.mark.parametrize("part", ["/trades", "/equity", "/equity?points=0"])
def test_nothing_to_list_before_the_result(api, owner, part):
    assert results(api, address(queued(owner), part)) == []


@pytest.mark.parametrize(
    "query",
    [
        "/trades?page=0",
        "/trades?page=x",
        "/trades?page_size=x",
        "/trades?action=none",
        "/trades?cycle=0",
        "/trades?ordering=pnl",
        "/equity?points=-1",
        "/equity?points=99999999",
        "/equity?points=0&page=99999",
        "/chart?points=1",
        "/chart?points=x",
        "/report?format=pdf",
    ],
)
def test_bad_queries(api, owner, query):
    answer = api.get(address(done(owner), query))
    assert answer.status_code in (400, 404)
    assert set(answer.json()) == ERROR


def test_queries_do_not_grow_with_the_rows(api, owner):
    for _ in range(15):
        queued(owner)
    with CaptureQueriesContext(connection) as queries:
        assert len(results(api, LIST)) == 15
    assert len(queries) <= 6


# --- ending ----------------------------------------------------------------------------------------------------------


def test_cancel(api, owner):
    backtest = queued(owner)
    answer = api.post(address(backtest, "/cancel"))
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    again = api.post(address(backtest, "/cancel"))
    assert (again.status_code, again.json()["code"]) == (409, "ended")


def test_delete(api, owner):
    backtest = queued(owner)
    Backtest.objects.update(status=JobStatus.RUNNING)
    refused = api.delete(address(backtest))
    assert (refused.status_code, refused.json()["code"]) == (409, "running")
    Backtest.objects.update(status=JobStatus.DONE)
    assert api.delete(address(backtest)).status_code == 204
    assert api.get(address(backtest)).status_code == 404


# --- whose they are --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", READ)
def test_somebody_elses_is_not_found(owner, part):
    answer = bearer(make_user()).get(address(done(owner), part))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_stranger_ends_nothing(owner):
    backtest, stranger = queued(owner), bearer(make_user())
    assert stranger.post(address(backtest, "/cancel")).status_code == 404
    assert stranger.delete(address(backtest)).status_code == 404
    assert results(stranger, LIST) == []
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.QUEUED


@pytest.mark.parametrize("part", READ)
def test_nobody_without_logging_in(owner, part):
    assert anonymous().get(address(queued(owner), part)).status_code == 401
    assert anonymous().get(LIST).status_code == 401


def test_viewers_look(owner):
    backtest, viewer = done(owner), make_viewer()
    Backtest.objects.update(owner=viewer)
    api = bearer(viewer)
    for part in READ:
        assert api.get(address(backtest, part)).status_code == 200
    assert api.post(LIST, wish(), format="json").status_code == 403
    assert api.post(address(backtest, "/cancel")).status_code == 403
    assert api.delete(address(backtest)).status_code == 403
