"""Candle series as arrays: aligning two of them, and naming what is wrong with one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = slice | NDArray[np.intp]

DAY_MS = 86_400_000
GRID_MOST = 64
"""Places for each bar that are worth marking."""

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

    def part(self, bars: slice) -> "Candles":
        return Candles(
            self.times[bars],
            self.opens[bars],
            self.highs[bars],
            self.lows[bars],
            self.closes[bars],
            self.volumes[bars],
        )


@dataclass(frozen=True, slots=True)
class Extremes:
    """The highs and lows of both markets' bars: margin is checked against them."""

    highs1: Floats
    lows1: Floats
    highs2: Floats
    lows2: Floats

    def part(self, bars: slice) -> "Extremes":
        return Extremes(self.highs1[bars], self.lows1[bars], self.highs2[bars], self.lows2[bars])


@dataclass(frozen=True, slots=True)
class Rates:
    """One market's funding payments: stamps in ms UTC (ascending), rates as fractions of the position's value."""

    stamps: Ints
    rates: Floats

    def until(self, instant_ms: int) -> "Rates":
        """Those that were paid by then."""
        end = int(np.searchsorted(self.stamps, instant_ms, side="right"))
        return Rates(self.stamps[:end], self.rates[:end])


@dataclass(frozen=True, slots=True)
class Tape:
    """Aligned candles of both markets: open times in ms UTC, opens and closes, all of one length.

    A tape of one market (`single`) has 1.0 throughout as the prices of market 2, and `markets` 1.
    """

    times: Ints
    opens1: Floats
    closes1: Floats
    opens2: Floats
    closes2: Floats
    extremes: Extremes | None = None
    markets: int = 2
    funding: tuple[Rates | None, Rates | None] = (None, None)
    """Of each market as far as it is known. No payment after the last bar's opening is in it."""

    def __len__(self) -> int:
        return len(self.times)

    def since(self, start_ms: int) -> "Tape":
        """The bars at or after an instant; the opens of the first are the start prices."""
        return self.part(slice(int(np.searchsorted(self.times, start_ms, side="left")), None))

    def until(self, end_ms: int) -> "Tape":
        """The bars that open before an instant."""
        return self.part(slice(None, int(np.searchsorted(self.times, end_ms, side="left"))))

    def part(self, bars: slice) -> "Tape":
        return Tape(
            self.times[bars],
            self.opens1[bars],
            self.closes1[bars],
            self.opens2[bars],
            self.closes2[bars],
            self.extremes and self.extremes.part(bars),
            self.markets,
        ).with_funding(*self.funding)

    def with_funding(self, one: Rates | None, two: Rates | None) -> "Tape":
        """The same with what was paid up to its last bar's opening."""
        last = int(self.times[-1]) if len(self) else -1
        return replace(self, funding=(one and one.until(last), two and two.until(last)))


@dataclass(frozen=True, slots=True)
class Aligned:
    """The bars that both series have, and how many of each series the other one lacks."""

    tape: Tape
    dropped1: int
    dropped2: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bars in a row: opening times of the first and the last in ms, and how many."""

    first: int
    last: int
    bars: int


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
    in1, in2 = common(candles1.times, candles2.times)
    times = candles1.times[in1]
    extremes = Extremes(candles1.highs[in1], candles1.lows[in1], candles2.highs[in2], candles2.lows[in2])
    tape = Tape(times, candles1.opens[in1], candles1.closes[in1], candles2.opens[in2], candles2.closes[in2], extremes)
    return Aligned(tape, len(candles1) - len(times), len(candles2) - len(times))


def single(candles: Candles) -> Tape:
    """The tape of one market."""
    ones = np.ones(len(candles))
    extremes = Extremes(candles.highs, candles.lows, ones, ones)
    return Tape(candles.times, candles.opens, candles.closes, ones, ones, extremes, markets=1)


def common(times1: Ints, times2: Ints) -> tuple[Index, Index]:
    """Where the times of both are. Slices, which copy nothing, for series that differ in their ends alone."""
    if not len(times1) or not len(times2):
        return slice(0), slice(0)
    first, last = max(times1[0], times2[0]), min(times1[-1], times2[-1])
    in1, in2 = (slice(*np.searchsorted(times, (first, last + 1))) for times in (times1, times2))
    if np.array_equal(times1[in1], times2[in2]):
        return in1, in2
    if not len(times1[in1]) or not len(times2[in2]):
        return slice(0), slice(0)
    return _common_by_place(times1[in1], times2[in2], in1.start, in2.start)


def _common_by_place(times1: Ints, times2: Ints, start1: int, start2: int) -> tuple[Index, Index]:
    """Both lie on one grid of bars: a mark for each place of it costs less than searching. Else they are searched."""
    step = min(int(np.diff(times).min(initial=DAY_MS)) for times in (times1, times2))
    first = int(min(times1[0], times2[0]))
    size = (int(max(times1[-1], times2[-1])) - first) // step + 1
    places = [(times - first) // step for times in (times1, times2)]
    is_grid = all(
        np.array_equal(place * step + first, times) for place, times in zip(places, (times1, times2), strict=True)
    )
    if not is_grid or size > GRID_MOST * (len(times1) + len(times2)):
        _, at1, at2 = np.intersect1d(times1, times2, assume_unique=True, return_indices=True)
        return at1 + start1, at2 + start2
    marks = [np.zeros(size, dtype=bool) for _ in places]
    for mark, place in zip(marks, places, strict=True):
        mark[place] = True
    return np.flatnonzero(marks[1][places[0]]) + start1, np.flatnonzero(marks[0][places[1]]) + start2


def gaps(times: Ints, timeframe_ms: int) -> list[Stretch]:
    """What a series in order lacks between its ends."""
    steps = np.diff(times)
    return [
        Stretch(int(times[i]) + timeframe_ms, int(times[i + 1]) - timeframe_ms, int(steps[i]) // timeframe_ms - 1)
        for i in np.flatnonzero(steps >= 2 * timeframe_ms)
    ]


def flat(candles: Candles) -> Flags:
    """The bars in which nothing moved and nothing was traded: the venue was down."""
    still = (candles.highs == candles.lows) & (candles.opens == candles.closes)
    found: Flags = still & (candles.opens == candles.highs) & (candles.volumes == 0)
    return found


def outages(candles: Candles, timeframe_ms: int) -> list[Stretch]:
    """Flat bars that follow one another without a gap."""
    times = candles.times[flat(candles)]
    if not len(times):
        return []
    breaks = np.flatnonzero(np.diff(times) != timeframe_ms) + 1
    first, last = np.r_[0, breaks], np.r_[breaks, len(times)]
    return [Stretch(int(times[a]), int(times[b - 1]), int(b - a)) for a, b in zip(first, last, strict=True)]


def validate(candles: Candles, timeframe_ms: int, first_line: int = FIRST_LINE, *, grid: int = 0) -> list[Problem]:
    """Everything wrong with a series, in order of lines. `grid`: how long after the timeframe's grid its bars open."""
    found = [*_order_problems(candles.times, timeframe_ms, first_line, grid), *_bar_problems(candles, first_line)]
    return sorted(found, key=lambda problem: problem.line)


def own_grid(times: Ints, timeframe_ms: int) -> int:
    """How long after the timeframe's grid most bars of a series open, in ms."""
    late, counts = np.unique(times % timeframe_ms, return_counts=True)
    return int(late[counts.argmax()])


def _order_problems(times: Ints, timeframe_ms: int, first_line: int, grid: int) -> Iterator[Problem]:
    for i in np.flatnonzero(times % timeframe_ms != grid):
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
    for i in np.flatnonzero(~possible):
        yield Problem(ProblemKind.IMPOSSIBLE, first_line + int(i), int(candles.times[i]))
    for i in np.flatnonzero(possible & flat(candles)):
        yield Problem(ProblemKind.OUTAGE, first_line + int(i), int(candles.times[i]))


def _possible(candles: Candles) -> Flags:
    """Low at most open and close, these at most high, all finite and above 0, volume not below 0."""
    lower, upper = np.minimum(candles.opens, candles.closes), np.maximum(candles.opens, candles.closes)
    ordered = (candles.lows > 0) & (candles.lows <= lower) & (upper <= candles.highs) & np.isfinite(candles.highs)
    return ordered & (candles.volumes >= 0) & np.isfinite(candles.volumes)
