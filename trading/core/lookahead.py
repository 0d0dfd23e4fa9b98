"""Does a strategy look ahead? What it says of a bar must not depend on the bars after it.

History is cut at many bars: features computed from what is left must be those computed from the whole (not a number
counts as a value). Then one quiet bar is put after the cut, and whatever was decided up to there must be decided in the
whole run too. Short histories come first and the whole one last, with prices and times that the strategy has not seen
before, so that one that remembers earlier calls is found out as well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from trading.core.backtest import BacktestResult, Prepared, run_backtest
from trading.core.candles import Extremes, Rates, Tape
from trading.core.strategy_failed import StrategyFailed
from trading.core.types import ACTION_NAMES, NONE, Config, config

CUTS: Final = 40
QUICK_CUTS: Final = 6
QUICK_BARS: Final = 1_500
"""Beside those of the warm-up."""
RELATIVE: Final = 1e-9
ABSOLUTE: Final = 1e-12
"""Of a feature's largest value: what vectorised arithmetic may lose when an array has another length."""
_SHIFT_MS: Final = 53 * 7 * 86_400_000
"""Whole weeks: hours and weekdays stay what they are."""
_SCALE: Final = 4.0
"""A power of two: no price changes its digits."""
_STEP_BARS: Final = 60
LEG_RATIO: Final = "leg_ratios"

Floats = NDArray[np.float64]
T = TypeVar("T")


class Subject(Protocol):
    """A strategy with its parameters, such as `trading.strategies.base.Bound`."""

    @property
    def name(self) -> str: ...
    @property
    def features(self) -> tuple[str, ...]: ...
    @property
    def warmup(self) -> int: ...
    def prepared(self, tape: Tape) -> Prepared: ...


class Kind(StrEnum):
    FEATURE = "feature"
    DECISION = "decision"
    FAILURE = "failure"


class Taken(NamedTuple):
    """A decision: the number of its action, and what it trades; level and side are 0 for none."""

    action: int = NONE
    level: int = 0
    side: int = 0

    def __str__(self) -> str:
        name = ACTION_NAMES[self.action]
        return f"{name} level {self.level} {'long' if self.side > 0 else 'short'}" if self.action else name


@dataclass(frozen=True, slots=True)
class Leak:
    """`what` names the feature, the action or the error. `bar` counts from 0; `time` is its opening time in ms.

    `bars` were there when `known` was found; `whole` was found from all of them. `failed` is what a strategy raised.
    """

    strategy: str
    kind: Kind
    what: str
    bar: int
    time: int
    bars: int
    known: str | Taken
    whole: str | Taken
    failed: StrategyFailed | None = field(default=None, compare=False)

    def __str__(self) -> str:
        at = f"bar {self.bar} ({datetime.fromtimestamp(self.time / 1000, UTC):%Y-%m-%d %H:%M} UTC)"
        if self.kind is Kind.FAILURE:
            return f"{self.what} (given {self.bars} bars)"
        thing = f"feature {self.what}" if self.kind is Kind.FEATURE else "the decision"
        return (
            f"{self.strategy}: {thing} at {at} depends on later bars: {self.known} from the first {self.bars} bars, "
            f"{self.whole} from all"
        )


class _Failed(Exception):
    """A strategy raised an error over so many bars."""

    def __init__(self, bars: int, error: StrategyFailed) -> None:
        self.bars, self.error = bars, error


def check(subject: Subject, tape: Tape, rules: Config | None = None, *, cuts: int = CUTS) -> list[Leak]:
    """Every feature and the first decision that look ahead; empty for a strategy that does not.

    Without rules ladder and thresholds suit the tape. Raises ValueError for a tape of less than 3 bars.
    """
    if len(tape) < 3:
        raise ValueError("looking for look-ahead needs at least 3 bars")
    try:
        return list(_leaks(subject, tape, rules or usual_rules(tape), cuts))
    except _Failed as failed:
        return [_failure(subject, tape, failed.bars, failed.error)]
    except StrategyFailed as error:
        return [_failure(subject, tape, len(tape), error)]


def quick_check(subject: Subject, tape: Tape, rules: Config | None = None) -> list[Leak]:
    """The same at a few cuts of the tape's beginning: some milliseconds, or about 0.2 s in plain Python."""
    try:
        part = tape.part(slice(0, subject.warmup + QUICK_BARS))
    except StrategyFailed as error:
        return [_failure(subject, tape, len(tape), error)]
    return check(subject, part, rules, cuts=QUICK_CUTS) if len(part) >= 3 else []


def _failure(subject: Subject, tape: Tape, bars: int, error: StrategyFailed) -> Leak:
    return Leak(subject.name, Kind.FAILURE, str(error), bars - 1, int(tape.times[bars - 1]), bars, "", "", error)


def usual_rules(tape: Tape) -> Config:
    """Four levels, each step half of what the spread usually covers within 60 bars, so that there are decisions."""
    spread = (tape.closes1 / tape.opens1[0] - tape.closes2 / tape.opens2[0]) * 100
    steps = spread[_STEP_BARS:] - spread[:-_STEP_BARS] if len(spread) > _STEP_BARS else np.diff(spread)
    usual = max(float(np.std(steps)) / 2, 1e-6)
    return config(
        spreads=[usual] * 4,
        multipliers=[1.0, 1.2, 1.5, 2.0],
        investment=100.0,
        cap=1e6,
        start1=float(tape.opens1[0]),
        start2=float(tape.opens2[0]),
        take_profit=usual,
        stop_loss=2 * usual,
        net=False,
    )


def _leaks(subject: Subject, tape: Tape, rules: Config, cuts: int) -> Iterator[Leak]:
    unseen = _disguised(tape)
    rules = rules._replace(start1=float(unseen.opens1[0]), start2=float(unseen.opens2[0]))
    chosen = _cuts(len(tape), subject.warmup, cuts)
    known = {cut: _features(subject, unseen.part(slice(0, cut))) for cut in chosen}
    runs = {cut: _run(subject, _quiet_after(unseen, cut), rules) for cut in chosen}
    features, whole = _features(subject, unseen), _run(subject, unseen, rules)
    yield from _feature_leaks(subject, tape, known, features)
    for cut in _traded_bars(whole, cuts):
        if cut not in runs:
            runs[cut] = _run(subject, _quiet_after(unseen, cut), rules)
    found = (_decision_leak(subject, tape, cut, runs[cut], whole) for cut in sorted(runs))
    yield from [leak for leak in found if leak][:1]


def _disguised(tape: Tape) -> Tape:
    """Other times and prices, the same moves."""
    scales = _SCALE, _SCALE if tape.markets == 2 else 1.0
    extremes = tape.extremes and Extremes(
        scales[0] * tape.extremes.highs1,
        scales[0] * tape.extremes.lows1,
        scales[1] * tape.extremes.highs2,
        scales[1] * tape.extremes.lows2,
    )
    return Tape(
        tape.times + _SHIFT_MS,
        scales[0] * tape.opens1,
        scales[0] * tape.closes1,
        scales[1] * tape.opens2,
        scales[1] * tape.closes2,
        extremes,
        tape.markets,
        (_later(tape.funding[0]), _later(tape.funding[1])),
    )


def _later(paid: Rates | None) -> Rates | None:
    return paid and Rates(paid.stamps + _SHIFT_MS, paid.rates)


def _quiet_after(tape: Tape, cut: int) -> Tape:
    """The first `cut` bars and one in which nothing moves: the last decision is acted upon at its open."""
    left = tape.part(slice(0, cut))
    last1, last2 = left.closes1[-1], left.closes2[-1]
    extremes = left.extremes and Extremes(
        np.r_[left.extremes.highs1, last1],
        np.r_[left.extremes.lows1, last1],
        np.r_[left.extremes.highs2, last2],
        np.r_[left.extremes.lows2, last2],
    )
    return Tape(
        tape.times[: cut + 1],
        np.r_[left.opens1, last1],
        np.r_[left.closes1, last1],
        np.r_[left.opens2, last2],
        np.r_[left.closes2, last2],
        extremes,
        tape.markets,
        left.funding,
    )


def _cuts(bars: int, warmup: int, count: int) -> list[int]:
    """How many bars are left: spread over the tape, and around the end of the warm-up."""
    even = np.linspace(1, bars - 1, count + 1)[1:].astype(int).tolist()
    return sorted({cut for cut in [*even, *range(warmup - 1, warmup + 3)] if 1 <= cut < bars})


def _traded_bars(whole: BacktestResult, count: int) -> list[int]:
    """Some of the bars that filled something: what was decided just before them."""
    bars = np.unique(np.searchsorted(whole.times, whole.t))
    return [int(bar) for bar in bars[:: max(1, len(bars) // max(1, count))][:count]]


def _features(subject: Subject, tape: Tape) -> Floats:
    """And the ratios of the legs behind them, where it has any."""
    found = _tried(len(tape), lambda: subject.prepared(tape))
    if found.features is None:
        return np.empty((len(tape), 0))
    return found.features if found.ratios is None else np.column_stack([found.features, found.ratios])


def _run(subject: Subject, tape: Tape, rules: Config) -> BacktestResult:
    return _tried(
        len(tape),
        lambda: run_backtest(
            rules, tape, strategy=subject.prepared(tape), pause_after_close=False, restart_after_stop_loss=True
        ),
    )


def _tried(bars: int, attempt: Callable[[], T]) -> T:
    try:
        return attempt()
    except StrategyFailed as error:
        raise _Failed(bars, error) from error


def _feature_leaks(subject: Subject, tape: Tape, known: dict[int, Floats], whole: Floats) -> Iterator[Leak]:
    """The first of each feature."""
    for column, name in enumerate([*subject.features, LEG_RATIO][: whole.shape[1]]):
        values = whole[:, column]
        finite = np.abs(values[np.isfinite(values)])
        noise = ABSOLUTE * float(finite.max(initial=0.0))
        for cut, found in known.items():
            differing = np.flatnonzero(~_same(found[:, column], values[:cut], noise))
            if len(differing):
                bar = int(differing[0])
                texts = f"{found[bar, column]:.9g}", f"{values[bar]:.9g}"
                yield Leak(subject.name, Kind.FEATURE, name, bar, int(tape.times[bar]), cut, *texts)
                break


def _same(one: Floats, other: Floats, noise: float) -> NDArray[np.bool_]:
    return np.isclose(one, other, rtol=RELATIVE, atol=noise, equal_nan=True)


def _decision_leak(subject: Subject, tape: Tape, cut: int, run: BacktestResult, whole: BacktestResult) -> Leak | None:
    """The first decision over the first `cut` bars that the whole run takes otherwise."""
    ours, theirs = _decisions(run, cut), _decisions(whole, cut)
    for i in range(max(len(ours), len(theirs))):
        one, other = (rows[i] if i < len(rows) else None for rows in (ours, theirs))
        if one is not None and other is not None and np.allclose(one, other, rtol=RELATIVE, atol=ABSOLUTE):
            continue
        bar = int(min(row[0] for row in (one, other) if row is not None)) - 1
        taken = _taken(one, bar), _taken(other, bar)
        return Leak(subject.name, Kind.DECISION, str(taken[1]), bar, int(tape.times[bar]), cut, *taken)
    return None


def _decisions(result: BacktestResult, cut: int) -> Floats:
    """Bar of the fill, action, level, side and spread of what was decided within the first `cut` bars."""
    bars = np.searchsorted(result.times, result.t)
    rows = np.column_stack([bars, result.action, result.level, result.side, result.spread])
    return np.asarray(rows[bars <= cut])


def _taken(row: Floats | None, bar: int) -> Taken:
    """None where it was taken on another bar."""
    if row is None or int(row[0]) - 1 != bar:
        return Taken()
    return Taken(int(row[1]), int(row[2]), int(row[3]))
