"""Walk-forward windows."""

import pytest
from django.core.exceptions import ValidationError

from trading.searches.folds import Fold, folds_of


def test_without_folds_everything_is_in_sample() -> None:
    assert folds_of(100, 0, 25) == [Fold(0, 100, 100)]


def test_one_fold_is_a_split() -> None:
    assert folds_of(100, 1, 25) == [Fold(0, 75, 100)]


def test_windows_roll_by_their_out_of_sample_part() -> None:
    """A window of 200 bars, 50 of them out of sample, and two more of these after it."""
    assert folds_of(300, 3, 25) == [Fold(0, 150, 200), Fold(50, 200, 250), Fold(100, 250, 300)]


@pytest.mark.parametrize(("bars", "folds", "pct"), [(1000, 7, 30), (997, 3, 25), (523, 12, 10), (1000, 2, 90)])
def test_out_of_sample_parts_follow_one_another_to_the_last_bar(bars: int, folds: int, pct: int) -> None:
    found = folds_of(bars, folds, pct)
    assert found[0].first == 0
    assert found[-1].end == bars
    assert [fold.end for fold in found[:-1]] == [fold.split for fold in found[1:]]
    assert len({(fold.split - fold.first, fold.end - fold.split) for fold in found}) == 1
    share = (found[0].end - found[0].split) / (found[0].end - found[0].first)
    assert share == pytest.approx(pct / 100, abs=0.02)


@pytest.mark.parametrize(("bars", "folds", "pct"), [(20, 1, 25), (100, 50, 25), (1, 1, 50), (12, 1, 90)])
def test_parts_that_are_too_short_to_say_anything_are_refused(bars: int, folds: int, pct: int) -> None:
    with pytest.raises(ValidationError) as refused:
        folds_of(bars, folds, pct)
    assert set(refused.value.message_dict) == {"folds"}
