"""Results by month and by size, for tables and pictures."""

import math
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

FEWEST_BINS: Final = 6
MOST_BINS: Final = 40

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Month(NamedTuple):
    """`month` as 2025-01 (UTC), `pnl` in quote currency, `pct` of capital + equity at the month's beginning.

    `pct` is None once there is nothing left that it could be a share of.
    """

    month: str
    pnl: float
    pct: float | None


class Distribution(NamedTuple):
    """`counts[i]` cycles ended from `edges[i]` up to, not including, `edges[i + 1]`; the last bin includes its end."""

    edges: list[float]
    counts: list[int]


def monthly(times: Ints, equity: Floats, capital: float) -> list[Month]:
    """What each calendar month brought, from the end of the one before it; months without bars are 0."""
    if not len(times):
        return []
    starts = _month_starts(int(times[0]), int(times[-1]))
    lasts = np.searchsorted(times, starts[1:], side="left") - 1
    ends = np.r_[0.0, equity[lasts]]
    return [_month(starts[i], float(ends[i]), float(ends[i + 1]), capital) for i in range(len(starts) - 1)]


def distribution(pnls: Floats) -> Distribution:
    """Bins of one round width (1, 2 or 5 times a power of ten), an edge at 0: no bin holds both wins and losses."""
    if not len(pnls):
        return Distribution([], [])
    low, high = min(0.0, float(pnls.min())), max(0.0, float(pnls.max()))
    width = _round_width(pnls, high - low)
    first, last = math.floor(low / width), max(math.ceil(high / width), math.floor(low / width) + 1)
    edges = np.arange(first, last + 1) * width
    bins = np.clip(np.searchsorted(edges, pnls, side="right") - 1, 0, len(edges) - 2)
    return Distribution(edges.tolist(), np.bincount(bins, minlength=len(edges) - 1).tolist())


def _month(start: int, before: float, after: float, capital: float) -> Month:
    name = f"{datetime.fromtimestamp(start / 1000, UTC):%Y-%m}"
    worth = capital + before
    return Month(name, after - before, (after - before) / worth * 100 if worth > 0 else None)


def _month_starts(first: int, last: int) -> list[int]:
    """Ms of every month's beginning, from the first bar's month to the one after the last bar's."""
    moment = datetime.fromtimestamp(first / 1000, UTC)
    year, month = moment.year, moment.month
    starts = [_month_start(year, month)]
    while starts[-1] <= last:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        starts.append(_month_start(year, month))
    return starts


def _month_start(year: int, month: int) -> int:
    return round(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000)


def _round_width(pnls: Floats, span: float) -> float:
    """About what Freedman and Diaconis propose (1981): twice the middle half's span by the cube root of the number."""
    if span == 0:
        return 1.0
    quarter, three = np.percentile(pnls, [25, 75])
    wanted = 2 * float(three - quarter) / len(pnls) ** (1 / 3)
    wanted = min(max(wanted, span / MOST_BINS), span / FEWEST_BINS)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted)
