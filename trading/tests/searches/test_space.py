"""Ranges and lists of values, and the number of every set."""

import random
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from trading.searches.samplers import permuted, random_set
from trading.searches.space import FINE_POINTS, Space, parse_space

WHOLE = frozenset({"levels"})


def space(**about: Any) -> Space:
    return parse_space(about, WHOLE)


def values(about: Any) -> list[Any]:
    dimension = space(levels=about).dimensions[0]
    return [dimension.value(place) for place in range(dimension.count)]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"low": 1, "high": 4}, [1, 2, 3, 4]),
        ({"low": 1, "high": 6, "step": 2}, [1, 3, 5]),
        ({"values": [2, 5]}, [2, 5]),
    ],
)
def test_whole_numbers_stay_whole(about: Any, expected: list[int]) -> None:
    assert values(about) == expected
    assert all(isinstance(value, int) for value in values(about))


def test_steps_are_counted_in_decimals_and_reach_the_upper_end() -> None:
    steps = space(ratio={"low": 0.1, "high": 0.7, "step": 0.2}).dimensions[0].values
    assert steps == (0.1, 0.3, 0.5, 0.7)


@pytest.mark.parametrize("about", [{"low": 0.5, "high": 3}, {"low": 0.001, "high": 10, "log": True}])
def test_a_range_without_a_step_has_ten_thousand_different_values_from_end_to_end(about: Any) -> None:
    dimension = space(ratio=about).dimensions[0]
    found = [dimension.value(place) for place in range(dimension.count)]
    assert len(set(found)) == FINE_POINTS
    assert (found[0], found[-1]) == (about["low"], about["high"])
    assert found == sorted(found)
    assert [dimension.place(value) for value in found] == list(range(FINE_POINTS))


def test_every_set_has_one_number() -> None:
    made = space(a={"values": ["x", "y"]}, levels={"low": 1, "high": 3}, c={"low": 0, "high": 1, "step": 0.25})
    assert made.size == 2 * 3 * 5
    assert made.at(0) == {"a": "x", "c": 0.0, "levels": 1}
    assert made.at(1) == {"a": "x", "c": 0.0, "levels": 2}
    assert len({str(made.at(index)) for index in range(made.size)}) == made.size
    assert [made.index(made.at(index)) for index in range(made.size)] == list(range(made.size))


def test_the_order_in_which_parameters_are_named_does_not_matter() -> None:
    one = space(b={"values": [1, 2]}, a={"values": [3, 4]})
    assert one == space(a={"values": [3, 4]}, b={"values": [1, 2]})


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"low": 1},
        {"low": 2, "high": 1},
        {"low": 1, "high": 1},
        {"low": 1, "high": 2, "step": 0},
        {"low": 0, "high": 2, "log": True},
        {"low": 1, "high": 2, "log": True, "step": 1},
        {"low": 1, "high": 2, "values": [1]},
        {"low": float("nan"), "high": 2},
        {"low": 0, "high": 1, "step": 1e-9},
        {"low": 1e15, "high": 1e15 + 10, "step": 0.01},
        {"low": 1, "high": 1 + 1e-12},
        {"low": 1e-300, "high": 10, "log": True},
        {"low": 0, "high": 10, "step": 5e-324},
        {"values": []},
        {"values": [1, 1]},
        {"values": [1, "x"]},
        {"values": [None]},
        {"values": ["x" * 41]},
        {"values": [float("inf")]},
        {"values": "abc"},
        3,
        None,
    ],
)
def test_what_is_no_range_is_refused_by_the_name_of_its_parameter(about: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        space(ratio=about, levels={"low": 1, "high": 2})
    (line,) = refused.value.message_dict["space"]
    assert line.startswith("ratio: ")


@pytest.mark.parametrize("about", [{"low": 0.5, "high": 3, "step": 0.5}, {"low": 1, "high": 8, "log": True}])
def test_whole_parameters_take_no_fractions(about: Any) -> None:
    with pytest.raises(ValidationError):
        space(levels=about)


@pytest.mark.parametrize("data", [{}, [], None, {f"p{i}": {"values": [1]} for i in range(21)}])
def test_a_space_names_one_to_twenty_parameters(data: Any) -> None:
    with pytest.raises(ValidationError):
        parse_space(data)


@pytest.mark.parametrize("size", [1, 2, 3, 12, 100, 4097])
def test_shuffling_reaches_every_place_once(size: int) -> None:
    assert sorted(permuted(index, size, seed=5) for index in range(size)) == list(range(size))


def test_shuffling_depends_on_the_seed_and_spreads_over_the_range() -> None:
    size = 10**24
    one, two = ([permuted(index, size, seed) for index in range(400)] for seed in (1, 2))
    assert one != two
    assert one == [permuted(index, size, 1) for index in range(400)]
    for found in (one, two):
        assert 0.4 < sum(found) / len(found) / size < 0.6
        assert 0.4 < sum(b > a for a, b in pairwise(found)) / len(found) < 0.6


def test_random_sets_are_different_and_a_set_depends_on_its_number_alone() -> None:
    made = space(a={"low": 0, "high": 9, "step": 1}, b={"values": ["x", "y", "z"]})
    numbers = list(range(made.size))
    random.Random(3).shuffle(numbers)
    sets = {number: random_set(made, number, 7) for number in numbers}
    assert len({str(found) for found in sets.values()}) == made.size
    assert [random_set(made, number, 7) for number in range(5)] == [sets[number] for number in range(5)]
