"""Indicators against their formulas; what they say of a bar does not change with the bars after it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trading.core.candles import Extremes, Tape
from trading.strategies import indicators
from trading.strategy_checks import generated_tape

TAPE = generated_tape(400, markets=1)
CLOSES = TAPE.closes1
W = 14

CAUSAL: dict[str, Callable[[Tape], Any]] = {
    "moving_average": lambda tape: indicators.moving_average(tape.closes1, W),
    "exponential_average": lambda tape: indicators.exponential_average(tape.closes1, W),
    "relative_strength": lambda tape: indicators.relative_strength(tape.closes1, W),
    "bollinger": lambda tape: np.array(indicators.bollinger(tape.closes1, W, 2.0)),
    "donchian": lambda tape: np.array(indicators.donchian(tape, W)),
    "average_true_range": lambda tape: indicators.average_true_range(tape, W),
}


def test_averages() -> None:
    plain = indicators.moving_average(CLOSES, W)
    wanted = np.convolve(CLOSES, np.ones(W) / W, mode="valid")
    np.testing.assert_allclose(plain[W - 1 :], wanted, rtol=1e-12)
    found = indicators.exponential_average(CLOSES, W)
    value = CLOSES[:W].mean()
    for i in range(W, len(CLOSES)):
        value += 2 / (W + 1) * (CLOSES[i] - value)
        assert found[i] == pytest.approx(value, rel=1e-12)


def test_relative_strength_is_wilder_s() -> None:
    change = np.diff(CLOSES)
    up, down = np.maximum(change, 0), np.maximum(-change, 0)
    gain, loss = up[:W].mean(), down[:W].mean()
    for i in range(W, len(change)):
        gain, loss = (gain * (W - 1) + up[i]) / W, (loss * (W - 1) + down[i]) / W
    assert indicators.relative_strength(CLOSES, W)[-1] == pytest.approx(100 * gain / (gain + loss), rel=1e-10)


def test_bollinger_bands_are_the_mean_and_its_deviations() -> None:
    lower, middle, upper = indicators.bollinger(CLOSES, W, 2.0)
    last = CLOSES[-W:]
    assert (lower[-1], middle[-1], upper[-1]) == pytest.approx(
        (last.mean() - 2 * last.std(), last.mean(), last.mean() + 2 * last.std())
    )


def test_the_channel_leaves_the_bar_itself_out() -> None:
    assert TAPE.extremes is not None
    lower, _middle, upper = indicators.donchian(TAPE, W)
    assert (lower[-1], upper[-1]) == (TAPE.extremes.lows1[-W - 1 : -1].min(), TAPE.extremes.highs1[-W - 1 : -1].max())
    assert np.isnan(upper[:W]).all()
    assert np.isfinite(upper[W:]).all()


def test_without_highs_the_channel_is_of_closes() -> None:
    bare = Tape(TAPE.times, TAPE.opens1, CLOSES, TAPE.opens2, TAPE.closes2, markets=1)
    assert indicators.donchian(bare, W).upper[-1] == CLOSES[-W - 1 : -1].max()


def test_average_true_range_of_bars_without_gaps() -> None:
    ones = np.ones(100)
    highs, lows = 102 * ones, 99 * ones
    tape = Tape(np.arange(100), 100 * ones, 100 * ones, ones, ones, Extremes(highs, lows, ones, ones), markets=1)
    assert indicators.average_true_range(tape, W)[-1] == pytest.approx(3.0)


@pytest.mark.parametrize("name", CAUSAL)
def test_later_bars_change_nothing(name: str) -> None:
    whole = CAUSAL[name](TAPE)
    for bars in (1, 5, W, W + 1, 200):
        part = CAUSAL[name](TAPE.part(slice(0, bars)))
        np.testing.assert_allclose(part, whole[..., :bars], rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("name", ["exponential_average", "relative_strength"])
def test_the_beginning_is_forgotten(name: str) -> None:
    """So that a bot, which sees the last bars alone, decides as a back-test over all of them."""
    late = TAPE.part(slice(400 - W * indicators.SETTLED - 1, None))
    assert CAUSAL[name](late)[-1] == pytest.approx(CAUSAL[name](TAPE)[-1], rel=1e-8)


def test_any_other_one_of_the_library() -> None:
    line, signal, _histogram = indicators.talib("MACD", CLOSES, fastperiod=12, slowperiod=26, signalperiod=9)
    assert line.shape == signal.shape == CLOSES.shape
    with pytest.raises(AttributeError):
        indicators.talib("NO_SUCH_THING", CLOSES)


def test_read_only_prices_are_fine() -> None:
    frozen = CLOSES.copy()
    frozen.flags.writeable = False
    assert np.isfinite(indicators.moving_average(frozen, W)[-1])


def test_a_process_that_asks_for_none_does_not_load_the_library() -> None:
    code = "import sys; import trading.strategies.rsi; sys.exit('talib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
