"""The line of the spread chart: at most POINTS_MOST intervals, each with its close and both of its extremes.

The spread history begins when the bot does. What lies before it, and longer holes in it, come from the markets' closed
candles, so that a new bot's chart reaches back to its start time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from django.db import connection

from bots.charts.pair_candles import pair_closes
from bots.models import Bot
from trading.core.spread import spread_pct

POINTS_MOST: Final = 2000
HOLE_LEAST: Final = timedelta(minutes=15)
HOLES_MOST: Final = 4  # each costs two calls for candles


@dataclass(frozen=True, slots=True)
class Point:
    """One interval; `at` and both prices are its last."""

    at: datetime
    spread: float
    low: float
    high: float
    price1: float
    price2: float


def interval_s(begin: datetime, end: datetime) -> int:
    """Whole seconds, so that at most POINTS_MOST intervals lie between."""
    return max(1, -int((begin - end).total_seconds() // POINTS_MOST))


def spread_points(bot: Bot, begin: datetime, end: datetime) -> list[Point]:
    """Oldest first. Intervals start at whole multiples of their length, so that the same points come every time."""
    length = interval_s(begin, end)
    recorded = _recorded(bot, begin, end, length)
    before = [point for hole in _holes(recorded, begin, end, length) for point in _candle_points(bot, *hole)]
    if not before:
        return recorded
    return sorted([*before, *recorded], key=lambda point: point.at)


def _recorded(bot: Bot, begin: datetime, end: datetime, length: int) -> list[Point]:
    """The greatest of the arrays is the interval's last row: they begin with the time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(recorded_at), min(spread_low), max(spread_high), max(ARRAY[extract(epoch FROM recorded_at),"
            " spread_percentage, market1_price, market2_price]::float8[]) AS last_row"
            " FROM spread_history WHERE bot_id = %s AND recorded_at BETWEEN %s AND %s"
            " GROUP BY date_bin(make_interval(secs => %s), recorded_at, 'epoch') ORDER BY 1",
            [bot.pk, begin, end, length],
        )
        rows = cursor.fetchall()
    return [Point(at, spread, low, high, price1, price2) for at, low, high, (_at, spread, price1, price2) in rows]


def _holes(points: Sequence[Point], begin: datetime, end: datetime, length: int) -> Iterable[tuple[datetime, datetime]]:
    """The longest stretches without a recorded point, from the last point before to the first one after."""
    least = max(HOLE_LEAST, timedelta(seconds=3 * length))
    edges = [begin, *(point.at for point in points), end]
    holes = [(left, right) for left, right in pairwise(edges) if right - left > least]
    return sorted(holes, key=lambda hole: hole[0] - hole[1])[:HOLES_MOST]


def _candle_points(bot: Bot, begin: datetime, end: datetime) -> list[Point]:
    start1, start2 = float(bot.market1_start_price), float(bot.market2_start_price)
    found = []
    for at, close1, close2 in pair_closes(bot, begin, end):
        price1, price2 = float(close1), float(close2)
        spread = spread_pct(price1, price2, start1, start2)
        found.append(Point(at, spread, spread, spread, price1, price2))
    return found
