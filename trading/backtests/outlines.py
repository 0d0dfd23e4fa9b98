"""The equity of finished runs in a few points, for lists. A result never changes, so it is read once and then kept."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

import numpy as np
import polars as pl
from django.core.cache import cache
from redis import RedisError

from exchanges.models import JobStatus
from trading.core.candles import Floats
from trading.models import Backtest, BacktestSeries

POINTS: Final = 48
READ_AT_ONCE: Final = 4
KEPT_S: Final = 30 * 86_400

Outline = list[float]


def outlines(runs: Sequence[Backtest]) -> dict[int, Outline]:
    """By id, evenly spaced, first and last bar included; only of runs that are done."""
    wanted = {_key(run): run for run in runs if run.kind == Backtest.Kind.RUN and run.status == JobStatus.DONE}
    try:
        known: dict[str, Outline] = cache.get_many(wanted)
    except (RedisError, OSError):
        known = {}
    fresh = _read({run.pk: key for key, run in wanted.items() if key not in known})
    _keep(fresh)
    return {run.pk: (known | fresh)[key] for key, run in wanted.items()}


def _read(missing: dict[int, str]) -> dict[str, Outline]:
    """One query; a few results at a time, as each may be some megabytes."""
    found: dict[str, Outline] = {key: [] for key in missing.values()}
    if not missing:
        return found
    packed = BacktestSeries.objects.filter(backtest__in=missing).values_list("backtest_id", "equity")
    for backtest_id, equity in packed.iterator(chunk_size=READ_AT_ONCE):
        found[missing[backtest_id]] = _outline(
            pl.read_parquet(BytesIO(equity), columns=["equity"])["equity"].to_numpy()
        )
    return found


def _outline(equity: Floats) -> Outline:
    places = np.linspace(0, len(equity) - 1, min(POINTS, len(equity))).astype(np.int64)
    return [round(float(value), 4) for value in equity[places]]


def _keep(fresh: dict[str, Outline]) -> None:
    if not fresh:
        return
    try:
        cache.set_many(fresh, KEPT_S)
    except (RedisError, OSError):
        return


def _key(run: Backtest) -> str:
    return f"outline:{run.pk}:{run.finished_at.timestamp() if run.finished_at else 0}"
