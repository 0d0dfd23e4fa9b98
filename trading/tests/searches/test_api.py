"""REST doors of searches."""

from typing import Any

import pytest

from accounts.tests.clients import bearer
from bots.tests.factories import make_user, make_viewer
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests.services import backtest_cancel, backtest_create
from trading.models import Backtest
from trading.tests.searches.made import NOW, created, run, wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

PATHS = ("trials", "heat-map?x=profit_ratio&y=dca_config[1].spread", "search")


def test_a_search_is_asked_for_run_and_read() -> None:
    user = make_user()
    client = bearer(user)
    answer = client.post("/api/v1/backtests/optimize", wish(), format="json")
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["kind"], answer.json()["total"], answer.json()["status"]) == ("search", 21, "queued")
    number = answer.json()["id"]
    run(Backtest.objects.get(pk=number))
    trials = client.get(f"/api/v1/backtests/{number}/trials?page_size=5").json()
    assert trials["count"] == 21
    scores = [row["score"] for row in trials["results"]]
    assert scores == sorted(scores, reverse=True)
    assert len(trials["results"][0]["in_sample"]) == len(trials["results"][0]["out_of_sample"]) == 1
    listed = client.get(f"/api/v1/backtests/{number}").json()
    assert (listed["status"], listed["done"], listed["figures"]) == ("done", 21, None)
    found = client.get(f"/api/v1/backtests/{number}/search").json()
    assert found["best"][0]["number"] == trials["results"][0]["number"]
    assert found["walk_forward"]["folds"]
    assert all(isinstance(text, str) for text in found["warnings"])


def test_the_path_works_with_a_slash_at_its_end() -> None:
    answer = bearer(make_user()).post("/api/v1/backtests/optimize/", wish(), format="json")
    assert answer.status_code == 201


def test_a_heat_map_over_two_parameters() -> None:
    user = make_user()
    backtest = run(created(user))
    query = "x=profit_ratio&y=dca_config[1].spread&statistic=median"
    found = bearer(user).get(f"/api/v1/backtests/{backtest.pk}/heat-map?{query}").json()
    assert len(found["cells"]) == 21
    assert (found["x"], found["y"], found["statistic"]) == ("profit_ratio", "dca_config[1].spread", "median")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "x"),
        ("?x=profit_ratio", "y"),
        ("?x=colour&y=profit_ratio", "x"),
        ("?x=profit_ratio&y=dca_config[1].spread&statistic=mean", "statistic"),
    ],
)
def test_a_heat_map_needs_two_parameters_of_the_search(query: str, field: str) -> None:
    user = make_user()
    answer = bearer(user).get(f"/api/v1/backtests/{created(user).pk}/heat-map{query}")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


@pytest.mark.parametrize("ordering", ["number", "-number", "oos_score", "-oos_score"])
def test_sets_come_in_the_order_that_is_asked_for(ordering: str) -> None:
    user = make_user()
    backtest = run(created(user))
    rows = bearer(user).get(f"/api/v1/backtests/{backtest.pk}/trials?ordering={ordering}").json()["results"]
    values = [row[ordering.lstrip("-")] for row in rows if row[ordering.lstrip("-")] is not None]
    assert values == sorted(values, reverse=ordering[0] == "-")


def test_an_unknown_order_is_refused() -> None:
    user = make_user()
    answer = bearer(user).get(f"/api/v1/backtests/{created(user).pk}/trials?ordering=colour")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "data", [{}, [], {"search": {"space": {"profit_ratio": {"low": 1}}}}, wish(search={"method": "guess"})]
)
def test_mistakes_are_answered_beside_their_fields(data: Any) -> None:
    answer = bearer(make_user()).post("/api/v1/backtests/optimize", data, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert answer.json()["errors"]


@pytest.mark.parametrize("path", PATHS)
def test_somebody_else_s_search_is_not_found(path: str) -> None:
    backtest = run(created(make_user()))
    assert bearer(make_user()).get(f"/api/v1/backtests/{backtest.pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_a_single_back_test_is_no_search(path: str) -> None:
    user = make_user()
    data = {name: value for name, value in wish().items() if name != "search"}
    backtest = backtest_create(actor=user, data=data, now=NOW)
    assert bearer(user).get(f"/api/v1/backtests/{backtest.pk}/{path}").status_code == 404


def test_a_viewer_looks_but_does_not_search() -> None:
    assert bearer(make_viewer()).post("/api/v1/backtests/optimize", wish(), format="json").status_code == 403


def test_a_canceled_search_goes_on() -> None:
    user = make_user()
    client = bearer(user)
    backtest = created(user)
    assert client.post(f"/api/v1/backtests/{backtest.pk}/resume").status_code == 409
    backtest_cancel(actor=user, backtest=backtest, now=NOW)
    answer = client.post(f"/api/v1/backtests/{backtest.pk}/resume")
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert bearer(make_user()).post(f"/api/v1/backtests/{backtest.pk}/resume").status_code == 404


def test_lists_take_few_queries_whatever_there_is(django_assert_max_num_queries: Any) -> None:
    user = make_user()
    client = bearer(user)
    backtest = run(created(user))
    for path in PATHS:
        with django_assert_max_num_queries(12):
            client.get(f"/api/v1/backtests/{backtest.pk}/{path}")
