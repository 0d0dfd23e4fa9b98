"""Whether a strategy minds where its history begins.

A back-test computes features from all of its bars, a bot from those alone that warm it up. What both say of a bar has
to be the same: else the bot trades otherwise than its back-test did.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from trading.core.candles import Ints, Tape
from trading.strategies.base import Bound, Floats

TOLERANCE: Final = 1e-6
"""Of a feature's largest value: what is left of bars long past in averages that never quite forget."""
BARS_MOST: Final = 1_500
"""Looked at, beside those of the warm-up."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The first bar (counted from 0, opened at `time`) of which a feature is `short` from the bars that warm it up and
    those after them, but `whole` from all."""

    strategy: str
    feature: str
    bar: int
    time: int
    warmup: int
    short: str
    whole: str

    def __str__(self) -> str:
        at = f"bar {self.bar} ({datetime.fromtimestamp(self.time / 1000, UTC):%Y-%m-%d %H:%M} UTC)"
        return (
            f"{self.strategy}: feature {self.feature} at {at} depends on where the history begins: {self.short} from "
            f"the {self.warmup} bars of its warm-up, {self.whole} from all; a bot would not trade as the back-test does"
        )


def drifts(bound: Bound, tape: Tape) -> list[Drift]:
    """The first of each feature; none where there are too few bars to say. Raises StrategyFailed."""
    warmup = bound.warmup
    part = tape.part(slice(0, warmup + BARS_MOST))
    cut = (len(part) - warmup) // 2
    if not bound.features or cut < 1:
        return []
    short, whole = bound.prepare(part.part(slice(cut, None))), bound.prepare(part)[cut:]
    return list(_differing(bound, part.times[cut:], cut, short, whole))


def _differing(bound: Bound, times: Ints, cut: int, short: Floats, whole: Floats) -> Iterator[Drift]:
    warmup = bound.warmup
    for column, name in enumerate(bound.features):
        one, all_ = short[warmup:, column], whole[warmup:, column]
        known = np.abs(all_[np.isfinite(all_)])
        away = ~np.isclose(one, all_, rtol=TOLERANCE, atol=TOLERANCE * float(known.max(initial=0.0)), equal_nan=True)
        for row in np.flatnonzero(away)[:1].tolist():
            texts = f"{one[row]:.9g}", f"{all_[row]:.9g}"
            at = warmup + row
            yield Drift(bound.name, name, cut + at, int(times[at]), warmup, *texts)
