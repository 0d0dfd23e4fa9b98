"""What an equity curve comes to, in one compiled pass: falls, time under water, and the worth at each day's end.

Equity is in quote currency and starts at 0; whatever is relative is relative to the capital plus that equity.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import kernel

DAY_MS: Final = 86_400_000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Curve(NamedTuple):
    """Falls from a peak, in quote currency and as a share of capital + peak: these may be two different falls."""

    max_drawdown: float
    max_drawdown_share: float
    longest_under_water: int
    """Ms from the bar of a peak to the one that reaches it again, or to the end."""
    bars_under_water: int
    worth: Floats
    """Capital + equity: at first the capital, then at the last bar of every UTC day that has bars."""


def curve(times: Ints, equity: Floats, capital: float) -> Curve:
    """`times` ascend, in ms; at least one bar."""
    days = min(len(times), int(times[-1] // DAY_MS - times[0] // DAY_MS) + 1)
    worth = np.empty(days + 1)
    # A read-only or strided array would compile the kernel anew.
    found = _walk(
        np.require(times, np.int64, ["C", "W"]), np.require(equity, np.float64, ["C", "W"]), float(capital), worth
    )
    return Curve(*found[:4], worth[: found[4] + 1])


def daily_returns(worth: Floats) -> Floats:
    """From one day's end to the next; empty if the capital was lost: what follows that day has no return."""
    return np.asarray(np.diff(worth) / worth[:-1]) if worth.min() > 0 else np.empty(0)


@kernel
def _walk(times: Ints, equity: Floats, capital: float, worth: Floats) -> tuple[float, float, int, int, int]:
    peak = fall = share = 0.0
    longest = below = days = 0
    top = times[0]
    """When the last peak was."""
    midnight = (times[0] // DAY_MS + 1) * DAY_MS
    worth[0] = capital
    last = len(equity) - 1
    for bar in range(len(equity)):
        now = equity[bar]
        if times[bar] >= midnight:
            days += 1
            worth[days] = capital + equity[bar - 1]
            midnight = (times[bar] // DAY_MS + 1) * DAY_MS
        if now < peak:
            below += 1
            lost = peak - now
            fall = max(fall, lost)
            if lost > share * (capital + peak):
                share = lost / (capital + peak)
            if bar == last or not equity[bar + 1] < peak:
                longest = max(longest, times[min(bar + 1, last)] - top)
        else:
            peak, top = now, times[bar]
    worth[days + 1] = capital + equity[last]
    return fall, share, longest, below, days + 1
