"""One market's recorded candles for a back-test, from a file or from the candle store. Gaps are counted, not filled."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from exchanges.history import candle_files, candles
from exchanges.timeframes import MINUTE_MS, TIMEFRAME_MS
from trading.backtests.errors import BacktestRefused
from trading.core.candles import Candles, Stretch, gaps, outages

NAMES: Final = {length: name for name, length in TIMEFRAME_MS.items()}
OUTAGES_NAMED: Final = 20
"""The longest; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Series:
    """`length` is that of a bar, in ms."""

    name: str
    candles: Candles
    length: int

    def described(self, first: int, last: int, used: int) -> dict[str, Any]:
        """What it has from one opening time to another (ms), of which `used` bars were run over: holes, and flat bars
        without volume (the venue was down), the longest stretches of them as [first, last, bars]."""
        within = self.candles.part(slice(*np.searchsorted(self.candles.times, (first, last + 1))))
        holes, down = gaps(within.times, self.length), outages(within, self.length)
        return {
            "name": self.name,
            "timeframe": length_name(self.length),
            "bars": len(within),
            "dropped": len(within) - used,
            "gaps": len(holes),
            "missing_bars": sum(hole.bars for hole in holes),
            "flat_bars": sum(outage.bars for outage in down),
            "outage_count": len(down),
            "outages": [[outage.first, outage.last, outage.bars] for outage in _longest(down)],
        }


def from_file(path: Path, timeframe: str | None = None) -> Series:
    """CSV, CSV.gz or Parquet. Without a timeframe its bars are as long as most steps between them.

    Raises FileRefused.
    """
    found = candle_files.read_candles(path, timeframe, allow_gaps=True, any_grid=True)
    return Series(path.name, found.candles, found.length)


def from_store(exchange: str, symbol: str, timeframe: str) -> Series:
    try:
        stored = candles.load(exchange, symbol, timeframe)
    except (OSError, pl.exceptions.PolarsError) as error:
        sentence = _("the %(timeframe)s candles of %(exchange)s cannot be read: %(reason)s")
        words = {"timeframe": timeframe, "exchange": exchange, "reason": " ".join(str(error).split())}
        raise BacktestRefused([f"{symbol}: {sentence % words}"]) from error
    if stored is None:
        sentence = _("there are no %(timeframe)s candles of %(exchange)s in the candle store")
        others = [each for each in TIMEFRAME_MS if candles.load(exchange, symbol, each) is not None]
        hint = _("; of %(timeframes)s there are") % {"timeframes": ", ".join(others)} if others else ""
        raise BacktestRefused([f"{symbol}: {sentence % {'timeframe': timeframe, 'exchange': exchange}}{hint}"])
    return Series(symbol, stored, TIMEFRAME_MS[timeframe])


def _longest(stretches: list[Stretch]) -> list[Stretch]:
    """In order of time."""
    longest = sorted(stretches, key=lambda stretch: -stretch.bars)[:OUTAGES_NAMED]
    return sorted(longest, key=lambda stretch: stretch.first)


def length_name(length: int) -> str:
    return NAMES.get(length) or f"{length / MINUTE_MS:g}m"
