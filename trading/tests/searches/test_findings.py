"""Signs of over-fitting: each with a case that shows it and one that does not."""

import math
from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from trading.searches.evaluation import Outcome
from trading.searches.findings import degraded, findings, rank_correlation
from trading.searches.importance import importance
from trading.searches.luck import confidence, expected_best
from trading.searches.objectives import score
from trading.searches.plan import Plan
from trading.searches.table import Table, table_of
from trading.searches.warning_words import texts_of
from trading.tests.searches.made import PARAMETERS, plan
from trading.tests.searches.totals import cycles_of

RATIOS = [round(0.1 * step, 1) for step in range(1, 12)]
SPACE = {"profit_ratio": {"values": RATIOS}}
Part = dict[str, Any]
Shape = Callable[[int], tuple[list[Part], list[Part]]]
"""Of a set's number: its parts in and out of sample."""


def good(place: int) -> tuple[list[Part], list[Part]]:
    """A broad hill around the middle: 200 cycles, a clear profit, and the same out of sample."""
    mean = 2.0 - 0.05 * abs(place - 5)
    return [cycles_of(200, mean, 4.0)], [cycles_of(60, mean, 4.0, days=9.0)]


def search(parameters: dict[str, Any] | None = None, **settings: Any) -> Plan:
    return plan(parameters, **{"space": SPACE, "method": "grid", "min_cycles": 10} | settings)


def table(shape: Shape = good, made: Plan | None = None, problems: Iterable[str] = ()) -> Table:
    """Of all sets of a grid in one parameter, and some more that could not be run."""
    made = made or search()
    outcomes = [_outcome(made, number, *shape(number)) for number in range(made.sets)]
    refused = [
        Outcome(made.sets + i, {"profit_ratio": RATIOS[0]}, problem=problem) for i, problem in enumerate(problems)
    ]
    return table_of(made, [*outcomes, *refused])


def _outcome(made: Plan, number: int, inside: list[Part], outside: list[Part]) -> Outcome:
    inside_score = score(made.objective, inside, made.min_cycles)
    return Outcome(number, made.set_of(number), inside_score, score(made.objective, outside, 1), inside, outside)


def codes(found: Table) -> set[str]:
    return {finding["code"] for finding in findings(found)}


def test_a_good_search_shows_no_sign() -> None:
    assert findings(table()) == []


# Each of these differs from the good search in one thing, and shows exactly the sign that is named.


def few_cycles(place: int) -> Any:
    return [cycles_of(29, 6.0 - 0.1 * abs(place - 5), 4.0)], good(place)[1]


def few_oos_cycles(place: int) -> Any:
    return good(place)[0], [cycles_of(9, 2.0 - 0.05 * abs(place - 5), 4.0, days=9.0)]


def losing(place: int) -> Any:
    mean = -1.0 - 0.05 * abs(place - 5)
    return [cycles_of(200, mean, 4.0)], [cycles_of(60, mean, 4.0)]


def rising(place: int) -> Any:
    return [cycles_of(200, 1.5 + 0.05 * place, 4.0)], [cycles_of(60, 1.5 + 0.05 * place, 4.0)]


def falling(place: int) -> Any:
    return rising(10 - place)


def mostly_idle(place: int) -> Any:
    if 4 <= place <= 6:
        return good(place)
    return [cycles_of(5, 1.0, 4.0)], [cycles_of(5, 1.0, 4.0)]


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (few_cycles, "few_cycles"),
        (few_oos_cycles, "few_oos_cycles"),
        (rising, "at_edge"),
        (falling, "at_edge"),
        (mostly_idle, "uncounted"),
    ],
)
def test_one_sign_alone(shape: Shape, code: str) -> None:
    assert codes(table(shape)) == {code}


@pytest.mark.parametrize("objective", ["net_profit", "win_rate", "sqn"])
def test_a_loss_is_named(objective: str) -> None:
    assert "best_loses" in codes(table(losing, search(objective=objective)))
    assert "best_loses" not in codes(table(good, search(objective=objective)))


TWO = {"profit_ratio": {"values": RATIOS}, "stop_loss_ratio": {"values": [1, 2, 3, 4, 5]}}


def flat(number: int) -> Any:
    ratio, stop = divmod(number, 5)
    mean = 2.0 - 0.05 * abs(ratio - 5) - 0.05 * abs(stop - 2)
    return [cycles_of(200, mean, 4.0)], [cycles_of(60, mean, 4.0)]


def peaked_in_two(number: int) -> Any:
    return flat(27) if number == 27 else ([cycles_of(200, 0.5, 4.0)], [cycles_of(60, 0.5, 4.0)])


def test_a_lone_peak_is_named_and_a_hill_is_not() -> None:
    """Neighbours are next to the best set in every parameter."""
    found = findings(table(peaked_in_two, search(space=TWO)))
    (peak,) = [one for one in found if one["code"] == "lone_peak"]
    assert (peak["neighbours"], peak["pct"]) == (8, pytest.approx(25.0))
    assert "lone_peak" not in codes(table(flat, search(space=TWO)))


def test_ends_that_cannot_go_on_are_no_edges() -> None:
    def lowest(number: int) -> Any:
        return [cycles_of(200, 2.0 - 0.1 * number, 4.0)], [cycles_of(60, 2.0 - 0.1 * number, 4.0)]

    off = search(space={"stop_loss_ratio": {"values": [0, 5, 10]}})
    assert "at_edge" not in codes(table(lowest, off))
    assert "at_edge" in codes(table(lowest, search(space={"stop_loss_ratio": {"values": [5, 10, 15]}})))


def test_a_search_without_anything_kept_back_says_so() -> None:
    whole = search(folds=0)
    assert codes(table(lambda place: (good(place)[0], []), whole)) == {"no_out_of_sample"}


def test_luck_is_measured_by_the_number_of_sets() -> None:
    """Forty sets whose ratios scatter by 0.1: the best shows about what chance alone would give."""
    random = np.random.default_rng(1).normal(0, 0.1, 40)
    many = search(space={"profit_ratio": {"values": [round(0.1 * k, 1) for k in range(1, 41)]}})

    def chance(place: int) -> Any:
        return [cycles_of(200, 4.0 * float(random[place]), 4.0)], [cycles_of(60, 1.0, 4.0)]

    (finding,) = [one for one in findings(table(chance, many)) if one["code"] == "luck"]
    assert finding["sets"] == 40
    assert finding["found"] == pytest.approx(random.max())
    assert finding["expected"] == pytest.approx(expected_best(40, float(np.std(random, ddof=1))))
    assert finding["pct"] < 95
    assert "luck" not in codes(table())


def test_the_order_in_sample_must_tell_something_about_the_order_out_of_sample() -> None:
    many = search(space={"profit_ratio": {"values": [round(0.1 * k, 1) for k in range(1, 41)]}})

    def turned(place: int) -> Any:
        return [cycles_of(200, 2 - 0.01 * abs(place - 20), 4.0)], [cycles_of(60, 2 + 0.01 * abs(place - 20), 4.0)]

    def kept(place: int) -> Any:
        return [cycles_of(200, 2 - 0.01 * abs(place - 20), 4.0)], [cycles_of(60, 2 - 0.01 * abs(place - 20), 4.0)]

    assert "no_rank" in codes(table(turned, many))
    assert "no_rank" not in codes(table(kept, many))


def test_folds_whose_best_set_was_in_the_worse_half_are_counted() -> None:
    two = search(folds=2)

    def turned(place: int) -> Any:
        inside = cycles_of(200, 2 - 0.01 * abs(place - 5), 4.0)
        return [inside, inside], [cycles_of(60, 2 + 0.01 * abs(place - 5), 4.0)] * 2

    (finding,) = [one for one in findings(table(turned, two)) if one["code"] == "folds_below_median"]
    assert (finding["below"], finding["folds"]) == (2, 2)
    assert "folds_below_median" not in codes(table(lambda place: (good(place)[0] * 2, good(place)[1] * 2), two))


def test_many_parameters_need_many_cycles() -> None:
    names = ("profit_ratio", "stop_loss_ratio", "taker_fee", "slippage_bps", "max_position_value")
    space = {name: {"values": [0.1, 0.2]} for name in names}

    def some(number: int) -> Any:
        return [cycles_of(49, 6.0, 4.0)], [cycles_of(20, 6.0, 4.0)]

    assert "many_parameters" in codes(table(some, search(space=space)))
    assert "many_parameters" not in codes(table(some, search()))


def test_sets_that_could_not_be_run_are_named_with_the_reason() -> None:
    found = findings(table(problems=["no margin", "no ladder", "no ladder"]))
    assert found == [{"code": "refused", "sets": 3, "count": 2, "reason": "no ladder"}]


def test_trading_for_nothing_is_named() -> None:
    free = PARAMETERS | {"taker_fee": 0}
    assert findings(table(made=search(free))) == [{"code": "no_costs", "names": ["taker_fee"]}]
    varied = {"profit_ratio": {"values": [1, 2, 3]}, "taker_fee": {"values": [0, 0.001]}}
    assert "no_costs" not in codes(table(flat, search(free, space=varied)))


def test_where_nothing_counts_that_is_all_there_is_to_say() -> None:
    found = table(lambda place: ([cycles_of(5, 1.0, 4.0)], [cycles_of(5, 1.0, 4.0)]))
    assert findings(found) == [{"code": "nothing_counts", "sets": 11, "min_cycles": 10}]


@pytest.mark.parametrize(
    ("outside", "expected"),
    [
        (cycles_of(60, 2.0, 4.0, days=9.0), []),
        (cycles_of(60, 0.9, 4.0, days=9.0), ["oos_worse"]),
        (cycles_of(60, 1.1, 4.0, days=9.0), []),
        (cycles_of(60, -0.1, 4.0, days=9.0), ["oos_loses"]),
    ],
)
def test_the_fall_from_in_sample_to_out_of_sample(outside: Part, expected: list[str]) -> None:
    inside = [cycles_of(200, 2.0, 4.0)]
    assert [one["code"] for one in degraded("net_profit", inside, [outside])] == expected


EVERY_SIGN = [
    *findings(table(lambda place: ([cycles_of(5, 1.0, 4.0)], []))),
    {"code": "best_loses"},
    {"code": "no_out_of_sample"},
    {"code": "few_oos_cycles", "cycles": 1, "least": 10},
    {"code": "oos_loses", "net_profit": -1234.567},
    {"code": "oos_worse", "pct": 71.4},
    {"code": "no_rank", "rho": 0.031, "sets": 400},
    {"code": "folds_below_median", "below": 3, "folds": 4},
    {"code": "luck", "sets": 400, "expected": 0.213, "found": 0.25, "pct": 71.2},
    {"code": "at_edge", "name": "profit_ratio", "value": 3.0, "side": "high"},
    {"code": "at_edge", "name": "profit_ratio", "value": 0.5, "side": "low"},
    {"code": "lone_peak", "neighbours": 8, "pct": 35.2},
    {"code": "few_cycles", "cycles": 12, "least": 30},
    {"code": "many_parameters", "parameters": 4, "cycles": 35, "least": 10},
    {"code": "uncounted", "sets": 100, "uncounted": 60, "min_cycles": 10},
    {"code": "refused", "sets": 3, "count": 2, "reason": "dca_config: has 3 rows for max_dca_times of 4"},
    {"code": "no_costs", "names": ["taker_fee", "slippage_bps"]},
]


@pytest.mark.parametrize("finding", EVERY_SIGN, ids=lambda one: one["code"])
def test_every_sign_has_a_sentence_with_its_figures(finding: dict[str, Any]) -> None:
    (text,) = texts_of([finding])
    assert "%(" not in text
    for figure in finding.values():
        if isinstance(figure, int):
            assert f"{figure:,}" in text or finding["code"] == "refused"


# --- the figures themselves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sets", "expected"), [(10, 1.575), (100, 2.531), (1000, 3.255)])
def test_the_best_of_many_by_chance(sets: int, expected: float) -> None:
    """Against the mean of the highest of that many draws from a normal distribution, and the published values."""
    drawn = np.random.default_rng(3).standard_normal((20_000, sets)).max(axis=1).mean()
    assert expected_best(sets, 1.0) == pytest.approx(expected, abs=0.001)
    assert expected_best(sets, 1.0) == pytest.approx(drawn, rel=0.03)
    assert expected_best(sets, 0.2) == pytest.approx(0.2 * expected, abs=0.001)


def test_one_set_needs_no_luck() -> None:
    assert expected_best(1, 1.0) == 0.0


def test_certainty_grows_with_the_number_of_cycles() -> None:
    by_hand = NormalDist().cdf((0.3 - 0.1) * math.sqrt(99) / math.sqrt(1 + 0.3**2 / 2))
    assert confidence(0.3, 0.1, 100) == pytest.approx(by_hand)
    assert confidence(0.3, 0.3, 100) == pytest.approx(0.5)
    assert confidence(0.3, 0.1, 400) > confidence(0.3, 0.1, 100)
    assert confidence(0.3, 0.1, 1) == 0.0


def test_rank_correlation_with_ties_by_hand() -> None:
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 30, 40])) == pytest.approx(1.0)
    assert rank_correlation(np.array([1.0, 2, 2, 4]), np.array([4.0, 3, 2, 1])) == pytest.approx(-0.948683298)
    assert rank_correlation(np.ones(3), np.array([1.0, 2, 3])) is None


def test_importance_finds_the_parameter_that_matters() -> None:
    space = {"profit_ratio": {"values": RATIOS}, "stop_loss_ratio": {"values": [1, 2, 3, 4, 5]}}

    def shape(number: int) -> Any:
        ratio, _stop = divmod(number, 5)
        mean = 1.0 + 0.1 * ratio + 0.001 * ((number * 7) % 5)
        return [cycles_of(200, mean, 4.0)], [cycles_of(60, mean, 4.0)]

    first, second = importance(table(shape, search(space=space)))
    assert (first["name"], second["name"]) == ("profit_ratio", "stop_loss_ratio")
    assert first["share_pct"] > 99
    assert second["share_pct"] == 0.0


def test_importance_says_nothing_about_few_or_equal_sets() -> None:
    assert importance(table()) == []  # eleven sets
    assert importance(table(lambda number: good(5), search(space=TWO))) == []


def test_importance_does_not_take_chance_for_influence() -> None:
    """Fifty sets of fifty values each: plain variance shares would give such a parameter everything."""
    random = np.random.default_rng(2).normal(2, 0.3, 50)
    many = search(space={"profit_ratio": {"values": [round(0.1 * k, 1) for k in range(1, 51)]}})
    (row,) = importance(table(lambda number: ([cycles_of(200, float(random[number]), 4.0)], []), many))
    assert row["share_pct"] < 15
