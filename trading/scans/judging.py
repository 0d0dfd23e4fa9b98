"""What needs all pairs of a scan: the correction for many tests, the scores, the verdicts."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from django.db import connection

from trading.core.candles import Floats
from trading.core.pair_stats_many import bonferroni, q_values
from trading.core.pair_stats_score import FOUND_Q, HELD_P, Part, score_of
from trading.models import PairScan, ScannedPair

Verdict = ScannedPair.Verdict

WRITTEN: Final = {
    "q_value": "float8",
    "p_bonferroni": "float8",
    "johansen_q": "float8",
    "score": "float8",
    "score_in": "float8",
    "score_out": "float8",
    "verdict": "varchar",
}
PERCENT: Final = 100.0


def judge(rows: Sequence[ScannedPair], cost_pct: float) -> None:
    """Fills in what is written in WRITTEN; pairs that could not be measured do not count as tests."""
    p_values, johansen = _column(rows, "p_value"), _column(rows, "johansen_p")
    columns = q_values(p_values), bonferroni(p_values), q_values(johansen)
    for row, q_value, p_bonferroni, johansen_q in zip(rows, *(column.tolist() for column in columns), strict=True):
        if row.p_value is None:
            continue
        row.q_value, row.p_bonferroni, row.johansen_q = q_value, p_bonferroni, _or_none(johansen_q)
        _score(row, cost_pct / PERCENT)
        row.verdict = _verdict(row)


def judged_and_written(scan: PairScan) -> dict[str, Any]:
    """The summary of the scan. One statement for all its rows."""
    rows = list(ScannedPair.objects.filter(scan=scan))
    judge(rows, scan.cost_pct)
    _write(scan, rows)
    return summary_of(rows)


def summary_of(rows: Sequence[ScannedPair]) -> dict[str, Any]:
    return {
        "pairs": len(rows),
        "measured": sum(row.p_value is not None for row in rows),
        "found": sum(row.verdict in (Verdict.HOLDS, Verdict.BROKE) for row in rows),
        "holds": sum(row.verdict == Verdict.HOLDS for row in rows),
        "below_5_pct": sum(row.p_value is not None and row.p_value <= FOUND_Q for row in rows),
    }


def best_first(rows: Sequence[ScannedPair]) -> list[ScannedPair]:
    """Of equal scores the one with the lower p-value."""
    return sorted(rows, key=lambda row: (-_least(row.score), _most(row.p_value), row.number))


def _score(row: ScannedPair, cost: float) -> None:
    """Out of sample the distance that the mean has moved counts, in whichever direction."""
    ratio = _nan(row.hedge_ratio)
    inside = Part(
        doubt=_nan(row.q_value),
        bars=row.bars - row.oos_bars,
        half_life_bars=row.half_life_bars,
        deviation=_nan(row.spread_deviation_pct) / PERCENT,
        unsteadiness=_nan(row.hedge_deviation) / ratio if ratio > 0.0 else math.nan,
    )
    outside = Part(
        doubt=_nan(row.oos_p_value),
        bars=row.oos_bars,
        half_life_bars=row.oos_half_life_bars,
        deviation=_nan(row.oos_spread_deviation_pct) / PERCENT,
        unsteadiness=abs(_nan(row.oos_drift)),
    )
    row.score_in, row.score_out = score_of(inside, ratio, cost), score_of(outside, ratio, cost)
    row.score = min(row.score_in, row.score_out)


def _verdict(row: ScannedPair) -> str:
    if row.q_value is None or row.q_value > FOUND_Q or not _nan(row.hedge_ratio) > 0.0:
        return Verdict.NONE
    return Verdict.HOLDS if row.oos_p_value is not None and row.oos_p_value <= HELD_P else Verdict.BROKE


def _write(scan: PairScan, rows: Sequence[ScannedPair]) -> None:
    table = ScannedPair._meta.db_table
    sets = ", ".join(f"{name} = found.{name}" for name in WRITTEN)
    arrays = ", ".join(f"%s::{kind}[]" for kind in WRITTEN.values())
    statement = (
        f"UPDATE {table} SET {sets} FROM unnest(%s::bigint[], {arrays}) AS found(id, {', '.join(WRITTEN)}) "  # ours  # nosec B608
        f"WHERE {table}.id = found.id AND {table}.scan_id = %s"
    )
    columns = [[getattr(row, name) for row in rows] for name in WRITTEN]
    with connection.cursor() as cursor:
        cursor.execute(statement, [[row.pk for row in rows], *columns, scan.pk])


def _column(rows: Sequence[ScannedPair], name: str) -> Floats:
    return np.array([_nan(getattr(row, name)) for row in rows], dtype=np.float64)


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _least(value: float | None) -> float:
    return -math.inf if value is None else value


def _most(value: float | None) -> float:
    return math.inf if value is None else value
