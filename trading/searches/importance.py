"""How much of the differences between sets each parameter explains by itself."""

from typing import Any, Final

import numpy as np

from trading.searches.table import Floats, Ints, Table

GROUPS: Final = 10
"""Longer ranges are cut into as many groups with the same number of values."""
SETS_LEAST: Final = 20


def importance(table: Table) -> list[dict[str, Any]]:
    """[{"name", "share_pct"}], the greatest first; empty with too few sets to say.

    The share of the scores' variance between a parameter's values: epsilon squared, which unlike eta squared does not
    grow with the number of values. T. L. Kelley, "An Unbiased Correlation Ratio Measure", 1935. What parameters do only
    together is in none of them.
    """
    there = np.isfinite(table.scores)
    scores = table.scores[there]
    if len(scores) < SETS_LEAST or np.ptp(scores) == 0:
        return []
    shares = [
        {
            "name": dimension.name,
            "share_pct": round(_share(_groups(table.places[there, i], dimension.count), scores), 1),
        }
        for i, dimension in enumerate(table.plan.space.dimensions)
    ]
    return sorted(shares, key=lambda row: -row["share_pct"])


def _groups(places: Ints, count: int) -> Ints:
    return places if count <= GROUPS else places * GROUPS // count


def _share(groups: Ints, scores: Floats) -> float:
    """Percent, 0 where the values differ by no more than chance would make them."""
    found, members = np.unique(groups, return_inverse=True)
    if len(found) < 2 or len(found) >= len(scores):
        return 0.0
    sizes = np.bincount(members)
    means = np.bincount(members, scores) / sizes
    within = float(((scores - means[members]) ** 2).sum()) / (len(scores) - len(found))
    total = float(((scores - scores.mean()) ** 2).sum())
    between = total - within * (len(scores) - len(found))
    return max(0.0, (between - (len(found) - 1) * within) / total) * 100
