"""The realised profit of a bot after each cycle, as one SVG path in a box of WIDTH by HEIGHT."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 600
HEIGHT: Final = 120


@dataclass(frozen=True, slots=True)
class CurvePath:
    """`zero` is the height of nothing earned; the ground under the line reaches down (or up) to it."""

    line: str
    ground: str
    zero: float
    last: tuple[float, float]


def curve_path(values: Sequence[float]) -> CurvePath | None:
    """A step per cycle, from 0 before the first. None for less than two points."""
    if not values:
        return None
    totals = [0.0, *values]
    low, high = min(totals), max(totals)
    room = (high - low) or 1.0
    points = [(index / (len(totals) - 1) * WIDTH, (high - total) / room * HEIGHT) for index, total in enumerate(totals)]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    zero = high / room * HEIGHT
    return CurvePath(line, f"{line}V{zero:.1f}H0Z", zero, points[-1])
