"""Values that no set could have are refused before a search begins."""

from typing import Final

from django.core.exceptions import ValidationError

from trading.backtests.errors import BacktestRefused
from trading.searches.evaluation import Evaluation
from trading.searches.samplers import random_set
from trading.searches.space import Dimension, Value

COMPANY: Final = 5
"""Sets whose other values a value is tried with."""
LISTED_MOST: Final = 50
"""Values of one parameter that are looked at one by one; of longer ranges the ends and the middle."""


def check_values(evaluation: Evaluation) -> None:
    """Raises ValidationError under `space` for values that are refused whatever the others are.

    What depends on several parameters at once, such as more levels than the ladder has, may refuse some of the sets:
    these are counted while the search runs.
    """
    dimensions = evaluation.plan.space.dimensions
    problems = [line for dimension in dimensions for line in _never_possible(evaluation, dimension)]
    if problems:
        raise ValidationError({"space": problems})


def _never_possible(evaluation: Evaluation, dimension: Dimension) -> list[str]:
    """One line for the first value that is refused under the parameter's own name, in whatever company."""
    space = evaluation.plan.space
    company = [random_set(space, number, 0) for number in range(min(COMPANY, space.size))]
    for place in _looked_at(dimension):
        value = dimension.value(place)
        refusals = (_own_problem(evaluation, others | {dimension.name: value}, dimension.name) for others in company)
        first = next(refusals)
        if first and all(refusals):
            return [f"{dimension.name}: {value}: {first}"]
    return []


def _own_problem(evaluation: Evaluation, values: dict[str, Value], name: str) -> str:
    own = _own_names(name)
    parts = (problem.partition(": ") for problem in _problems(evaluation, values))
    return next((text for found, _colon, text in parts if found in own), "")


def _own_names(name: str) -> set[str]:
    """Under which names a back-test's parameters complain about this one."""
    root = name.partition("[")[0].partition(".")
    return {name, name.rpartition(".")[2], root[0]} if name.startswith("strategy_params.") else {name, root[0]}


def _looked_at(dimension: Dimension) -> list[int]:
    count = dimension.count
    return list(range(count)) if count <= LISTED_MOST else [0, count // 2, count - 1]


def _problems(evaluation: Evaluation, values: dict[str, Value]) -> tuple[str, ...]:
    try:
        evaluation.parameters(values)
    except BacktestRefused as refused:
        return refused.problems
    return ()
