"""Reading files of candles and of funding rates, and refusing what is wrong with them by name and line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exchanges.adapters.paper_source import from_ms
from exchanges.history.candles import COLUMNS, FUNDING_COLUMNS, minutes_of
from exchanges.history.file_columns import NAMED_PROBLEMS, FileRefused, line_of, place, read_columns, refused
from exchanges.timeframes import MINUTE_MS, TIMEFRAME_MS, timeframe_ms
from trading.core.candles import Candles, Floats, Ints, Problem, ProblemKind, own_grid, validate

__all__ = ["Checked", "FileRefused", "read_candles", "read_funding"]

SENTENCES: Final = {
    ProblemKind.DISORDER: gettext_lazy("the bar of %(time)s opens before the bar above it"),
    ProblemKind.DUPLICATE: gettext_lazy("the bar of %(time)s repeats the bar above it"),
    ProblemKind.OFF_GRID: gettext_lazy("the bar of %(time)s does not open on the timeframe's grid"),
    ProblemKind.GAP: gettext_lazy("the bar of %(time)s comes after a gap of %(missing)s"),
    ProblemKind.IMPOSSIBLE: gettext_lazy(
        "the bar of %(time)s is impossible: low, open, close and high must be above 0 and in that order"
    ),
}
_NAMES: Final = {length: name for name, length in TIMEFRAME_MS.items()}
_LAST_MS: Final = 2**43  # in the year 2248
_YEARS_S: Final = range(1_230_768_000, 4_102_444_800)  # 2009 to 2100, in seconds
_UNITS: Final = (
    (gettext_lazy("nanoseconds"), 10**9),
    (gettext_lazy("microseconds"), 10**6),
    (gettext_lazy("seconds"), 1),
)  # per second


@dataclass(frozen=True, slots=True)
class Checked:
    """A series that may be stored, how long its bars are, and what was let pass."""

    candles: Candles
    length: int
    gaps: int
    missing_bars: int
    flat_bars: int


def read_candles(
    path: Path,
    timeframe: str | None,
    *,
    allow_gaps: bool = False,
    any_grid: bool = False,
    closed_by: int | None = None,
) -> Checked:
    """CSV, CSV.gz or Parquet with `timestamp` (ms UTC), open, high, low, close, volume.

    Without a timeframe the bars are as long as most steps between them. `any_grid`: they may open off the timeframe's
    grid (days that begin at 16:00 UTC), all of them equally. Bars that were not closed by an instant (ms) are refused.
    Raises FileRefused.
    """
    candles = Candles(*read_columns(path, COLUMNS))
    length = timeframe_ms(timeframe) if timeframe else usual_step(candles.times)
    _refuse_times(path, candles.times)
    if timeframe:
        _refuse_other_timeframe(path, candles.times, length)
    problems = validate(candles, length, grid=own_grid(candles.times, length) if any_grid else 0)
    gaps = [problem for problem in problems if problem.kind is ProblemKind.GAP]
    wrong = [p for p in problems if p.refuses and not (allow_gaps and p.kind is ProblemKind.GAP)]
    if wrong:
        raise FileRefused(path, [_sentence(path, problem) for problem in wrong[:NAMED_PROBLEMS]], len(wrong))
    if closed_by is not None and candles.times[-1] + length > closed_by:
        row = int(np.searchsorted(candles.times, closed_by - length, side="right"))
        raise refused(
            path, _("the bar of %(time)s has not closed yet") % {"time": _at(candles.times[row])}, line_of(row)
        )
    flat = sum(problem.kind is ProblemKind.OUTAGE for problem in problems)
    return Checked(candles, length, len(gaps), sum(problem.missing for problem in gaps), flat)


def read_funding(path: Path, *, paid_by: int | None = None) -> tuple[Ints, Floats]:
    """`timestamp` (ms UTC) and `funding_rate` (fraction), in order, none after an instant. Raises FileRefused."""
    stamps, rates = read_columns(path, FUNDING_COLUMNS)
    _refuse_times(path, stamps)
    late = np.flatnonzero(np.diff(stamps) < 0) + 1
    again = np.flatnonzero(np.diff(minutes_of(stamps)) == 0) + 1
    absurd = np.flatnonzero(~(np.abs(rates) < 1))
    future = np.flatnonzero(stamps > (_LAST_MS if paid_by is None else paid_by))
    disorder, repeated = (
        _("is not after the line above it"),
        _("repeats the rate of the line above it (they are of one minute)"),
    )
    no_rate, ahead = _("%(rate)s is not a rate: it must be a fraction between -1 and 1"), _("%(time)s is in the future")
    found = [(int(row), disorder) for row in late]
    found += [(int(row), repeated) for row in again]
    found += [(int(row), no_rate % {"rate": f"{rates[row]:g}"}) for row in absurd]
    found += [(int(row), ahead % {"time": _at(stamps[row])}) for row in future]
    if found:
        named = [f"{place(path, line_of(row))}: {text}" for row, text in sorted(found)[:NAMED_PROBLEMS]]
        raise FileRefused(path, named, len(found))
    return stamps, rates


def usual_step(times: Ints) -> int:
    """The most frequent step forwards, in ms; a minute where there is none."""
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not len(steps):
        return MINUTE_MS
    lengths, counts = np.unique(steps, return_counts=True)
    return int(lengths[counts.argmax()])


def _refuse_times(path: Path, times: Ints) -> None:
    """Other units than milliseconds, and what no clock shows."""
    first = int(times[0])
    for unit, per_second in _UNITS:
        if first // per_second in _YEARS_S:
            sentence = _("timestamp %(first)s counts %(unit)s; milliseconds since 1970 are needed")
            raise refused(path, sentence % {"first": first, "unit": unit}, line_of(0))
    absurd = np.flatnonzero((times < 0) | (times >= _LAST_MS))
    if len(absurd):
        sentence = _("%(time)s is not a time in milliseconds since 1970")
        named = [
            f"{place(path, line_of(int(i)))}: {sentence % {'time': int(times[i])}}" for i in absurd[:NAMED_PROBLEMS]
        ]
        raise FileRefused(path, named, len(absurd))


def _refuse_other_timeframe(path: Path, times: Ints, length: int) -> None:
    """No two neighbours are one bar apart, and most are as far apart as those of another timeframe."""
    steps = np.diff(times)
    usual = usual_step(times)
    if len(steps) > 1 and usual in steps and usual != length and usual in _NAMES and not (steps == length).any():
        row = int(np.flatnonzero(steps == usual)[0]) + 1
        sentence = _("the bars are %(usual)s apart, not %(wanted)s: this is another timeframe")
        raise refused(path, sentence % {"usual": _NAMES[usual], "wanted": _NAMES[length]}, line_of(row))


def _sentence(path: Path, problem: Problem) -> str:
    text = str(SENTENCES[problem.kind]) % {"time": problem.time, "missing": problem.missing}
    return f"{place(path, problem.line)}: {text}"


def _at(time: int) -> str:
    return f"{from_ms(int(time)):%Y-%m-%d %H:%M} UTC"
