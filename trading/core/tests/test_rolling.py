import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core.rolling import rolling_mean_deviation, rolling_z_score


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=80), st.integers(1, 20))
def test_mean_and_deviation_are_those_of_each_window(values: list[float], window: int) -> None:
    mean, deviation = rolling_mean_deviation(np.array(values), window)
    for i in range(len(values)):
        part = values[i + 1 - window : i + 1] if i + 1 >= window else []
        assert mean[i] == pytest.approx(np.mean(part) if part else np.nan, abs=1e-9, nan_ok=True)
        assert deviation[i] == pytest.approx(np.std(part) if part else np.nan, abs=1e-4, nan_ok=True)


def test_rounding_does_not_add_up() -> None:
    values = 1e6 + np.random.default_rng(3).normal(0.0, 1.0, 200_000)
    mean, deviation = rolling_mean_deviation(values, 50)
    assert mean[-1] == pytest.approx(values[-50:].mean(), rel=1e-14)
    assert deviation[-1] == pytest.approx(values[-50:].std(), rel=1e-6)


def test_a_hole_heals_once_it_has_left_the_window() -> None:
    values = np.arange(40.0)
    values[10] = np.nan
    mean, _ = rolling_mean_deviation(values, 5)
    assert np.isnan(mean[10])
    assert mean[20:] == pytest.approx(np.arange(20.0, 40.0) - 2)


def test_z_score() -> None:
    found = rolling_z_score(np.array([1.0, 2.0, 3.0, 3.0, 3.0]), 3)
    assert found == pytest.approx([np.nan, np.nan, 1 / np.sqrt(2 / 3), np.sqrt(1 / 2), np.nan], nan_ok=True)


def test_the_same_for_a_history_cut_short() -> None:
    values = np.random.default_rng(4).normal(0.0, 1.0, 300)
    whole = rolling_z_score(values, 20)
    for cut in (1, 19, 20, 21, 137, 299):
        assert np.array_equal(rolling_z_score(values[:cut], 20), whole[:cut], equal_nan=True)


def test_a_window_of_nothing() -> None:
    with pytest.raises(ValueError, match="window"):
        rolling_mean_deviation(np.ones(3), 0)
