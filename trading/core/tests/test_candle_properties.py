"""Aligning, finding holes and naming faults, against what a few lines of plain Python say."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trading.core.candles import Candles, ProblemKind, align, common, flat, gaps, outages, validate

MINUTE = 60_000

minutes = st.lists(st.integers(0, 60), unique=True).map(sorted)
prices = st.one_of(st.floats(0.5, 2.0), st.sampled_from([0.0, -1.0, 1.0, float("nan"), float("inf"), float("-inf")]))
bar = st.tuples(prices, prices, prices, prices, st.sampled_from([0.0, 5.0, -1.0, float("nan")]))


def series(at: list[int], rows: Sequence[tuple[float, ...]] | None = None) -> Candles:
    """Prices that tell which bar they are of."""
    times = np.array(at, dtype=np.int64) * MINUTE
    if rows is None:
        price = 1.0 + np.array(at, dtype=np.float64)
        return Candles(times, price, price + 2, price - 0.5, price + 1, np.ones(len(at)))
    columns = np.array(rows, dtype=np.float64).reshape(len(at), 5).T
    return Candles(times, *columns)


@given(minutes, minutes)
def test_aligned_are_the_bars_of_both(first: list[int], second: list[int]) -> None:
    both = sorted(set(first) & set(second))
    aligned = align(series(first), series(second))
    assert (aligned.tape.times // MINUTE).tolist() == both
    assert aligned.tape.opens1.tolist() == [1.0 + k for k in both]
    assert aligned.tape.closes2.tolist() == [2.0 + k for k in both]
    assert (aligned.dropped1, aligned.dropped2) == (len(first) - len(both), len(second) - len(both))


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 30), st.integers(0, 30))
def test_series_without_gaps_are_not_copied(start1: int, start2: int, count1: int, count2: int) -> None:
    first, second = (series(list(range(s, s + n))) for s, n in ((start1, count1), (start2, count2)))
    in1, in2 = common(first.times, second.times)
    assert isinstance(in1, slice)
    assert isinstance(in2, slice)
    assert first.times[in1].tolist() == sorted(set(first.times.tolist()) & set(second.times.tolist()))
    assert np.array_equal(first.times[in1], second.times[in2])


@given(
    st.lists(st.integers(0, 200), unique=True),
    st.lists(st.integers(0, 200), unique=True),
    st.sampled_from([1, 7, 10**9]),
)
def test_times_off_every_grid_and_far_apart_meet_too(first: list[int], second: list[int], scale: int) -> None:
    times = [np.array(sorted(k * scale for k in at), dtype=np.int64) for at in (first, second)]
    in1, in2 = common(*times)
    assert times[0][in1].tolist() == times[1][in2].tolist() == sorted(k * scale for k in set(first) & set(second))


@given(minutes)
def test_gaps_and_bars_make_a_whole(at: list[int]) -> None:
    holes = gaps(np.array(at, dtype=np.int64) * MINUTE, MINUTE)
    missing = [k for hole in holes for k in range(hole.first // MINUTE, hole.last // MINUTE + 1)]
    assert [hole.bars for hole in holes] == [(hole.last - hole.first) // MINUTE + 1 for hole in holes]
    assert sorted(at + missing) == (list(range(at[0], at[-1] + 1)) if at else [])


@given(minutes.flatmap(lambda at: st.tuples(st.just(at), st.lists(st.booleans(), min_size=len(at), max_size=len(at)))))
def test_outages_are_runs_of_flat_bars(drawn: tuple[list[int], list[bool]]) -> None:
    at, down = drawn
    rows = [(1.0, 1.0, 1.0, 1.0, 0.0) if is_down else (1.0, 2.0, 0.5, 1.0, 3.0) for is_down in down]
    candles = series(at, rows)
    assert flat(candles).tolist() == down
    found = outages(candles, MINUTE)
    stretched = [k for run in found for k in range(run.first // MINUTE, run.last // MINUTE + 1)]
    assert stretched == [k for k, is_down in zip(at, down, strict=True) if is_down]
    assert all(later.first > earlier.last + MINUTE for earlier, later in pairwise(found))


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0, 0, 0, 7]), bar), max_size=12))
def test_every_fault_is_named_and_nothing_else(drawn: list[tuple[int, int, tuple[float, ...]]]) -> None:
    times = [minute * MINUTE + off for minute, off, _ in drawn]
    columns = np.array([values for *_, values in drawn], dtype=np.float64).reshape(len(drawn), 5).T
    candles = Candles(np.array(times, dtype=np.int64), *columns)
    found = {(problem.kind, problem.line) for problem in validate(candles, MINUTE)}
    assert found == set(named(times, [values for *_, values in drawn]))


def named(times: list[int], rows: list[tuple[float, ...]]) -> list[tuple[ProblemKind, int]]:
    told = []
    for row, time in enumerate(times):
        opened, high, low, close, volume = rows[row]
        step = time - times[row - 1] if row else MINUTE
        possible = 0 < low <= opened <= high < float("inf") and low <= close <= high and 0 <= volume < float("inf")
        is_flat = possible and opened == high == low == close and volume == 0
        faults = {
            ProblemKind.OFF_GRID: bool(time % MINUTE),
            ProblemKind.DISORDER: step < 0,
            ProblemKind.DUPLICATE: step == 0,
            ProblemKind.GAP: step >= 2 * MINUTE,
            ProblemKind.IMPOSSIBLE: not possible,
            ProblemKind.OUTAGE: is_flat,
        }
        told += [(kind, row + 2) for kind, is_wrong in faults.items() if is_wrong]
    return told
