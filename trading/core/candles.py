"""Candle series as arrays: aligning two of them, and naming what is wrong with one."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FIRST_LINE = 2
"""Of the data in a file with a header."""


@dataclass(frozen=True, slots=True)
class Candles:
    """Open times in ms UTC; prices in quote units, volume in base units."""

    times: Ints
    opens: Floats
    highs: Floats
    lows: Floats
    closes: Floats
    volumes: Floats

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Tape:
    """Aligned candles of both markets: open times in ms UTC, opens and closes, all of one length."""

    times: Ints
    opens1: Floats
    closes1: Floats
    opens2: Floats
    closes2: Floats

    def __len__(self) -> int:
        return len(self.times)

    def since(self, start_ms: int) -> "Tape":
        """The bars at or after an instant; the opens of the first are the start prices."""
        first = int(np.searchsorted(self.times, start_ms, side="left"))
        return Tape(
            self.times[first:],
            self.opens1[first:],
            self.closes1[first:],
            self.opens2[first:],
            self.closes2[first:],
        )


@dataclass(frozen=True, slots=True)
class Aligned:
    """The bars that both series have, and how many of each series the other one lacks."""

    tape: Tape
    dropped1: int
    dropped2: int


class ProblemKind(StrEnum):
    DISORDER = "disorder"
    DUPLICATE = "duplicate"
    OFF_GRID = "off_grid"
    GAP = "gap"
    IMPOSSIBLE = "impossible"
    OUTAGE = "outage"
    """A flat bar without volume: the venue was down. Recorded as it is, so no error."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` is the file's; `missing` counts the bars of a gap."""

    kind: ProblemKind
    line: int
    time: int
    missing: int = 0

    @property
    def refuses(self) -> bool:
        return self.kind is not ProblemKind.OUTAGE


def align(candles1: Candles, candles2: Candles) -> Aligned:
    """By open time. Both series must be in order without duplicates (`validate`)."""
    times, in1, in2 = np.intersect1d(candles1.times, candles2.times, assume_unique=True, return_indices=True)
    tape = Tape(times, candles1.opens[in1], candles1.closes[in1], candles2.opens[in2], candles2.closes[in2])
    return Aligned(tape, len(candles1) - len(times), len(candles2) - len(times))


def validate(candles: Candles, timeframe_ms: int, first_line: int = FIRST_LINE) -> list[Problem]:
    """Everything wrong with a series, in order of lines."""
    found = [*_order_problems(candles.times, timeframe_ms, first_line), *_bar_problems(candles, first_line)]
    return sorted(found, key=lambda problem: problem.line)


def _order_problems(times: Ints, timeframe_ms: int, first_line: int) -> Iterator[Problem]:
    for i in np.flatnonzero(times % timeframe_ms != 0):
        yield Problem(ProblemKind.OFF_GRID, first_line + int(i), int(times[i]))
    steps = np.diff(times)
    for i in np.flatnonzero(steps != timeframe_ms):
        line, time, step = first_line + int(i) + 1, int(times[i + 1]), int(steps[i])
        if step < 0:
            yield Problem(ProblemKind.DISORDER, line, time)
        elif step == 0:
            yield Problem(ProblemKind.DUPLICATE, line, time)
        elif step >= 2 * timeframe_ms:
            yield Problem(ProblemKind.GAP, line, time, missing=step // timeframe_ms - 1)


def _bar_problems(candles: Candles, first_line: int) -> Iterator[Problem]:
    possible = _possible(candles)
    flat = (candles.highs == candles.lows) & (candles.opens == candles.closes) & (candles.volumes == 0)
    for i in np.flatnonzero(~possible):
        yield Problem(ProblemKind.IMPOSSIBLE, first_line + int(i), int(candles.times[i]))
    for i in np.flatnonzero(possible & flat):
        yield Problem(ProblemKind.OUTAGE, first_line + int(i), int(candles.times[i]))


def _possible(candles: Candles) -> NDArray[np.bool_]:
    """Low at most open and close, these at most high, all finite and above 0, volume not below 0."""
    lower, upper = np.minimum(candles.opens, candles.closes), np.maximum(candles.opens, candles.closes)
    ordered = (candles.lows > 0) & (candles.lows <= lower) & (upper <= candles.highs) & np.isfinite(candles.highs)
    return ordered & (candles.volumes >= 0) & np.isfinite(candles.volumes)
