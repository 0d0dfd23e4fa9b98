from typing import Any

import numpy as np
import pytest

from trading.core.candles import Candles, Problem, ProblemKind, align, validate

MINUTE = 60_000


def series(minutes: list[int], **changes: Any) -> Candles:
    count = len(minutes)
    columns: dict[str, Any] = {
        "times": np.array(minutes, dtype=np.int64) * MINUTE,
        "opens": np.full(count, 10.0),
        "highs": np.full(count, 12.0),
        "lows": np.full(count, 9.0),
        "closes": np.full(count, 11.0),
        "volumes": np.full(count, 5.0),
    }
    for name, (index, value) in changes.items():
        columns[name][index] = value
    return Candles(**columns)


def test_align_keeps_the_bars_of_both_and_counts_the_rest() -> None:
    first, second = series([0, 1, 2, 4], opens=(2, 20.0)), series([1, 2, 3, 4, 5, 6], closes=(1, 30.0))
    aligned = align(first, second)
    assert aligned.tape.times.tolist() == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    assert (aligned.dropped1, aligned.dropped2) == (1, 3)
    assert aligned.tape.opens1.tolist() == [10.0, 20.0, 10.0]
    assert aligned.tape.closes2.tolist() == [11.0, 30.0, 11.0]


def test_nothing_in_common() -> None:
    aligned = align(series([0, 1]), series([5]))
    assert len(aligned.tape) == 0
    assert (aligned.dropped1, aligned.dropped2) == (2, 1)


def test_a_sound_series_has_no_problems() -> None:
    assert validate(series([0, 1, 2, 3]), MINUTE) == []
    assert validate(series([]), MINUTE) == []


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0, 1, 4, 5], [Problem(ProblemKind.GAP, 4, 4 * MINUTE, missing=2)]),
        ([0, 2, 1], [Problem(ProblemKind.GAP, 3, 2 * MINUTE, missing=1), Problem(ProblemKind.DISORDER, 4, MINUTE)]),
        ([0, 1, 1, 2], [Problem(ProblemKind.DUPLICATE, 4, MINUTE)]),
    ],
)
def test_order(minutes: list[int], expected: list[Problem]) -> None:
    assert validate(series(minutes), MINUTE) == expected


def test_off_the_grid() -> None:
    shifted = series([0, 1, 2], times=(1, MINUTE + 7))
    assert validate(shifted, MINUTE) == [Problem(ProblemKind.OFF_GRID, 3, MINUTE + 7)]


@pytest.mark.parametrize(
    "changes",
    [
        {"highs": (1, 10.5)},
        {"lows": (1, 10.5)},
        {"lows": (1, 0.0)},
        {"opens": (1, float("nan"))},
        {"highs": (1, float("inf"))},
        {"volumes": (1, -1.0)},
        {"volumes": (1, float("nan"))},
    ],
)
def test_impossible_bars(changes: dict[str, tuple[int, float]]) -> None:
    assert validate(series([0, 1, 2], **changes), MINUTE) == [Problem(ProblemKind.IMPOSSIBLE, 3, MINUTE)]


def test_an_outage_is_told_but_refuses_nothing() -> None:
    flat = {name: (1, 11.0) for name in ("opens", "highs", "lows", "closes")}
    (problem,) = validate(series([0, 1, 2], **flat, volumes=(1, 0.0)), MINUTE)
    assert problem == Problem(ProblemKind.OUTAGE, 3, MINUTE)
    assert not problem.refuses
    assert Problem(ProblemKind.GAP, 1, 0).refuses
    assert validate(series([0, 1, 2], volumes=(1, 0.0)), MINUTE) == [], "a mark price has no volume"


def test_line_numbers_count_from_the_first_data_line() -> None:
    assert validate(series([0, 1, 4]), MINUTE, first_line=1)[0].line == 3
