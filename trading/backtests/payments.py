"""Funding of a back-test from recorded rates: mark prices of the payments, and how much of the run they cover."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from exchanges.timeframes import HOUR_MS
from trading.backtests.series import Series
from trading.core.candles import Floats, Ints
from trading.core.funding import MINUTE_MS, FundingRates, mark_at

USUAL_INTERVAL: Final = 8 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Recorded:
    """One market's funding file and, where given, its mark-price candles."""

    stamps: Ints
    rates: Floats
    marks: Series | None


@dataclass(frozen=True, slots=True)
class Known:
    """Stretches of time whose funding is known, in order and apart: from `begins` to `ends`, in ms."""

    begins: Ints
    ends: Ints

    def within(self, begins: Ints, ends: Ints) -> int:
        """How much of some other stretches (in order and apart) is known, in ms."""
        return int((self._before(ends) - self._before(begins)).sum())

    def _before(self, instants: Ints) -> Ints:
        """The known time up to each instant."""
        if not len(self.begins):
            return np.zeros(len(instants), np.int64)
        sums = np.r_[0, np.cumsum(self.ends - self.begins)]
        at = np.searchsorted(self.begins, instants, side="right")
        over = np.maximum(self.ends[at - 1] - instants, 0)
        return np.asarray(np.where(at > 0, sums[at] - over, 0))


@dataclass(frozen=True, slots=True)
class Coverage:
    """`expected`: payments that were due from the first bar to the last, by the file's usual interval."""

    booked: int
    expected: int
    at_mark: int
    """Booked at a mark price of the mark file; the others at the market's own candle."""
    known: Known

    @property
    def percent(self) -> float | None:
        return min(100.0, self.booked / self.expected * 100) if self.expected else None

    def known_pct(self, begins: Ints, ends: Ints) -> float | None:
        """Of the time in position that these stretches are; None for no time."""
        held = int((ends - begins).sum())
        return self.known.within(begins, ends) / held * 100 if held else None

    def as_json(self) -> dict[str, Any]:
        counts = {"booked": self.booked, "expected": self.expected, "at_mark_price": self.at_mark}
        return counts | {"coverage_pct": self.percent}


def funding_of(recorded: Recorded, market: Series, times: Ints) -> tuple[FundingRates, Coverage]:
    """Of the payments that fall within the run, whose bars open at `times`."""
    minutes = (recorded.stamps + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS
    within = (minutes >= times[0]) & (minutes <= times[-1])
    stamps = recorded.stamps[within]
    marks = mark_at(stamps, market.candles.times, market.candles.opens)
    marked = _marked(recorded.marks, minutes[within])
    if recorded.marks is not None:
        marks = np.where(marked, 0.0, marks)
        marks[marked] = mark_at(stamps[marked], recorded.marks.candles.times, recorded.marks.candles.opens)
    known = known_time(minutes, int(times[-1]))
    coverage = Coverage(len(stamps), _expected(minutes, times), int(marked.sum()), known)
    return FundingRates(stamps, recorded.rates[within], marks), coverage


def known_time(minutes: Ints, last: int) -> Known:
    """A payment makes the time since the one before it known, but no more than the file's usual interval; the last one
    also what follows, if no other is due by `last`."""
    if not len(minutes):
        return Known(minutes, minutes)
    interval = _interval(minutes)
    since = np.r_[minutes[0] - interval, np.maximum(minutes[:-1], minutes[1:] - interval)]
    ends = minutes.copy()
    if minutes[-1] + interval > last:
        ends[-1] = max(last, int(minutes[-1]))
    return Known(since, ends)


def _marked(marks: Series | None, minutes: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where a mark-price candle is open; one that closed before says nothing about the mark at the stamp."""
    if marks is None:
        return np.zeros(len(minutes), dtype=np.bool_)
    opened = marks.candles.times
    latest = np.searchsorted(opened, minutes, side="right") - 1
    return np.asarray((latest >= 0) & (minutes < opened[np.maximum(latest, 0)] + marks.length))


def _expected(minutes: Ints, times: Ints) -> int:
    if not len(minutes):
        return 0
    interval = _interval(minutes)
    first, last = int(times[0]) - int(minutes[0]), int(times[-1]) - int(minutes[0])
    return last // interval - -(-first // interval) + 1


def _interval(minutes: Ints) -> int:
    """That between most payments."""
    usual = int(np.median(np.diff(minutes))) if len(minutes) > 1 else USUAL_INTERVAL
    return max(usual, MINUTE_MS)
