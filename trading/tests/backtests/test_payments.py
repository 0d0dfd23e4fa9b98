"""How much of the time in position the recorded funding covers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.backtests.payments import Known, known_time

MINUTE = 60_000
HOUR = 60 * MINUTE


def hours(*values: float) -> np.ndarray:
    return np.array([int(value * HOUR) for value in values], np.int64)


@pytest.mark.parametrize(
    ("stamps", "last", "expected"),
    [
        ((8, 16, 24), 30, [(0, 8), (8, 16), (16, 30)]),
        ((8, 16, 24), 32, [(0, 8), (8, 16), (16, 24)]),
        ((8, 16, 40, 48), 50, [(0, 8), (8, 16), (32, 40), (40, 50)]),
        ((8,), 10, [(0, 10)]),
        ((8,), 20, [(0, 8)]),
        ((), 20, []),
    ],
)
def test_each_payment_covers_the_time_since_the_one_before(
    stamps: tuple[float, ...], last: float, expected: list[tuple[int, int]]
) -> None:
    known = known_time(hours(*stamps), int(last * HOUR))
    found = zip((known.begins // HOUR).tolist(), (known.ends // HOUR).tolist(), strict=True)
    assert list(found) == expected


bounds = st.lists(st.integers(0, 200), max_size=12, unique=True).map(sorted)


def stretches(values: list[int]) -> Known:
    pairs = values[: len(values) // 2 * 2]
    return Known(np.array(pairs[::2], np.int64), np.array(pairs[1::2], np.int64))


@given(bounds, bounds)
def test_the_common_time_counted_one_by_one(known: list[int], held: list[int]) -> None:
    one, two = stretches(known), stretches(held)
    covered = {t for begin, end in zip(one.begins, one.ends, strict=True) for t in range(begin, end)}
    wanted = {t for begin, end in zip(two.begins, two.ends, strict=True) for t in range(begin, end)}
    assert one.within(two.begins, two.ends) == len(covered & wanted)
