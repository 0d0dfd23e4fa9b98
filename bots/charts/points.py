"""The line of the spread chart: at most POINTS_MOST points, each the close and both extremes of its interval.

Minute rows hold what the bot itself saw, hours what is left of them after 90 days; the quotes of the last 48 h are
finer, and kept once for each market. The spread history begins when the bot does. What lies before it, and longer holes
in it, come from the markets' closed candles, so that a new bot's chart reaches back to its start time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from django.db import connection

from bots.charts.fine_points import fine_points, with_fine
from bots.charts.pair_candles import pair_closes
from bots.charts.point import Point, joined
from bots.models import Bot
from trading.core.spread import spread_pct

POINTS_MOST: Final = 2000
EDGES: Final = 2
"""The interval that is cut by the window's beginning, and the point of now."""
HOLE_LEAST: Final = timedelta(minutes=15)
HOLES_MOST: Final = 4  # each costs two calls for candles


def interval_s(begin: datetime, end: datetime) -> int:
    """Whole seconds, so that no more than POINTS_MOST points come of them."""
    return max(1, -int((begin - end).total_seconds() // (POINTS_MOST - EDGES)))


def spread_points(bot: Bot, begin: datetime, end: datetime) -> list[Point]:
    """Oldest first. Intervals start at whole multiples of their length, so that the same points come every time."""
    length = interval_s(begin, end)
    known = with_fine(_recorded(bot, begin, end, length), fine_points(bot, begin, end, length), length)
    before = [point for hole in _holes(known, begin, end, length) for point in _candle_points(bot, *hole)]
    return joined([*before, *known], length) if before else known


def _recorded(bot: Bot, begin: datetime, end: datetime, length: int) -> list[Point]:
    """Each interval's extremes beside its last row; a moment that has two rows is told once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH seen AS NOT MATERIALIZED ("
            " SELECT recorded_at, spread_percentage, spread_low, spread_high, market1_price, market2_price"
            " FROM spread_history WHERE bot_id = %(bot)s AND recorded_at BETWEEN %(begin)s AND %(end)s"
            " UNION ALL"
            " SELECT at, spread_close, spread_low, spread_high, market1_price::numeric, market2_price::numeric"
            " FROM spread_hours WHERE bot_id = %(bot)s AND at BETWEEN %(begin)s AND %(end)s"
            "), bins AS ("
            " SELECT max(recorded_at) AS at, min(spread_low) AS low, max(spread_high) AS high"
            " FROM seen GROUP BY date_bin(make_interval(secs => %(length)s), recorded_at, 'epoch')"
            ") SELECT at, spread_percentage, low, high, market1_price::float8, market2_price::float8"
            " FROM bins JOIN seen ON recorded_at = at ORDER BY at",
            {"bot": bot.pk, "begin": begin, "end": end, "length": length},
        )
        return list({row[0]: Point(*row) for row in cursor.fetchall()}.values())


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
