"""Asking for a search: what is refused at the door, what is stored, and going on after an end."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from bots.tests.factories import make_user, make_viewer
from exchanges.errors import DomainError
from exchanges.models import JobStatus
from exchanges.tests.series import BARS, START, candle_dir, stored_pair  # noqa: F401
from trading.backtests.running import backtest_run
from trading.backtests.services import backtest_cancel, backtest_create
from trading.models import Backtest
from trading.searches import results, services, trials
from trading.searches.objectives import score
from trading.tests.searches.made import NOW, PARAMETERS, chunk, created, run, wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]


def problems(**more: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        created(make_user(), **more)
    assert not Backtest.objects.exists()
    return refused.value.message_dict


def test_a_search_waits_with_its_time_pinned() -> None:
    backtest = created(make_user())
    assert (backtest.kind, backtest.status, backtest.total) == ("search", "queued", 21)
    assert backtest.since == START
    assert backtest.until == START + timedelta(minutes=5 * BARS)


def test_a_viewer_may_not_search() -> None:
    with pytest.raises(PermissionDenied):
        created(make_viewer())


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ({"method": "guess"}, "method"),
        ({"method": "random", "sets": 0}, "sets"),
        ({"seed": -1}, "seed"),
        ({"objective": "luck"}, "objective"),
        ({"folds": 17}, "folds"),
        ({"out_of_sample_pct": 99}, "out_of_sample_pct"),
        ({"min_cycles": 0}, "min_cycles"),
        ({"colour": "red"}, "colour"),
        ({"space": {}}, "space"),
    ],
)
def test_settings_of_the_search_are_refused_by_name(search: dict[str, Any], field: str) -> None:
    assert set(problems(search=search)) == {field}


def test_folds_that_are_too_short_are_refused() -> None:
    short = {"until": START + timedelta(minutes=5 * 100)}
    assert set(problems(search={"folds": 16}, **short)) == {"folds"}


@pytest.mark.parametrize("search", ["grid", [], None])
def test_a_search_is_an_object(search: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        services.search_create(actor=make_user(), data=wish() | {"search": search}, now=NOW)
    assert set(refused.value.message_dict) == {"search"}


@pytest.mark.parametrize(
    ("name", "about", "words"),
    [
        ("profit_ratio", {"low": 0, "high": 1, "step": 0.5}, "above 0"),
        ("max_dca_times", {"low": 4, "high": 6}, "no set can be run"),
        ("dca_config[4].spread", {"low": 1, "high": 2, "step": 1}, "3 levels"),
        ("dca_config[0].spread", {"low": 1, "high": 2, "step": 1}, "3 levels"),
        ("dca_config[1].colour", {"low": 1, "high": 2, "step": 1}, "varied"),
        ("dca_config[1].spread", {"low": -1, "high": 2, "step": 1}, "above 0"),
        ("dca_config", {"values": ["a"]}, "same for every set"),
        ("start_time", {"values": [1]}, "same for every set"),
        ("colour", {"values": [1]}, "varied"),
        ("strategy_params.colour", {"values": [1]}, "not a parameter of this strategy"),
        ("opening", {"values": ["reversion", "sideways"]}, "sideways"),
        ("taker_fee", {"low": 0.5, "high": 1.5, "step": 0.5}, "below 1"),
    ],
)
def test_values_that_no_set_can_have_are_refused_by_name(name: str, about: Any, words: str) -> None:
    (line,) = problems(search={"space": {name: about}})["space"]
    assert words in line
    assert line.startswith((f"{name}: ", "no set can be run"))


def test_a_grid_says_how_many_sets_it_would_have(settings: Any) -> None:
    settings.SEARCH_SETS_MAX = 20
    (line,) = problems()["space"]
    assert "21" in line
    assert "20" in line


def test_a_grid_needs_steps() -> None:
    (line,) = problems(search={"space": {"profit_ratio": {"low": 0.1, "high": 1}}})["space"]
    assert line.startswith("profit_ratio: ")


def test_random_sets_are_at_most_as_many_as_there_are() -> None:
    assert created(make_user(), search={"method": "random", "sets": 1000}).total == 21


def test_problems_of_the_back_test_itself_are_named_too() -> None:
    assert set(problems(exchange="mtgox", timeframe="5m")) == {"exchange"}
    assert "market1_symbol" in problems(market1_symbol="DOGE/USDT:USDT")


def test_given_start_prices_do_not_go_with_folds() -> None:
    given = PARAMETERS | {"start_price1": 1, "start_price2": 1}
    assert set(problems(parameters=given)) == {"start_price1"}
    assert created(make_user(), parameters=given, search={"folds": 0}).total == 21


def test_sets_that_some_values_together_refuse_are_counted_and_named() -> None:
    backtest = run(created(make_user(), search={"space": {"max_dca_times": {"low": 2, "high": 5}}}))
    assert backtest.status == JobStatus.DONE
    assert backtest.summary["refused"] == 2
    assert [row["sets"] for row in backtest.summary["refusals"]] == [1, 1]
    assert "3 rows for max_dca_times of 4" in backtest.summary["refusals"][0]["reason"]
    assert any("2 sets could not be run" in line for line in results.warnings(backtest))


def test_a_canceled_search_goes_on_where_it_was() -> None:
    user = make_user()
    backtest = created(user)
    whole = run(created(user))
    backtest_cancel(actor=user, backtest=backtest, now=NOW)
    resumed = services.search_resume(actor=user, backtest=backtest, now=NOW)
    assert resumed.status == JobStatus.QUEUED
    done = run(resumed)
    assert done.status == JobStatus.DONE
    assert [row.score for row in trials.outcomes_of(done.pk)] == [row.score for row in trials.outcomes_of(whole.pk)]


def test_what_was_found_before_a_cancel_stays() -> None:
    user = make_user()
    backtest = created(user, search={"method": "tpe", "sets": 21})
    Backtest.objects.filter(pk=backtest.pk).update(status=JobStatus.RUNNING, is_cancel_wanted=True)
    chunk(backtest)
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.CANCELED
    kept = trials.count(backtest.pk)
    resumed = services.search_resume(actor=user, backtest=backtest, now=NOW)
    assert (resumed.done, resumed.is_cancel_wanted) == (kept, False)
    assert run(resumed).done == 21


def test_only_its_owner_goes_on_with_a_search_that_has_ended() -> None:
    owner = make_user()
    backtest = created(owner)
    with pytest.raises(PermissionDenied):
        services.search_resume(actor=make_user(), backtest=backtest, now=NOW)
    with pytest.raises(DomainError):
        services.search_resume(actor=owner, backtest=backtest, now=NOW)


def test_a_set_can_be_run_as_a_back_test() -> None:
    user = make_user()
    backtest = run(created(user, search={"folds": 0}))
    best = results.best(backtest, 1)[0]
    trial = results.trial_of(backtest, best["number"])
    parameters = results.parameters_of(trial)
    assert parameters["profit_ratio"] == best["values"]["profit_ratio"]
    assert parameters["dca_config"][0]["spread"] == best["values"]["dca_config[1].spread"]
    alone = backtest_create(actor=user, data=results.run_data(trial), now=NOW)
    backtest_run(alone.pk, timezone.now)
    alone.refresh_from_db()
    assert (alone.status, alone.summary["bars"]) == (JobStatus.DONE, BARS)
    assert alone.summary["final_equity"] == pytest.approx(trial.in_sample[0]["net_profit"], rel=1e-9)
    assert alone.summary["stats"]["sharpe"] == pytest.approx(score("sharpe", trial.in_sample, 1), rel=1e-9)
