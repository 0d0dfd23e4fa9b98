"""The candle store: Parquet series under `settings.CANDLE_DIR`, each with its catalogue row. Loaded as NumPy arrays.

A series is read once per process and again only when its file changed. Files are replaced as a whole, never written
in place.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from django.conf import settings

from exchanges.adapters.paper_source import from_ms
from exchanges.models import CandleSet
from exchanges.timeframes import timeframe_ms
from trading.core.candles import Aligned, Candles, Floats, Ints, ProblemKind, align, validate

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
FUNDING_COLUMNS = ("timestamp", "funding_rate")
KEPT_SERIES = 64

Loaded = TypeVar("Loaded")

_lock = threading.Lock()
_loaded: OrderedDict[Path, tuple[int, Any]] = OrderedDict()


def series_path(exchange: str, symbol: str, timeframe: str) -> str:
    """Relative to the store: `binance/GALA-USDT-USDT/5m.parquet`."""
    timeframe_ms(timeframe)
    return f"{exchange}/{_folder(symbol)}/{timeframe}.parquet"


def funding_path(exchange: str, symbol: str) -> str:
    return f"{exchange}/{_folder(symbol)}/funding.parquet"


def load(exchange: str, symbol: str, timeframe: str) -> Candles | None:
    """The whole series, None where the store has none. The arrays are shared: never write to them."""
    return _cached(settings.CANDLE_DIR / series_path(exchange, symbol, timeframe), _read)


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
    return _cached(settings.CANDLE_DIR / funding_path(exchange, symbol), _read_funding)


def save(exchange: str, symbol: str, timeframe: str, candles: Candles, *, source: str = "") -> CandleSet:
    """Merges with what is stored (newer bars win) and writes the catalogue row."""
    stored = load(exchange, symbol, timeframe)
    merged = candles if stored is None else merge(stored, candles)
    path = series_path(exchange, symbol, timeframe)
    _write(path, dict(zip(COLUMNS, _columns(merged), strict=True)))
    row, _ = CandleSet.objects.update_or_create(
        exchange=exchange, symbol=symbol, timeframe=timeframe, defaults=_described(path, merged, timeframe, source)
    )
    return row


def save_funding(exchange: str, symbol: str, stamps: Ints, rates: Floats) -> int:
    """Merges with what is stored; the number of stamps then."""
    stored = load_funding(exchange, symbol)
    if stored is not None:
        stamps, rates = _newer_wins(np.concatenate((stored[0], stamps)), np.concatenate((stored[1], rates)))
    _write(funding_path(exchange, symbol), dict(zip(FUNDING_COLUMNS, (stamps, rates), strict=True)))
    return len(stamps)


def merge(older: Candles, newer: Candles) -> Candles:
    """Both in order; where both have a bar, the newer series' one."""
    pairs = zip(_columns(older), _columns(newer), strict=True)
    return Candles(*_newer_wins(*(np.concatenate(pair) for pair in pairs)))


def _newer_wins(times: Ints, *columns: Floats) -> tuple[Any, ...]:
    backwards = times[::-1]
    kept, index = np.unique(backwards, return_index=True)
    return kept, *(column[::-1][index] for column in columns)


def _columns(candles: Candles) -> Sequence[Any]:
    return candles.times, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes


def _described(path: str, candles: Candles, timeframe: str, source: str) -> dict[str, Any]:
    length = timeframe_ms(timeframe)
    problems = validate(candles, length)
    gaps = [[p.time - p.missing * length, p.time - length] for p in problems if p.kind is ProblemKind.GAP]
    return {
        "path": path,
        "rows": len(candles),
        "first_at": from_ms(int(candles.times[0])),
        "last_at": from_ms(int(candles.times[-1])),
        "gaps": gaps,
        "flat_bars": sum(p.kind is ProblemKind.OUTAGE for p in problems),
        "source": source,
    }


def _write(relative: str, columns: dict[str, Any]) -> None:
    path = settings.CANDLE_DIR / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        pl.DataFrame(columns).write_parquet(part, compression="zstd")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _read(path: Path) -> Candles:
    frame = pl.read_parquet(path, columns=list(COLUMNS))
    times, *prices = (frame[name].to_numpy() for name in COLUMNS)
    return Candles(
        np.ascontiguousarray(times, np.int64), *(np.ascontiguousarray(column, np.float64) for column in prices)
    )


def _read_funding(path: Path) -> tuple[Ints, Floats]:
    frame = pl.read_parquet(path, columns=list(FUNDING_COLUMNS))
    return frame["timestamp"].to_numpy(), frame["funding_rate"].to_numpy()


def _cached(path: Path, read: Callable[[Path], Loaded]) -> Loaded | None:
    try:
        written = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    known = _loaded.get(path)
    if known is not None and known[0] == written:
        return known[1]
    with _lock:
        known = _loaded.get(path)
        if known is None or known[0] != written:
            known = _loaded[path] = written, read(path)
        _loaded.move_to_end(path)
        while len(_loaded) > KEPT_SERIES:
            _loaded.popitem(last=False)
        return known[1]


def _folder(symbol: str) -> str:
    return symbol.replace("/", "-").replace(":", "-")
