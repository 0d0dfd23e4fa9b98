"""The candle store: Parquet series under `settings.CANDLE_DIR`, each with its catalogue row. Loaded as NumPy arrays.

Nothing that is stored is changed unless somebody says so, and nothing is ever filled in.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from exchanges.adapters.paper_source import from_ms
from exchanges.history.series_files import read, sole_writer, write
from exchanges.models import CandleSet, FundingSet
from exchanges.timeframes import MINUTE_MS, timeframe_ms
from trading.core.candles import Aligned, Candles, Floats, Ints, align, common, flat, gaps

COLUMNS: Final = ("timestamp", "open", "high", "low", "close", "volume")
FUNDING_COLUMNS: Final = ("timestamp", "funding_rate")


class StoredDiffers(Exception):
    """What was to be saved contradicts what is stored: `times` (ms) of the bars or rates concerned, oldest first."""

    def __init__(self, name: str, times: Ints) -> None:
        super().__init__(f"{name}: {len(times)} differ from what is stored, the first of {from_ms(int(times[0]))}")
        self.name = name
        self.times = times


def series_path(exchange: str, symbol: str, timeframe: str) -> str:
    """Relative to the store: `binance/GALA-USDT-USDT/5m.parquet`."""
    timeframe_ms(timeframe)
    return f"{exchange}/{_folder(symbol)}/{timeframe}.parquet"


def funding_path(exchange: str, symbol: str) -> str:
    return f"{exchange}/{_folder(symbol)}/funding.parquet"


def load(exchange: str, symbol: str, timeframe: str) -> Candles | None:
    """The whole series, None where the store has none. The arrays are shared: never write to them."""
    return read(series_path(exchange, symbol, timeframe), COLUMNS, Candles)


def load_pair(exchange: str, symbol1: str, symbol2: str, timeframe: str) -> Aligned:
    """Both series over the bars that both have. Raises LookupError for a series that is not stored."""
    found = []
    for symbol in (symbol1, symbol2):
        candles = load(exchange, symbol, timeframe)
        if candles is None:
            raise LookupError(f"no {timeframe} candles of {symbol} at {exchange}")
        found.append(candles)
    return align(*found)


def load_funding(exchange: str, symbol: str) -> tuple[Ints, Floats] | None:
    """Stamps in ms and rates as fractions, oldest first; None where the store has none."""
    return read(funding_path(exchange, symbol), FUNDING_COLUMNS, lambda stamps, rates: (stamps, rates))


def save(
    exchange: str, symbol: str, timeframe: str, candles: Candles, *, source: str = "", replace: bool = False
) -> CandleSet:
    """Merges with what is stored and writes the catalogue row.

    Bars that differ from the stored ones raise StoredDiffers and nothing is saved, unless they are to `replace` them.
    """
    _refuse_empty(candles.times)
    path = series_path(exchange, symbol, timeframe)
    with sole_writer(path):
        stored = load(exchange, symbol, timeframe)
        if stored is not None:
            different = differing(stored, candles)
            if len(different) and not replace:
                raise StoredDiffers(f"{exchange} {symbol} {timeframe}", different)
            candles = merge(stored, candles)
        row, _ = CandleSet.objects.update_or_create(
            exchange=exchange,
            symbol=symbol,
            timeframe=timeframe,
            defaults=described(candles, timeframe) | {"path": path, "source": source[:200]},
        )
        write(path, dict(zip(COLUMNS, _columns(candles), strict=True)))
    return row


def save_funding(
    exchange: str, symbol: str, stamps: Ints, rates: Floats, *, source: str = "", replace: bool = False
) -> FundingSet:
    """As `save`. Stamps of one minute mean one payment: venues and recorders write some milliseconds apart."""
    _refuse_empty(stamps)
    path = funding_path(exchange, symbol)
    with sole_writer(path):
        stored = load_funding(exchange, symbol)
        if stored is not None:
            different = _differing_rates(stored, stamps, rates)
            if len(different) and not replace:
                raise StoredDiffers(f"{exchange} {symbol} funding", different)
            stamps, rates = np.concatenate((stored[0], stamps)), np.concatenate((stored[1], rates))
        stamps, rates = _newer_wins(stamps, rates)
        row, _ = FundingSet.objects.update_or_create(
            exchange=exchange,
            symbol=symbol,
            defaults=funding_described(stamps) | {"path": path, "source": source[:200]},
        )
        write(path, dict(zip(FUNDING_COLUMNS, (stamps, rates), strict=True)))
    return row


def merge(older: Candles, newer: Candles) -> Candles:
    """Both in order; where both have a bar, the newer series' one."""
    joined = [np.concatenate(pair) for pair in zip(_columns(older), _columns(newer), strict=True)]
    is_later = not len(older) or not len(newer) or older.times[-1] < newer.times[0]
    return Candles(*(joined if is_later else _newer_wins(*joined, length=1)))


def differing(stored: Candles, candles: Candles) -> Ints:
    """Opening times of the bars that both have and that are not equal."""
    at, there = common(stored.times, candles.times)
    pairs = zip(_columns(stored)[1:], _columns(candles)[1:], strict=True)
    unequal = [older[at] != newer[there] for older, newer in pairs]
    times: Ints = candles.times[there]
    return times[np.logical_or.reduce(unequal)]


def described(candles: Candles, timeframe: str) -> dict[str, Any]:
    """Fields of a series' catalogue row."""
    return {
        "rows": len(candles),
        "first_at": from_ms(int(candles.times[0])),
        "last_at": from_ms(int(candles.times[-1])),
        "gaps": [[gap.first, gap.last] for gap in gaps(candles.times, timeframe_ms(timeframe))],
        "flat_bars": int(flat(candles).sum()),
    }


def funding_described(stamps: Ints) -> dict[str, Any]:
    return {"rows": len(stamps), "first_at": from_ms(int(stamps[0])), "last_at": from_ms(int(stamps[-1]))}


def minutes_of(stamps: Ints) -> Ints:
    """The nearest minute of each stamp, by which a payment is told from another."""
    return (stamps + MINUTE_MS // 2) // MINUTE_MS


def _refuse_empty(times: Ints) -> None:
    if not len(times):
        raise ValueError("an empty series cannot be saved")


def _differing_rates(stored: tuple[Ints, Floats], stamps: Ints, rates: Floats) -> Ints:
    _, at, there = np.intersect1d(minutes_of(stored[0]), minutes_of(stamps), return_indices=True)
    return stamps[there][stored[1][at] != rates[there]]


def _newer_wins(times: Ints, *columns: Floats, length: int = MINUTE_MS) -> tuple[Any, ...]:
    """In order, the last of those whose times are the same when rounded to `length` ms."""
    rounded = (times + length // 2) // length
    _, index = np.unique(rounded[::-1], return_index=True)
    return times[::-1][index], *(column[::-1][index] for column in columns)


def _columns(candles: Candles) -> Sequence[Any]:
    return candles.times, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes


def _folder(symbol: str) -> str:
    return symbol.replace("/", "-").replace(":", "-")
