"""Indicators of TA-Lib, and those of pairs, as strategies use them: one value a bar, causal, not a number before there
are enough bars.

TA-Lib is loaded with the first indicator that is asked for, not with this file.
"""

from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.core.candles import Tape
from trading.core.rolling import rolling_mean_deviation, rolling_z_score
from trading.core.rolling_pairs import (
    Regression,
    kalman_regression,
    rolling_correlation,
    rolling_half_life,
    rolling_hurst,
    rolling_regression,
)

__all__ = [
    "Bands",
    "Regression",
    "average_true_range",
    "bollinger",
    "donchian",
    "exponential_average",
    "highs",
    "kalman_regression",
    "lows",
    "moving_average",
    "relative_strength",
    "rolling_correlation",
    "rolling_half_life",
    "rolling_hurst",
    "rolling_mean_deviation",
    "rolling_regression",
    "rolling_z_score",
    "rounded",
    "talib",
]

Floats = NDArray[np.float64]

SETTLED: Final = 20
"""Periods after which Wilder's and exponential averages do not know their beginning any more, to 1 in 10 ** 8."""
PLACES: Final = 9


class Bands(NamedTuple):
    lower: Floats
    middle: Floats
    upper: Floats


@cache
def _library() -> Any:
    return import_module("talib")


def talib(name: str, *columns: Floats, **options: Any) -> Any:
    """Any function of TA-Lib by its name, such as `talib("MACD", closes, fastperiod=12)`.

    Raises AttributeError for a name that TA-Lib does not have.
    """
    return getattr(_library(), name)(*map(_plain, columns), **options)


def rounded(values: Floats) -> Floats:
    """To 9 places: what is computed from another beginning of the series then meets a threshold on the same bar."""
    return np.round(values, PLACES) + 0.0


def moving_average(values: Floats, window: int) -> Floats:
    """The plain mean of the last `window` values."""
    return _whole(values, window, lambda: talib("SMA", values, timeperiod=int(window)))


def exponential_average(values: Floats, window: int) -> Floats:
    """Of weight 2 / (window + 1), begun with the plain mean of the first `window` values."""
    return _whole(values, window, lambda: talib("EMA", values, timeperiod=int(window)))


def relative_strength(values: Floats, window: int) -> Floats:
    """Wilder's RSI, 0 to 100."""
    return _whole(values, window + 1, lambda: talib("RSI", values, timeperiod=int(window)))


def bollinger(values: Floats, window: int, width: float) -> Bands:
    """Mean and mean -/+ `width` population standard deviations of the last `window` values."""
    mean, deviation = rolling_mean_deviation(values, window)
    return Bands(mean - width * deviation, mean, mean + width * deviation)


def donchian(tape: Tape, window: int) -> Bands:
    """Market 1's lowest low and highest high of the `window` bars before each bar, that bar itself left out."""
    low, high = _before(_extreme("MIN", lows(tape), window)), _before(_extreme("MAX", highs(tape), window))
    return Bands(low, (low + high) / 2.0, high)


def average_true_range(tape: Tape, window: int) -> Floats:
    """Wilder's ATR of market 1, in quote currency."""
    columns = (highs(tape), lows(tape), tape.closes1)
    return _whole(tape.closes1, window + 1, lambda: talib("ATR", *columns, timeperiod=int(window)))


def highs(tape: Tape) -> Floats:
    """Of market 1; its closes where a tape has no highs."""
    return tape.closes1 if tape.extremes is None else tape.extremes.highs1


def lows(tape: Tape) -> Floats:
    return tape.closes1 if tape.extremes is None else tape.extremes.lows1


def _extreme(name: str, values: Floats, window: int) -> Floats:
    return _whole(values, window, lambda: talib(name, values, timeperiod=int(window)))


def _before(values: Floats) -> Floats:
    return np.r_[np.nan, values[:-1]] if len(values) else values


def _whole(values: Floats, least: int, found: Any) -> Floats:
    """TA-Lib refuses a window of 1 and raises for no values: the values themselves, or nothing."""
    if least < 2:
        return np.array(values, np.float64)
    return np.asarray(found(), np.float64) if len(values) >= least else np.full(len(values), np.nan)


def _plain(values: Floats) -> Floats:
    return np.require(values, np.float64, ["C", "W"])
