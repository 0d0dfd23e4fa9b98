"""A strategy's parameters: a NamedTuple whose annotations say what each may be. JSON schema and parsing come from them.

Texts are English; the verbs above translate them. Numbers may come as text, as forms and files send them.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple, get_args, get_origin, get_type_hints

MOST: Final = 1e15
_LONGEST: Final = 64
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Param:
    """What a parameter may be: `low` and `high` are allowed themselves, `above` and `below` are not.

    With `choices` the user picks one of them by name and the strategy gets its position, an int: compiled code knows no
    text. The default stands in the NamedTuple, of a choice as its position.
    """

    title: str
    unit: str = ""
    help: str = ""
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()


class Problem(NamedTuple):
    """What is wrong with one value. `sentence` holds `{limit}` and `{given}` where they belong."""

    name: str
    code: str
    limit: str = ""
    given: str = ""

    @property
    def text(self) -> str:
        return SENTENCES[self.code].format(limit=self.limit, given=self.given)

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


SENTENCES: Final = {
    "unknown": "is not a parameter of this strategy",
    "object": "must be an object of names and values",
    "number": "must be a number",
    "whole": "must be a whole number, not {given}",
    "flag": "must be true or false",
    "choice": "must be one of {limit}",
    "low": "must be at least {limit}, not {given}",
    "high": "must be at most {limit}, not {given}",
    "above": "must be above {limit}, not {given}",
    "below": "must be below {limit}, not {given}",
}


class ParametersRefused(ValueError):
    """Everything that is wrong with a strategy's parameters."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as the model has it."""

    name: str
    kind: type
    about: Param
    default: Any

    def schema(self) -> dict[str, Any]:
        """JSON schema 2020-12, as OpenAPI 3.1 uses it."""
        about = self.about
        shown = about.choices[self.default] if about.choices else self.default
        schema: dict[str, Any] = {"title": about.title} | self._type() | {"default": shown}
        bounds = {"minimum": about.low, "maximum": about.high}
        bounds |= {"exclusiveMinimum": about.above, "exclusiveMaximum": about.below}
        schema |= {name: bound for name, bound in bounds.items() if bound is not None}
        words = {"description": about.help, "x-unit": about.unit}
        return schema | {name: text for name, text in words.items() if text}

    def _type(self) -> dict[str, Any]:
        if self.about.choices:
            return {"type": "string", "enum": list(self.about.choices)}
        return {"type": {bool: "boolean", int: "integer", float: "number"}[self.kind]}

    def read(self, value: Any) -> bool | int | float:
        """Raises ParametersRefused with one problem."""
        if self.about.choices:
            return self._choice(value)
        if self.kind is bool:
            return self._flag(value)
        number = self._number(value)
        self._check_bounds(number)
        return int(number) if self.kind is int else float(number)

    def _choice(self, value: Any) -> int:
        if isinstance(value, str) and value in self.about.choices:
            return self.about.choices.index(value)
        raise self._refused("choice", limit=", ".join(self.about.choices))

    def _flag(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().lower() in (*_TRUE, *_FALSE):
            return value.strip().lower() in _TRUE
        raise self._refused("flag")

    def _number(self, value: Any) -> int | float:
        if isinstance(value, str):
            value = _from_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST:
            raise self._refused("number")
        if self.kind is int and value != int(value):
            raise self._refused("whole", given=_plain(value))
        return value

    def _check_bounds(self, number: float) -> None:
        about = self.about
        checks = (
            ("low", about.low, lambda limit: number < limit),
            ("high", about.high, lambda limit: number > limit),
            ("above", about.above, lambda limit: number <= limit),
            ("below", about.below, lambda limit: number >= limit),
        )
        for code, limit, broken in checks:
            if limit is not None and broken(limit):
                raise self._refused(code, limit=_plain(limit), given=_plain(number))

    def _refused(self, code: str, *, limit: str = "", given: str = "") -> ParametersRefused:
        return ParametersRefused([Problem(self.name, code, limit, given)])


class NoParameters(NamedTuple):
    """Of a strategy that has none of its own."""


def fields_of(model: type) -> list[Field]:
    """Raises ValueError for a model that is not one, naming what is wrong."""
    if not (isinstance(model, type) and issubclass(model, tuple) and hasattr(model, "_fields")):
        raise ValueError("Parameters must be a NamedTuple")
    hints = get_type_hints(model, include_extras=True)
    return [_field(model, name, hints[name]) for name in model._fields]


def parameters_schema(model: type) -> dict[str, Any]:
    """The JSON schema of the object that `parse_parameters` reads."""
    properties = {field.name: field.schema() for field in fields_of(model)}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def parse_parameters(model: type, data: Any) -> Any:
    """An instance of the model; what is not given has its default. Raises ParametersRefused with every problem."""
    if not isinstance(data, Mapping):
        raise ParametersRefused([Problem("strategy_params", "object")])
    fields = fields_of(model)
    known = {field.name for field in fields}
    problems = [Problem(_shown(name), "unknown") for name in data if name not in known]
    values: dict[str, Any] = {}
    for field in fields:
        try:
            values[field.name] = field.read(data[field.name]) if field.name in data else _typed(field)
        except ParametersRefused as refused:
            problems += refused.problems
    if problems:
        raise ParametersRefused(problems)
    return model(**values)


def parameters_json(model: type, values: Any) -> dict[str, Any]:
    """The parameters as they were given: choices by name."""
    found = zip(fields_of(model), values, strict=True)
    return {field.name: field.about.choices[value] if field.about.choices else value for field, value in found}


def model_problems(model: type) -> Iterator[str]:
    """What a strategy's author has to mend."""
    try:
        fields = fields_of(model)
    except (ValueError, TypeError, NameError) as error:
        yield str(error)
        return
    for field in fields:
        try:
            field.read(field.about.choices[field.default] if field.about.choices else field.default)
        except ParametersRefused as refused:
            yield f"the default of {refused.problems[0]}"
        except (IndexError, TypeError):
            yield f"the default of {field.name}: must be the position of a choice, from 0"


def _field(model: type, name: str, hint: Any) -> Field:
    defaults: Mapping[str, Any] = model._field_defaults  # type: ignore[attr-defined]
    about = next((extra for extra in get_args(hint)[1:] if isinstance(extra, Param)), None)
    if get_origin(hint) is not Annotated or about is None:
        raise ValueError(f"{name}: must be annotated as Annotated[float, Param(…)]")
    kind = get_args(hint)[0]
    if kind not in (bool, int, float):
        raise ValueError(f"{name}: must be a bool, an int or a float")
    if about.choices and kind is not int:
        raise ValueError(f"{name}: a choice is an int, the position of what was chosen")
    if name not in defaults:
        raise ValueError(f"{name}: needs a default")
    return Field(name, kind, about, defaults[name])


def _typed(field: Field) -> Any:
    """The default as the type that the field names: compiled code must not meet an int for a float."""
    return field.kind(field.default)


def _from_text(text: str) -> float | None:
    if len(text) > _LONGEST or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _plain(number: float) -> str:
    return f"{number:.12g}"


def _shown(name: Any) -> str:
    """On one line, whatever it holds."""
    text = str(name)[:60]
    return text if text.isprintable() and text else repr(text)
