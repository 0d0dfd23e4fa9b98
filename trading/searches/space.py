"""What a search varies: ranges and lists of values by parameter name, and every set they make, by its number.

Every range has finitely many values: its steps, or `FINE_POINTS` points where no step is given. So every set has a
number in the grid of all sets, and two sets are the same exactly when their numbers are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from trading.backtests.readers import number

Value = str | bool | int | float

FINE_POINTS: Final = 10_000
"""Of a range without a step, evenly spaced (by factors with `log`)."""
VALUES_MOST: Final = 10_000
DIMENSIONS_MOST: Final = 20
_RANGE: Final = frozenset({"low", "high", "step", "log"})
_TEXT_LONGEST: Final = 40
_NARROWEST: Final = 1e-9
"""Of the larger end: narrower ranges have not enough different floats."""
_WIDEST: Final = 1e12


@dataclass(frozen=True, slots=True)
class Dimension:
    """One varied parameter: a list of values or, with `log` or without values, the points of a range."""

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    _places: dict[Value, int] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._places.update((value, place) for place, value in enumerate(self.values))

    @property
    def is_fine(self) -> bool:
        """Without steps: too many values for a full grid."""
        return not self.values

    @property
    def is_ordered(self) -> bool:
        """Numbers that rise: the highest, the lowest and neighbours mean something."""
        if self.is_fine:
            return True
        if any(isinstance(value, bool | str) for value in self.values):
            return False
        return all(a < b for a, b in zip(self.values, self.values[1:], strict=False))  # type: ignore[operator]

    @property
    def count(self) -> int:
        return len(self.values) or FINE_POINTS

    def value(self, place: int) -> Value:
        return self.values[place] if self.values else _fine(self, place / (FINE_POINTS - 1))

    def place(self, value: Value) -> int:
        """The inverse of `value`."""
        if self.values:
            return self._places[value]
        assert isinstance(value, int | float)
        if self.log:
            return round(math.log(value / self.low) / math.log(self.high / self.low) * (FINE_POINTS - 1))
        return round((value - self.low) / (self.high - self.low) * (FINE_POINTS - 1))


@dataclass(frozen=True, slots=True)
class Space:
    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> int:
        """How many different sets there are."""
        return math.prod(dimension.count for dimension in self.dimensions)

    @property
    def names(self) -> list[str]:
        return [dimension.name for dimension in self.dimensions]

    def dimension(self, name: str) -> Dimension:
        """Raises LookupError."""
        for dimension in self.dimensions:
            if dimension.name == name:
                return dimension
        raise LookupError(name)

    def at(self, index: int) -> dict[str, Value]:
        """The set with this number in the grid, from 0; the last dimension varies fastest."""
        return self.values(self.places(index))

    def places(self, index: int) -> list[int]:
        found: list[int] = []
        for dimension in reversed(self.dimensions):
            index, place = divmod(index, dimension.count)
            found.append(place)
        return found[::-1]

    def values(self, places: list[int]) -> dict[str, Value]:
        return {found.name: found.value(place) for found, place in zip(self.dimensions, places, strict=True)}

    def index(self, values: Mapping[str, Value]) -> int:
        """The inverse of `at`."""
        index = 0
        for dimension in self.dimensions:
            index = index * dimension.count + dimension.place(values[dimension.name])
        return index


def parse_space(data: Any, whole: frozenset[str] = frozenset()) -> Space:
    """From {name: {"low", "high", "step"?, "log"?} or {"values": […]}}; `whole`: names that take whole numbers only.

    In the order of their names: what stores JSON may not keep another one. Raises ValidationError under `space` with a
    line for everything that is wrong.
    """
    if not isinstance(data, Mapping) or not data:
        raise ValidationError({"space": [_("Name at least one parameter and what it may be.")]})
    if len(data) > DIMENSIONS_MOST:
        raise ValidationError({"space": [_("At most %(most)s parameters.") % {"most": DIMENSIONS_MOST}]})
    dimensions, problems = [], []
    for name, about in sorted(data.items(), key=lambda item: str(item[0])):
        try:
            dimensions.append(_dimension(str(name), about, str(name) in whole))
        except ValueError as error:
            problems.append(f"{str(name)[:60]}: {error}")
    if problems:
        raise ValidationError({"space": problems})
    return Space(tuple(dimensions))


def _dimension(name: str, about: Any, whole: bool) -> Dimension:
    if not isinstance(about, Mapping):
        raise ValueError(_("give low and high, or a list of values"))
    if set(about) == {"values"}:
        return Dimension(name, _listed(about["values"]))
    if not {"low", "high"} <= set(about) <= _RANGE:
        raise ValueError(_("give low and high (step and log as well, if wanted), or a list of values"))
    low, high, log = number(about["low"]), number(about["high"]), _flag(about.get("log"))
    if not low < high:
        raise ValueError(_("low must be below high"))
    if high - low < _NARROWEST * max(abs(low), abs(high)):
        raise ValueError(_("low and high are too close to each other"))
    if log and not 0 < low < high <= low * _WIDEST:
        raise ValueError(_("a logarithmic range starts above 0, and ends at most a trillion times higher"))
    step = about.get("step")
    if step is None and whole and not log:
        step = 1
    if step is not None:
        if log:
            raise ValueError(_("a logarithmic range has no step"))
        return Dimension(name, _steps(low, high, number(step), whole), low, high)
    if whole:
        raise ValueError(_("takes whole numbers: a logarithmic range has others"))
    return Dimension(name, (), low, high, log)


def _flag(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValueError(_("log is true or false"))


def _listed(values: Any) -> tuple[Value, ...]:
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= VALUES_MOST:
        raise ValueError(_("the values are a list of 1 to %(most)s") % {"most": VALUES_MOST})
    found = tuple(_scalar(value) for value in values)
    if len(set(found)) < len(found):
        raise ValueError(_("a value is given twice"))
    if len({isinstance(value, bool | str) for value in found}) > 1:
        raise ValueError(_("the values are either all numbers or all words"))
    return found


def _scalar(value: Any) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not 1 <= len(value) <= _TEXT_LONGEST or not value.isprintable():
            raise ValueError(_("a word has 1 to %(most)s characters") % {"most": _TEXT_LONGEST})
        return value
    found = number(value)
    return int(found) if isinstance(value, int) else found


def _steps(low: float, high: float, step: float, whole: bool) -> tuple[Value, ...]:
    """In decimals, as people write them: three steps of 0.1 are 0.3."""
    if step <= 0:
        raise ValueError(_("the step must be above 0"))
    first, by = Decimal(repr(low)), Decimal(repr(step))
    count = int((Decimal(repr(high)) - first) / by) + 1
    if count > VALUES_MOST:
        raise ValueError(
            _("has %(count)s steps, at most %(most)s are possible") % {"count": count, "most": VALUES_MOST}
        )
    if whole and (low != int(low) or step != int(step)):
        raise ValueError(_("takes whole numbers"))
    values = tuple((int if whole else float)(first + by * place) for place in range(count))
    if len(set(values)) < count:
        raise ValueError(_("the step is too small beside the values"))
    return values


def _fine(dimension: Dimension, share: float) -> float:
    """Rounded to what tells neighbouring points apart."""
    low, high = dimension.low, dimension.high
    if dimension.log:
        return float(f"{low * (high / low) ** share:.9g}")
    digits = max(0, math.ceil(math.log10(FINE_POINTS) - math.log10(high - low)))
    return min(max(round(low + (high - low) * share, digits), low), high)
