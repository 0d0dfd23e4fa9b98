"""One point of a chart's line: what an interval of market time came to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Point:
    """One interval; `at` and both prices are its last."""

    at: datetime
    spread: float
    low: float
    high: float
    price1: float
    price2: float


def joined(points: Iterable[Point], length_s: int) -> list[Point]:
    """Oldest first, one for each interval, which starts at a whole multiple of its length. Of two at the same moment
    the later in `points` is the last."""
    in_order = sorted(points, key=lambda point: point.at)
    return [_one(group) for _, group in groupby(in_order, lambda point: int(point.at.timestamp()) // length_s)]


def _one(group: Iterator[Point]) -> Point:
    points = list(group)
    if len(points) == 1:
        return points[0]
    last, low, high = points[-1], min(point.low for point in points), max(point.high for point in points)
    return Point(last.at, last.spread, low, high, last.price1, last.price2)
