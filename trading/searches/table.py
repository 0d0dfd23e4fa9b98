"""All sets of a search as arrays, one row a set: what compares sets with each other works on these."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading.searches.evaluation import Outcome
from trading.searches.objectives import pool, score
from trading.searches.plan import Plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """Not a number stands for no score. `places`: of each value in its dimension; `fold_*`: (sets, folds)."""

    plan: Plan
    numbers: Ints
    places: Ints
    scores: Floats
    oos_scores: Floats
    cycles: Ints
    oos_cycles: Ints
    sharpes: Floats
    """By cycle, in sample."""
    fold_scores: Floats
    fold_oos: Floats
    problems: Counter[str]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def scored(self) -> int:
        return int(np.isfinite(self.scores).sum())

    @property
    def best(self) -> int | None:
        """The row of the best set; of equal ones the one that was tried first."""
        return None if self.scored == 0 else int(np.nanargmax(self.scores))


def table_of(plan: Plan, outcomes: Iterable[Outcome]) -> Table:
    """`outcomes` in the order of their numbers."""
    problems: Counter[str] = Counter()
    rows: list[tuple[object, ...]] = []
    places: list[list[int]] = []
    folds: list[tuple[list[float], list[float]]] = []
    for found in outcomes:
        if found.problem:
            problems[found.problem] += 1
        inside, outside = pool(found.in_sample), pool(found.out_of_sample)
        sharpe = inside.cycle_sharpe if inside else None
        cycles, oos_cycles = inside.cycles if inside else 0, outside.cycles if outside else 0
        rows.append((found.number, _nan(found.score), _nan(found.oos_score), cycles, oos_cycles, _nan(sharpe)))
        places.append([dimension.place(found.values[dimension.name]) for dimension in plan.space.dimensions])
        folds.append(_by_fold(plan, found))
    columns = list(zip(*rows, strict=True)) or [()] * 6
    numbers, scores, oos_scores, cycles_of, oos_cycles_of, sharpes = columns
    return Table(
        plan,
        np.array(numbers, np.int64),
        np.array(places, np.int64).reshape(len(rows), len(plan.space.dimensions)),
        np.array(scores, np.float64),
        np.array(oos_scores, np.float64),
        np.array(cycles_of, np.int64),
        np.array(oos_cycles_of, np.int64),
        np.array(sharpes, np.float64),
        np.array([inside for inside, _outside in folds], np.float64).reshape(len(rows), -1),
        np.array([outside for _inside, outside in folds], np.float64).reshape(len(rows), -1),
        problems,
    )


def _by_fold(plan: Plan, found: Outcome) -> tuple[list[float], list[float]]:
    if plan.folds == 0:
        return [], []
    if found.problem:
        return [np.nan] * plan.folds, [np.nan] * plan.folds
    least = max(1, plan.min_cycles // plan.folds)
    inside = [_nan(score(plan.objective, [part], least)) for part in found.in_sample]
    return inside, [_nan(score(plan.objective, [part], 1)) for part in found.out_of_sample]


def _nan(value: float | None) -> float:
    return np.nan if value is None else value
