"""From a model with annotations to JSON schema, and from what users send to an instance of it."""

from typing import Annotated, Any, NamedTuple

import jsonschema  # type: ignore[import-untyped]
import pytest

from trading.strategies.parameters import (
    NoParameters,
    Param,
    ParametersRefused,
    model_problems,
    parameters_json,
    parameters_schema,
    parse_parameters,
)
from trading.strategies.template import Template


class Model(NamedTuple):
    window: Annotated[int, Param("Window", unit="bars", low=2, high=500, help="How far back.")] = 60
    entry: Annotated[float, Param("Entry", above=0, below=10)] = 2
    mean: Annotated[int, Param("Mean", choices=("simple", "exponential"))] = 1
    hedge: Annotated[bool, Param("Hedge")] = False


SCHEMA = parameters_schema(Model)


def test_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "window": {
                "title": "Window",
                "type": "integer",
                "default": 60,
                "minimum": 2,
                "maximum": 500,
                "description": "How far back.",
                "x-unit": "bars",
            },
            "entry": {
                "title": "Entry",
                "type": "number",
                "default": 2,
                "exclusiveMinimum": 0,
                "exclusiveMaximum": 10,
            },
            "mean": {"title": "Mean", "type": "string", "enum": ["simple", "exponential"], "default": "exponential"},
            "hedge": {"title": "Hedge", "type": "boolean", "default": False},
        },
    }


def test_defaults_have_the_types_that_compiled_code_wants() -> None:
    found = parse_parameters(Model, {})
    assert found == Model(60, 2.0, 1, False)
    assert [type(value) for value in found] == [int, float, int, bool]


@pytest.mark.parametrize("window", [30, 30.0, "30", " 30 "])
@pytest.mark.parametrize("entry", [3, 3.0, "3", "3e0"])
def test_numbers_may_be_text(window: Any, entry: Any) -> None:
    found = parse_parameters(Model, {"window": window, "entry": entry})
    assert found == Model(30, 3.0, 1, False)
    assert [type(value) for value in found[:2]] == [int, float]


@pytest.mark.parametrize(
    ("given", "flag"), [(True, True), ("true", True), ("no", False), ("Off", False), (False, False)]
)
def test_flags(given: Any, flag: int) -> None:
    assert parse_parameters(Model, {"hedge": given}).hedge is bool(flag)


def test_a_choice_is_named_outside_and_a_position_inside() -> None:
    found = parse_parameters(Model, {"mean": "simple"})
    assert found.mean == 0
    assert parameters_json(Model, found) == {"window": 60, "entry": 2.0, "mean": "simple", "hedge": False}
    assert parse_parameters(Model, parameters_json(Model, found)) == found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"window": 1}, "window: must be at least 2, not 1"),
        ({"window": 501}, "window: must be at most 500, not 501"),
        ({"window": 2.5}, "window: must be a whole number, not 2.5"),
        ({"window": "many"}, "window: must be a number"),
        ({"window": True}, "window: must be a number"),
        ({"window": None}, "window: must be a number"),
        ({"window": "1_000"}, "window: must be a number"),
        ({"window": [30]}, "window: must be a number"),
        ({"entry": 0}, "entry: must be above 0, not 0"),
        ({"entry": 10}, "entry: must be below 10, not 10"),
        ({"entry": float("nan")}, "entry: must be a number"),
        ({"entry": float("inf")}, "entry: must be a number"),
        ({"entry": "nan"}, "entry: must be a number"),
        ({"entry": 10**400}, "entry: must be a number"),
        ({"mean": 0}, "mean: must be one of simple, exponential"),
        ({"mean": "median"}, "mean: must be one of simple, exponential"),
        ({"hedge": 1}, "hedge: must be true or false"),
        ({"hedge": "maybe"}, "hedge: must be true or false"),
        ({"windw": 3}, "windw: is not a parameter of this strategy"),
        ({"a\nb": 3}, r"'a\nb': is not a parameter of this strategy"),
        ([1], "strategy_params: must be an object of names and values"),
        ("window", "strategy_params: must be an object of names and values"),
    ],
)
def test_what_cannot_be_used_is_named(data: Any, said: str) -> None:
    with pytest.raises(ParametersRefused) as refused:
        parse_parameters(Model, data)
    assert str(refused.value) == said


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(ParametersRefused) as refused:
        parse_parameters(Model, {"window": 0, "entry": -1, "depth": 3})
    assert [problem.name for problem in refused.value.problems] == ["depth", "window", "entry"]


@pytest.mark.parametrize("data", [{"window": 2, "entry": 0.1}, {"mean": "simple"}, {}, {"window": 500, "hedge": True}])
def test_what_the_schema_allows_is_read(data: Any) -> None:
    jsonschema.validate(data, SCHEMA)
    parse_parameters(Model, data)


@pytest.mark.parametrize("data", [{"window": 1}, {"entry": 0}, {"entry": 10}, {"mean": "x"}, {"hedge": 3}, {"z": 1}])
def test_what_the_schema_forbids_is_refused(data: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)
    with pytest.raises(ParametersRefused):
        parse_parameters(Model, data)


class WithoutParam(NamedTuple):
    window: int = 3


class WithoutDefault(NamedTuple):
    window: Annotated[int, Param("Window")]


class OfText(NamedTuple):
    window: Annotated[str, Param("Window")] = "3"


class OutOfRange(NamedTuple):
    window: Annotated[int, Param("Window", low=2)] = 1


class ChoiceOfFloat(NamedTuple):
    mean: Annotated[float, Param("Mean", choices=("a", "b"))] = 0.0


class ChoiceOutOfRange(NamedTuple):
    mean: Annotated[int, Param("Mean", choices=("a", "b"))] = 2


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (WithoutParam, "window: must be annotated as Annotated[float, Param(…)]"),
        (WithoutDefault, "window: needs a default"),
        (OfText, "window: must be a bool, an int or a float"),
        (OutOfRange, "the default of window: must be at least 2, not 1"),
        (ChoiceOfFloat, "mean: a choice is an int, the position of what was chosen"),
        (ChoiceOutOfRange, "the default of mean: must be the position of a choice, from 0"),
        (dict, "Parameters must be a NamedTuple"),
        (3, "Parameters must be a NamedTuple"),
    ],
)
def test_what_an_author_has_to_mend(model: Any, said: str) -> None:
    assert list(model_problems(model)) == [said]


@pytest.mark.parametrize("model", [Model, NoParameters, Template.Parameters])
def test_nothing_to_mend(model: Any) -> None:
    assert list(model_problems(model)) == []
