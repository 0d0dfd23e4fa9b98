"""One market's recorded candles for a back-test, from a file or from the candle store. Gaps are counted, not filled."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from exchanges import candle_files, candles
from exchanges.timeframes import MINUTE_MS, TIMEFRAME_MS
from trading.backtests.errors import BacktestRefused
from trading.backtests.readers import LAST_MS
from trading.core.candles import Candles, Ints

NAMES: Final = {length: name for name, length in TIMEFRAME_MS.items()}


@dataclass(frozen=True, slots=True)
class Series:
    """`length` is that of a bar, in ms."""

    name: str
    candles: Candles
    length: int

    def described(self) -> dict[str, Any]:
        """Bars, holes between them, and flat bars without volume (the venue was down)."""
        steps = np.diff(self.candles.times)
        holes = steps[steps > self.length] // self.length - 1
        bars = self.candles
        flat = (bars.highs == bars.lows) & (bars.opens == bars.closes) & (bars.volumes == 0)
        return {
            "name": self.name,
            "timeframe": length_name(self.length),
            "bars": len(bars),
            "gaps": len(holes),
            "missing_bars": int(holes.sum()),
            "flat_bars": int(flat.sum()),
        }


def from_file(path: Path, timeframe: str | None = None) -> Series:
    """CSV, CSV.gz or Parquet. Without a timeframe its bars are as long as most steps between them.

    Raises FileRefused for disorder, duplicates, impossible bars and bars off the grid; BacktestRefused for other times.
    """
    length = TIMEFRAME_MS[timeframe] if timeframe else _usual_step(path)
    found = candle_files.read_candles(path, timeframe or NAMES.get(length, "1m"), allow_gaps=True).candles
    if not 0 <= found.times[0] <= found.times[-1] < LAST_MS:
        raise BacktestRefused([f"{path.name}: the timestamps are not milliseconds since 1970"])
    return Series(path.name, found, length)


def from_store(exchange: str, symbol: str, timeframe: str) -> Series:
    stored = candles.load(exchange, symbol, timeframe)
    if stored is None:
        raise BacktestRefused([f"{symbol}: there are no {timeframe} candles of {exchange} in the candle store"])
    return Series(symbol, stored, TIMEFRAME_MS[timeframe])


def length_name(length: int) -> str:
    return NAMES.get(length) or f"{length / MINUTE_MS:g}m"


def _usual_step(path: Path) -> int:
    """A minute for what cannot be told or read: reading the file in full then names what is wrong with it."""
    try:
        times = _times(path)
    except (pl.exceptions.PolarsError, OSError):
        return MINUTE_MS
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not len(steps):
        return MINUTE_MS
    lengths, counts = np.unique(steps, return_counts=True)
    return int(lengths[counts.argmax()])


def _times(path: Path) -> Ints:
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path, columns=["timestamp"]).cast(pl.Int64)
    else:
        frame = pl.read_csv(path, columns=["timestamp"], schema_overrides={"timestamp": pl.Int64})
    return frame["timestamp"].drop_nulls().to_numpy()
