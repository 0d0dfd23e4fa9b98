"""The last 48 hours finer than minutes: both markets' quotes of the same moments."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import numpy as np

from bots.charts.point import Point, joined
from bots.models import Bot
from exchanges.quote_log import Prices, Seconds, quotes_between
from trading.core.spread import spread_pct

MINUTE_S: Final = 60


def fine_points(bot: Bot, begin: datetime, end: datetime, length_s: int) -> list[Point]:
    """Oldest first, each what the quotes of one interval came to."""
    times, one, two = _both(bot, begin, end)
    if not len(times):
        return []
    starts = float(bot.market1_start_price), float(bot.market2_start_price)
    spreads: Prices = cast(Any, spread_pct)(one, two, *starts)  # takes arrays too, which its type does not say
    firsts = np.flatnonzero(np.r_[True, np.diff(times // length_s) > 0])
    lasts = np.r_[firsts[1:], len(times)] - 1
    columns = (
        times[lasts],
        spreads[lasts],
        np.minimum.reduceat(spreads, firsts),
        np.maximum.reduceat(spreads, firsts),
        one[lasts],
        two[lasts],
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Point(datetime.fromtimestamp(at, UTC), *figures) for at, *figures in rows]


def with_fine(recorded: Sequence[Point], fine: Sequence[Point], length_s: int) -> list[Point]:
    """Both as one line. Where the intervals are shorter than a minute, a minute's row gives way to finer points of its
    minute; its extremes, which fell somewhere within it, go to the lowest and the highest of them."""
    if not fine or length_s >= MINUTE_S:
        return joined([*recorded, *fine], length_s) if fine else list(recorded)
    within: dict[datetime, list[int]] = {}
    for place, point in enumerate(fine):
        within.setdefault(_minute(point.at), []).append(place)
    kept, points = [], list(fine)
    for row in recorded:
        places = within.get(_minute(row.at))
        if places is None:
            kept.append(row)
            continue
        low, high = min(places, key=lambda at: points[at].low), max(places, key=lambda at: points[at].high)
        points[low] = replace(points[low], low=min(points[low].low, row.low))
        points[high] = replace(points[high], high=max(points[high].high, row.high))
    return joined([*kept, *points], length_s)


def _both(bot: Bot, begin: datetime, end: datetime) -> tuple[Seconds, Prices, Prices]:
    """Times at which every market of the bot has a quote, and their prices; 1 for a market that there is not."""
    times, one = _once(*quotes_between(bot.account_of(1), bot.market1_symbol, begin, end))
    if 2 not in bot.legs:
        return times, one, np.ones(len(one))
    times2, two = _once(*quotes_between(bot.account_of(2), bot.market2_symbol, begin, end))
    common, first, second = np.intersect1d(times, times2, assume_unique=True, return_indices=True)
    return common, one[first], two[second]


def _once(times: Seconds, prices: Prices) -> tuple[Seconds, Prices]:
    """A tape that was played again tells the same moment twice."""
    times, places = np.unique(times, return_index=True)
    return times, prices[places]


def _minute(at: datetime) -> datetime:
    return at - timedelta(seconds=at.second, microseconds=at.microsecond)
