"""Signs that the best set of a search fits the past rather than the market, as codes with figures.

`warning_words` puts them into words. Thresholds are conventions, named where they stand.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from trading.searches.luck import confidence, expected_best
from trading.searches.objectives import Totals, degradation_pct
from trading.searches.space import Dimension
from trading.searches.table import Floats, Table

CYCLES_LEAST: Final = 30
"""Below, an average is mostly chance: the usual size from which a sample mean is treated as normal."""
OOS_CYCLES_LEAST: Final = 10
CYCLES_PER_PARAMETER: Final = 10
"""The rule of thumb of regression: ten observations for each fitted parameter."""
DEGRADATION_PCT: Final = 50.0
"""R. Pardo, 2008: out of sample at least half of the in-sample profit."""
NEIGHBOURS_SHARE: Final = 0.5
NEIGHBOURS_LEAST: Final = 3
NEAR: Final = 0.1
"""Of a range: how far a neighbour is away at most, one step at least."""
EDGE: Final = 0.02
RANK_LEAST: Final = 0.2
RANKED_LEAST: Final = 20
CONFIDENCE: Final = 0.95
UNCOUNTED_SHARE: Final = 0.5

Finding = dict[str, Any]


def findings(table: Table) -> list[Finding]:
    """[{"code", figures…}], what weighs most first."""
    best = table.best
    if best is None:
        return [{"code": "nothing_counts", "sets": len(table), "min_cycles": table.plan.min_cycles}]
    return [
        *_result(table, best),
        *_out_of_sample(table, best),
        *_luck(table, best),
        *_place(table, best),
        *_sample(table, best),
        *_costs(table),
    ]


def _result(table: Table, best: int) -> Iterator[Finding]:
    if table.scores[best] <= 0 or table.sharpes[best] <= 0:  # a win rate, say, is never below 0
        yield {"code": "best_loses"}


def _out_of_sample(table: Table, best: int) -> Iterator[Finding]:
    if not table.plan.folds:
        yield {"code": "no_out_of_sample"}
        return
    if table.oos_cycles[best] < OOS_CYCLES_LEAST:
        yield {"code": "few_oos_cycles", "cycles": int(table.oos_cycles[best]), "least": OOS_CYCLES_LEAST}
    yield from _rank(table)
    yield from _below_median(table)


def degraded(objective: str, inside: Sequence[Totals], outside: Sequence[Totals]) -> Iterator[Finding]:
    """Of the best set's totals by fold."""
    lost = degradation_pct(objective, inside, outside)
    profit = sum(part["net_profit"] for part in outside)
    if outside and profit <= 0 < sum(part["net_profit"] for part in inside):
        yield {"code": "oos_loses", "net_profit": profit}
    elif lost is not None and lost > DEGRADATION_PCT:
        yield {"code": "oos_worse", "pct": lost}


def _rank(table: Table) -> Iterator[Finding]:
    both = np.isfinite(table.scores) & np.isfinite(table.oos_scores)
    if both.sum() < RANKED_LEAST:
        return
    rho = rank_correlation(table.scores[both], table.oos_scores[both])
    if rho is not None and rho < RANK_LEAST:
        yield {"code": "no_rank", "rho": rho, "sets": int(both.sum())}


def _below_median(table: Table) -> Iterator[Finding]:
    """How often the best in sample was in the worse half out of sample: the idea of D. H. Bailey et al., "The
    Probability of Backtest Overfitting", 2015, over the folds as they are."""
    compared = below = 0
    for inside, outside in zip(table.fold_scores.T, table.fold_oos.T, strict=True):
        both = np.isfinite(inside) & np.isfinite(outside)
        if both.sum() < NEIGHBOURS_LEAST:
            continue
        compared += 1
        below += bool(outside[both][np.argmax(inside[both])] < np.median(outside[both]))
    if compared >= 2 and below * 2 >= compared:
        yield {"code": "folds_below_median", "below": below, "folds": compared}


def _luck(table: Table, best: int) -> Iterator[Finding]:
    """Over sets with a ratio; they resemble each other, so that counting all of them errs on the careful side."""
    sharpes = table.sharpes[np.isfinite(table.scores) & np.isfinite(table.sharpes)]
    if len(sharpes) < 2 or not np.isfinite(table.sharpes[best]):
        return
    expected = expected_best(len(sharpes), float(np.std(sharpes, ddof=1)))
    found = float(table.sharpes[best])
    probability = confidence(found, expected, int(table.cycles[best]))
    if probability < CONFIDENCE:
        yield {"code": "luck", "sets": len(sharpes), "expected": expected, "found": found, "pct": probability * 100}


def _place(table: Table, best: int) -> Iterator[Finding]:
    for i, dimension in enumerate(table.plan.space.dimensions):
        side = _edge(dimension, int(table.places[best, i]))
        if side:
            value = dimension.value(int(table.places[best, i]))
            yield {"code": "at_edge", "name": dimension.name, "value": value, "side": side}
    near = _neighbours(table, best)
    if len(near) < NEIGHBOURS_LEAST or table.scores[best] <= 0:
        return
    median = float(np.median(np.nan_to_num(near, nan=0.0)))
    if median < NEIGHBOURS_SHARE * table.scores[best]:
        yield {"code": "lone_peak", "neighbours": len(near), "pct": median / float(table.scores[best]) * 100}


def _edge(dimension: Dimension, place: int) -> str:
    """Empty inside of the range, and where it could not go on: below one level, below nothing."""
    if not dimension.is_ordered or dimension.count < 3:
        return ""
    margin = int((dimension.count - 1) * EDGE)
    if place >= dimension.count - 1 - margin:
        return "high"
    value = dimension.value(place)
    ends = value == 0 or (dimension.name == "max_dca_times" and value == 1)
    return "low" if place <= margin and not ends else ""


def _neighbours(table: Table, best: int) -> Floats:
    """Scores of the other sets that lie next to the best in every parameter."""
    near = np.ones(len(table), dtype=np.bool_)
    near[best] = False
    for i, dimension in enumerate(table.plan.space.dimensions):
        away = np.abs(table.places[:, i] - table.places[best, i])
        reach = max(1, int((dimension.count - 1) * NEAR)) if dimension.is_ordered else 0
        near &= away <= reach
    return np.asarray(table.scores[near])


def _sample(table: Table, best: int) -> Iterator[Finding]:
    cycles, varied = int(table.cycles[best]), len(table.plan.space.dimensions)
    if cycles < CYCLES_LEAST:
        yield {"code": "few_cycles", "cycles": cycles, "least": CYCLES_LEAST}
    elif cycles < CYCLES_PER_PARAMETER * varied:
        yield {"code": "many_parameters", "cycles": cycles, "parameters": varied, "least": CYCLES_PER_PARAMETER}
    refused = sum(table.problems.values())
    uncounted = len(table) - table.scored - refused
    if uncounted > UNCOUNTED_SHARE * len(table):
        least = table.plan.min_cycles
        yield {"code": "uncounted", "sets": len(table), "uncounted": uncounted, "min_cycles": least}
    if refused:
        reason, count = table.problems.most_common(1)[0]
        yield {"code": "refused", "sets": refused, "count": count, "reason": reason}


def _costs(table: Table) -> Iterator[Finding]:
    varied = set(table.plan.space.names)
    free = [
        name
        for name in ("taker_fee", "slippage_bps")
        if name not in varied and not float(table.plan.parameters.get(name) or 0)
    ]
    if free:
        yield {"code": "no_costs", "names": free}


def rank_correlation(one: Floats, two: Floats) -> float | None:
    """Spearman's, ties by their mean rank; None where one of them has no order."""
    ranks1, ranks2 = _ranks(one), _ranks(two)
    if np.ptp(ranks1) == 0 or np.ptp(ranks2) == 0:
        return None
    return float(np.corrcoef(ranks1, ranks2)[0, 1])


def _ranks(values: Floats) -> Floats:
    _found, members, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return np.asarray((last - (sizes - 1) / 2)[members])
