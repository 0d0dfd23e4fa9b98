"""What all sets of a search come to together: JSON-ready, kept with the search once it is done."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from trading.searches.evaluation import Evaluation, Outcome
from trading.searches.findings import degraded, findings
from trading.searches.importance import importance
from trading.searches.objectives import Totals, degradation_pct, pool
from trading.searches.plan import Plan
from trading.searches.table import table_of
from trading.searches.walk_forward import walk_forward

BEST: Final = 20
REASONS: Final = 10


def summary(evaluation: Evaluation, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """`outcomes`: all sets, in the order of their numbers."""
    plan = evaluation.plan
    kept: list[tuple[float, int, Outcome]] = []
    table = table_of(plan, _watched(outcomes, kept))
    best = [found for _score, _number, found in sorted(kept, reverse=True)]
    signs = findings(table)
    if best:
        signs = [*degraded(plan.objective, best[0].in_sample, best[0].out_of_sample), *signs]
    return {
        "objective": plan.objective,
        "sets": len(table),
        "scored": table.scored,
        "refused": sum(table.problems.values()),
        "refusals": [{"reason": reason, "sets": count} for reason, count in table.problems.most_common(REASONS)],
        "best": [row_of(plan, found) for found in best],
        "importance": importance(table),
        "findings": signs,
        "walk_forward": walk_forward(table, evaluation),
        **evaluation.described(),
    }


def _watched(outcomes: Iterable[Outcome], kept: list[tuple[float, int, Outcome]]) -> Iterator[Outcome]:
    """Passes them on, and keeps the best; of equal ones those that were tried first."""
    for found in outcomes:
        if found.score is not None:
            heapq.heappush(kept, (found.score, -found.number, found))
            if len(kept) > BEST:
                heapq.heappop(kept)
        yield found


def row_of(plan: Plan, found: Outcome) -> dict[str, Any]:
    """One set with its totals over all folds, in and out of sample side by side."""
    return {
        "number": found.number,
        "values": {name: found.values[name] for name in plan.space.names},
        "score": found.score,
        "oos_score": found.oos_score,
        "degradation_pct": degradation_pct(plan.objective, found.in_sample, found.out_of_sample),
        "in_sample": _pooled(found.in_sample),
        "out_of_sample": _pooled(found.out_of_sample),
    }


def _pooled(parts: Sequence[Totals]) -> dict[str, Any] | None:
    pooled = pool(parts)
    return None if pooled is None else asdict(pooled)
