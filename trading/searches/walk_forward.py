"""What somebody would have had who chose the best set in sample at every fold, and traded it out of sample."""

from typing import Any, Final

import numpy as np

from bots.downsample import downsample
from trading.searches.evaluation import Evaluation
from trading.searches.objectives import degradation_pct, pool
from trading.searches.table import Table

POINTS: Final = 1_000


def walk_forward(table: Table, evaluation: Evaluation) -> dict[str, Any] | None:
    """None without an out-of-sample part. Money in quote currency, times in ms UTC.

    `folds`: for each one its times, the set that was best in sample and its totals on both sides, all null where no set
    closed enough cycles. `equity`: the out-of-sample parts one after the other, each going on from where the one before
    ended; what is open at the end of a part counts at its close.
    """
    if not evaluation.plan.folds:
        return None
    folds, curve = [], []
    offset = 0.0
    for k, fold in enumerate(evaluation.folds):
        row = _best(table, k)
        found: dict[str, Any] = fold.times() | {
            "number": None,
            "values": None,
            "in_sample": None,
            "out_of_sample": None,
        }
        if row is not None:
            values = table.plan.space.values(table.places[row].tolist())
            outcome = evaluation.outcome(int(table.numbers[row]), values)
            times, equity = evaluation.curve(values, k)
            curve.append((times, equity + offset))
            offset += float(equity[-1])
            found |= {"number": outcome.number, "values": values}
            found |= {"in_sample": outcome.in_sample[k], "out_of_sample": outcome.out_of_sample[k]}
        folds.append(found)
    return {"folds": folds, "net_profit": offset, "equity": _drawn(curve), **_compared(table, folds)}


def _best(table: Table, fold: int) -> int | None:
    scores = table.fold_scores[:, fold]
    return int(np.nanargmax(scores)) if np.isfinite(scores).any() else None


def _compared(table: Table, folds: list[dict[str, Any]]) -> dict[str, Any]:
    """`efficiency_pct`: profit a day out of sample by profit a day in sample (R. Pardo's walk-forward efficiency)."""
    inside = [fold["in_sample"] for fold in folds if fold["in_sample"]]
    outside = [fold["out_of_sample"] for fold in folds if fold["out_of_sample"]]
    lost = degradation_pct("net_profit", inside, outside)
    two = pool(outside)
    return {
        "efficiency_pct": None if lost is None else 100 - lost,
        "degradation_pct": degradation_pct(table.plan.objective, inside, outside),
        "profitable_folds": sum(part["net_profit"] > 0 for part in outside),
        "cycles": two.cycles if two else 0,
    }


def _drawn(curve: list[tuple[Any, Any]]) -> dict[str, list[Any]]:
    if not curve:
        return {"t": [], "equity": []}
    times = np.concatenate([times for times, _equity in curve])
    equity = np.concatenate([equity for _times, equity in curve])
    kept = downsample(equity, POINTS)
    return {"t": times[kept].tolist(), "equity": equity[kept].tolist()}
