"""What is shown of a search: best sets, heat map, parallel coordinates."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from bots.tests.factories import make_user
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.models import Backtest, Trial
from trading.searches import results
from trading.searches.heat_map import STRETCHES
from trading.tests.searches.made import created, run
from trading.tests.searches.totals import totals

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

TWO = {"profit_ratio": {"values": [0.5, 1.0]}, "stop_loss_ratio": {"values": [5, 10, 20]}}
SCORES = {(0.5, 5): 3.0, (0.5, 10): 1.0, (0.5, 20): 7.0, (1.0, 5): None, (1.0, 10): 7.0, (1.0, 20): -2.0}


def with_scores(space: dict[str, Any], scores: list[tuple[dict[str, Any], float | None]]) -> Backtest:
    """A search whose sets have these scores, and their negatives out of sample."""
    backtest = created(make_user(), search={"space": space})
    for number, (values, score) in enumerate(scores):
        Trial.objects.create(
            search=backtest.search,
            number=number,
            values=values,
            score=score,
            oos_score=None if score is None else -score,
            in_sample=[totals()],
            out_of_sample=[totals(net_profit=3.75)],
        )
    return backtest


@pytest.fixture
def six() -> Backtest:
    names = ("profit_ratio", "stop_loss_ratio")
    return with_scores(TWO, [(dict(zip(names, values, strict=True)), score) for values, score in SCORES.items()])


def test_the_best_sets_come_first_and_of_equal_ones_the_one_tried_first(six: Backtest) -> None:
    assert [row["number"] for row in results.best(six)] == [2, 4, 0, 1, 5]
    assert [row["number"] for row in results.best(six, 2)] == [2, 4]


def test_a_set_shows_both_sides_and_how_much_it_lost(six: Backtest) -> None:
    row = results.best(six)[0]
    assert row["values"] == {"profit_ratio": 0.5, "stop_loss_ratio": 20}
    assert (row["score"], row["oos_score"], row["degradation_pct"]) == (7.0, -7.0, 50.0)
    assert (row["in_sample"]["net_profit"], row["out_of_sample"]["net_profit"]) == (7.5, 3.75)


def test_a_heat_map_has_a_cell_for_every_pair_of_values(six: Backtest) -> None:
    found = results.heat_map(six, "profit_ratio", "stop_loss_ratio")
    assert (found["xs"], found["ys"]) == ([0.5, 1.0], [5, 10, 20])
    assert found["cells"] == [
        [0, 0, 3.0, 1, 0],
        [0, 1, 1.0, 1, 1],
        [0, 2, 7.0, 1, 2],
        [1, 0, None, 1, None],
        [1, 1, 7.0, 1, 4],
        [1, 2, -2.0, 1, 5],
    ]


def test_a_heat_map_shows_out_of_sample_scores_too(six: Backtest) -> None:
    found = results.heat_map(six, "stop_loss_ratio", "profit_ratio", of="oos_score")
    assert found["cells"][0] == [0, 0, -3.0, 1, 0]


THREE = TWO | {"taker_fee": {"values": [0.1, 0.2, 0.3]}}


@pytest.mark.parametrize(("statistic", "expected"), [("max", [3.0, 5, 2]), ("median", [2.0, 5, 2])])
def test_over_all_other_parameters_the_best_or_the_median(statistic: Any, expected: list[Any]) -> None:
    base = {"profit_ratio": 0.5, "stop_loss_ratio": 5}
    fees = [(0.1, 1.0), (0.2, 2.0), (0.3, 3.0), (0.1, None), (0.2, 2.0)]
    backtest = with_scores(THREE, [(base | {"taker_fee": fee}, score) for fee, score in fees])
    found = results.heat_map(backtest, "profit_ratio", "stop_loss_ratio", statistic=statistic)
    assert found["cells"] == [[0, 0, *expected]]


def test_long_ranges_are_cut_into_stretches() -> None:
    space = {"profit_ratio": {"low": 0.5, "high": 2.5}, "stop_loss_ratio": {"values": [5, 10]}}
    backtest = created(make_user(), search={"method": "random", "sets": 5, "space": space})
    ends = [(0.5, 1.0), (0.5999, 2.0), (2.5, 3.0)]
    for number, (ratio, score) in enumerate(ends):
        values = {"profit_ratio": ratio, "stop_loss_ratio": 5}
        Trial.objects.create(search=backtest.search, number=number, values=values, score=score)
    found = results.heat_map(backtest, "profit_ratio", "stop_loss_ratio")
    assert len(found["xs"]) == STRETCHES
    assert found["xs"][0] == pytest.approx(0.55, abs=0.001)
    assert found["cells"] == [[0, 0, 2.0, 2, 1], [STRETCHES - 1, 0, 3.0, 1, 2]]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"x": "taker_fee", "y": "profit_ratio"}, "x"),
        ({"x": "profit_ratio", "y": "colour"}, "y"),
        ({"x": "profit_ratio", "y": "profit_ratio"}, "y"),
        ({"x": "profit_ratio", "y": "stop_loss_ratio", "statistic": "mean"}, "statistic"),
        ({"x": "profit_ratio", "y": "stop_loss_ratio", "of": "number"}, "of"),
    ],
)
def test_what_a_search_does_not_vary_has_no_heat_map(six: Backtest, wanted: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        results.heat_map(six, **wanted)
    assert set(refused.value.message_dict) == {field}


def test_parallel_coordinates_hold_the_best_sets(six: Backtest) -> None:
    found = results.parallel(six, 2)
    assert [axis["name"] for axis in found["dimensions"]] == ["profit_ratio", "stop_loss_ratio"]
    assert found["dimensions"][1] == {"name": "stop_loss_ratio", "ordered": True, "low": 5, "high": 20, "log": False}
    assert found["rows"] == [[0.5, 20, 7.0, -7.0], [1.0, 10, 7.0, -7.0]]
    assert found["numbers"] == [2, 4]


def test_an_axis_of_words_names_them() -> None:
    space = {"opening": {"values": ["reversion", "momentum"]}, "profit_ratio": {"values": [0.5, 1]}}
    backtest = run(created(make_user(), search={"space": space}))
    axis = results.parallel(backtest)["dimensions"][0]
    assert axis == {"name": "opening", "ordered": False, "values": ["reversion", "momentum"]}


def test_a_finished_search_has_all_of_it() -> None:
    backtest = run(created(make_user(), search={"folds": 2}))
    assert backtest.status == JobStatus.DONE
    walk = results.walk_forward(backtest)
    assert walk is not None
    assert len(walk["folds"]) == 2
    assert {row["name"] for row in results.importance(backtest)} == {"profit_ratio", "dca_config[1].spread"}
    assert all(results.warnings(backtest))
    assert backtest.summary["best"][0]["number"] == results.best(backtest, 1)[0]["number"]


def test_a_search_that_has_not_begun_shows_nothing() -> None:
    backtest = created(make_user())
    assert results.best(backtest) == []
    assert results.warnings(backtest) == []
    assert results.walk_forward(backtest) is None
    assert results.parallel(backtest)["rows"] == []
    assert results.heat_map(backtest, "profit_ratio", "dca_config[1].spread")["cells"] == []


def test_parameters_of_a_set_scale_and_replace_levels() -> None:
    space = {"dca_config.spread_factor": {"values": [2]}, "dca_config[2].spread": {"values": [0.7]}}
    space |= {"dca_config.multiplier_factor": {"values": [1.1]}, "opening": {"values": ["momentum"]}}
    backtest = run(created(make_user(), search={"space": space}))
    parameters = results.parameters_of(results.trial_of(backtest, 0))
    assert [row["spread"] for row in parameters["dca_config"]] == [0.6, 0.7, 1.0]
    assert [row["multiplier"] for row in parameters["dca_config"]] == [1.1, 1.32, 1.65]
    assert parameters["opening"] == "momentum"
    assert [row["spread"] for row in backtest.parameters["dca_config"]] == [0.3, 0.3, 0.5]
