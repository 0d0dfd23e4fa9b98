"""Running one set over every part of the data: its totals in and out of sample, and its score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from trading.backtests.errors import BacktestRefused
from trading.backtests.parameters import Parameters, parse_parameters
from trading.backtests.run import Markets
from trading.core.candles import Floats, Ints
from trading.searches.objectives import Totals, score
from trading.searches.parts import Part, fold_parts, part_curve, part_totals
from trading.searches.plan import Plan
from trading.searches.samplers import random_set
from trading.searches.space import Value
from trading.searches.varied import merged

PROBLEM_LONGEST: Final = 200
TRIED_MOST: Final = 100
TOO_LARGE: Final = gettext_noop("prices and parameters together give figures that are too large to count")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a set came to; totals by fold. With a `problem` it could not be run and has none."""

    number: int
    values: Mapping[str, Value]
    score: float | None = None
    oos_score: float | None = None
    in_sample: Sequence[Totals] = ()
    out_of_sample: Sequence[Totals] = ()
    problem: str = ""


class Evaluation:
    """A plan over its data, split once. Raises BacktestRefused and ValidationError where no set can be run at all."""

    def __init__(self, plan: Plan, markets: Markets) -> None:
        self.plan = plan
        self.folds = fold_parts(self._any_parameters(), markets, plan.folds, plan.out_of_sample_pct)

    @property
    def first(self) -> int:
        """When the data begin, ms."""
        return self.folds[0].inside.first

    @property
    def end(self) -> int:
        """When the last bar closes, ms."""
        last = self.folds[-1]
        return (last.outside or last.inside).end

    @property
    def bars(self) -> int:
        last = self.folds[-1]
        return int((last.outside or last.inside).bars.stop - self.folds[0].inside.bars.start)

    def described(self) -> dict[str, Any]:
        """The data: how many bars from when to when, and the times of each fold."""
        windows = [fold.times() for fold in self.folds] if self.plan.folds else []
        return {"bars": self.bars, "first": self.first, "end": self.end, "windows": windows}

    def outcome(self, number: int, values: Mapping[str, Value]) -> Outcome:
        try:
            parameters = self.parameters(values)
            inside = [_totals(parameters, fold.inside) for fold in self.folds]
            outside = [_totals(parameters, fold.outside) for fold in self.folds if fold.outside]
        except BacktestRefused as refused:
            return Outcome(number, values, problem="; ".join(refused.problems)[:PROBLEM_LONGEST])
        objective, least = self.plan.objective, self.plan.min_cycles
        return Outcome(number, values, score(objective, inside, least), score(objective, outside, 1), inside, outside)

    def parameters(self, values: Mapping[str, Value]) -> Parameters:
        """Raises BacktestRefused."""
        return parse_parameters(merged(self.plan.parameters, values), self.plan.strategy)

    def curve(self, values: Mapping[str, Value], fold: int) -> tuple[Ints, Floats]:
        """Open times in ms and equity of a fold's out-of-sample part, which must have one."""
        part = self.folds[fold].outside
        assert part is not None
        return part_curve(self.parameters(values), part)

    def _any_parameters(self) -> Parameters:
        """Of the first set that can be run at all."""
        problems: list[str] = []
        for number in range(min(TRIED_MOST, self.plan.space.size)):
            try:
                return self.parameters(random_set(self.plan.space, number, 0))
            except BacktestRefused as refused:
                problems += refused.problems
        reason = max(problems, key=problems.count)
        raise ValidationError({"space": [_("no set can be run: %(problem)s") % {"problem": reason}]})


def _totals(parameters: Parameters, part: Part) -> dict[str, Any]:
    totals = part_totals(parameters, part)
    if not all(math.isfinite(value) for value in totals.values()):
        raise BacktestRefused([_(TOO_LARGE)])
    return totals
