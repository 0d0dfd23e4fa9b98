"""What a search is to do, checked: which sets it tries, what it looks for, and how it splits the data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.settings.readers import read_choice, read_whole
from trading.models import Search
from trading.searches import objectives
from trading.searches.folds import FOLDS_MOST
from trading.searches.samplers import WAVE, grid_set, random_set
from trading.searches.space import Space, Value, parse_space
from trading.searches.varied import check_names, whole_names

METHODS: Final = tuple(Search.Method.values)
TPE_SETS_MOST: Final = 5_000
"""Its next set costs the more, the more it knows."""
CELL_MOST: Final = 64
CELLS_LEAST: Final = 32
TPE_CELL: Final = 8
_SEED_MOST: Final = 2**53
_NAMES: Final = frozenset({"method", "sets", "seed", "objective", "space", "folds", "out_of_sample_pct", "min_cycles"})
DEFAULTS: Final[dict[str, Any]] = {
    "method": "random",
    "sets": 200,
    "seed": 0,
    "objective": objectives.DEFAULT,
    "folds": 1,
    "out_of_sample_pct": 25,
    "min_cycles": 10,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """`parameters` are what every set shares, in the names of `P.json`; `sets` is how many are tried."""

    strategy: str
    parameters: Mapping[str, Any]
    space: Space
    method: str
    sets: int
    seed: int
    objective: str
    folds: int
    out_of_sample_pct: int
    min_cycles: int

    @property
    def is_adaptive(self) -> bool:
        """Its sets depend on the results of earlier ones."""
        return self.method == Search.Method.TPE

    @property
    def cell(self) -> int:
        """How many sets in a row one process takes at a time; whole cells make up a wave."""
        return TPE_CELL if self.is_adaptive else max(1, min(CELL_MOST, self.sets // CELLS_LEAST))

    @property
    def cells(self) -> int:
        return -(-self.sets // self.cell)

    def numbers(self, cell: int) -> range:
        return range(cell * self.cell, min((cell + 1) * self.cell, self.sets))

    def cells_of_wave(self, known: int) -> range:
        """The cells that can be run when that many sets are known; all of them unless the method is adaptive."""
        if not self.is_adaptive:
            return range(self.cells)
        first = known // WAVE * (WAVE // self.cell)
        return range(first, min(first + WAVE // self.cell, self.cells))

    def set_of(self, number: int) -> dict[str, Value]:
        """Not for an adaptive method."""
        if self.method == Search.Method.GRID:
            return grid_set(self.space, number)
        return random_set(self.space, number, self.seed)


def plan_of(search: Search) -> Plan:
    """Of a stored search, which was checked when it was made."""
    backtest = search.backtest
    return Plan(
        strategy=backtest.strategy,
        parameters=backtest.parameters,
        space=parse_space(search.space, whole_names(backtest.strategy)),
        method=search.method,
        sets=search.sets,
        seed=search.seed,
        objective=search.objective,
        folds=search.folds,
        out_of_sample_pct=search.out_of_sample_pct,
        min_cycles=search.min_cycles,
    )


def parse_plan(data: Any, *, strategy: str, parameters: Mapping[str, Any]) -> Plan:
    """From the names of `_NAMES`; what is not given has its default. Raises ValidationError by name."""
    if not isinstance(data, Mapping):
        raise ValidationError({"search": [_("Send the search as an object.")]})
    errors: dict[str, Any] = {
        str(name)[:60]: [_("This is not a setting of a search.")] for name in data if name not in _NAMES
    }
    values: dict[str, Any] = {}
    for name, read in _READERS.items():
        given = data.get(name)
        try:
            values[name] = DEFAULTS[name] if given in (None, "") else read(given)
        except ValidationError as error:
            errors[name] = error.error_list
    space = _space(data.get("space"), strategy, parameters, errors)
    if errors or space is None:
        raise ValidationError(errors)
    if values["folds"] and parameters.get("start_price1") is not None:
        raise ValidationError(
            {"start_price1": [_("Each fold starts from its own prices: leave it out, or use 0 folds.")]}
        )
    values["sets"] = _sets(space, values["method"], values["sets"])
    return Plan(strategy, parameters, space, **values)


def _space(data: Any, strategy: str, parameters: Mapping[str, Any], errors: dict[str, Any]) -> Space | None:
    try:
        space = parse_space(data, whole_names(strategy))
        check_names(space.names, parameters)
    except ValidationError as error:
        errors.update(error.error_dict)
        return None
    return space


def _sets(space: Space, method: str, wanted: int) -> int:
    """A full grid has as many as there are; the others at most that many, for none is tried twice."""
    if method != Search.Method.GRID:
        return min(wanted, space.size, TPE_SETS_MOST if method == Search.Method.TPE else wanted)
    for dimension in space.dimensions:
        if dimension.is_fine:
            raise ValidationError({"space": [f"{dimension.name}: " + _("a grid needs a step, or a list of values")]})
    if space.size > settings.SEARCH_SETS_MAX:
        sentence = _(
            "This grid has %(count)s sets; at most %(most)s are possible. Take longer steps or a random search."
        )
        raise ValidationError(
            {"space": [sentence % {"count": f"{space.size:,}", "most": f"{settings.SEARCH_SETS_MAX:,}"}]}
        )
    return space.size


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "method": lambda value: read_choice(value, METHODS),
    "sets": lambda value: read_whole(value, low=1, high=settings.SEARCH_SETS_MAX),
    "seed": lambda value: read_whole(value, low=0, high=_SEED_MOST),
    "objective": lambda value: read_choice(value, list(objectives.OBJECTIVES)),
    "folds": lambda value: read_whole(value, low=0, high=FOLDS_MOST),
    "out_of_sample_pct": lambda value: read_whole(value, low=5, high=90),
    "min_cycles": lambda value: read_whole(value, low=1, high=1_000_000),
}
