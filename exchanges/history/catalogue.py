"""What the candle store holds: its catalogue, made anew from the files, and the holes of one series."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from django.conf import settings

from exchanges.history import candles
from exchanges.history.series_files import sole_writer
from exchanges.models import CandleSet, Exchange, FundingSet
from exchanges.timeframes import TIMEFRAME_MS, timeframe_ms
from trading.core.candles import Stretch, gaps, outages

FUNDING_FILE = "funding"


@dataclass(frozen=True, slots=True)
class Holes:
    """`gaps` are bars that nobody recorded; `outages` bars in which nothing moved and nothing was traded."""

    gaps: list[Stretch]
    outages: list[Stretch]


def holes_of(row: CandleSet) -> Holes:
    """Reads the series. Both are empty for a row whose file is gone."""
    series = candles.load(row.exchange, row.symbol, row.timeframe)
    if series is None:
        return Holes([], [])
    length = timeframe_ms(row.timeframe)
    return Holes(gaps(series.times, length), outages(series, length))


def missing_bars(row: CandleSet) -> int:
    length = timeframe_ms(row.timeframe)
    return sum((last - first) // length + 1 for first, last in row.gaps)


def catalogue_rebuild() -> list[str]:
    """Writes the rows that are missing or not true, removes those without a file; names what it changed."""
    stored = sorted(settings.CANDLE_DIR.glob("*/*/*.parquet"))
    paths = [PurePosixPath(path.relative_to(settings.CANDLE_DIR).as_posix()) for path in stored]
    changed = [name for path in paths if (name := _described(path))]
    for model in (CandleSet, FundingSet):
        for row in model.objects.exclude(path__in=[str(path) for path in paths]):
            changed.append(f"{row}: removed, there is no file")
            row.delete()
    return changed


def _described(path: PurePosixPath) -> str:
    """The change that the row of this file needed; empty for none, and for files that are not the store's."""
    exchange, symbol = path.parts[0], _symbol(path.parts[1])
    if exchange not in Exchange.values or not symbol:
        return ""
    with sole_writer(str(path)):
        if path.stem == FUNDING_FILE:
            return _funding_described(exchange, symbol, str(path))
        return _candles_described(exchange, symbol, path.stem, str(path)) if path.stem in TIMEFRAME_MS else ""


def _candles_described(exchange: str, symbol: str, timeframe: str, path: str) -> str:
    series = candles.load(exchange, symbol, timeframe)
    if series is None:
        return ""
    fields = candles.described(series, timeframe) | {"path": path}
    row = CandleSet.objects.filter(exchange=exchange, symbol=symbol, timeframe=timeframe).first()
    if row is not None and all(getattr(row, name) == value for name, value in fields.items()):
        return ""
    row, _ = CandleSet.objects.update_or_create(exchange=exchange, symbol=symbol, timeframe=timeframe, defaults=fields)
    return f"{row}: {row.rows} bars"


def _funding_described(exchange: str, symbol: str, path: str) -> str:
    stored = candles.load_funding(exchange, symbol)
    if stored is None:
        return ""
    fields = candles.funding_described(stored[0]) | {"path": path}
    row = FundingSet.objects.filter(exchange=exchange, symbol=symbol).first()
    if row is not None and all(getattr(row, name) == value for name, value in fields.items()):
        return ""
    row, _ = FundingSet.objects.update_or_create(exchange=exchange, symbol=symbol, defaults=fields)
    return f"{row}: {row.rows} rates"


def _symbol(folder: str) -> str:
    """The market of a folder's name, as `exchanges.history.candles` writes it: GALA-USDT-USDT is GALA/USDT:USDT."""
    base, *rest = folder.split("-")
    if not rest:
        return ""
    quote, *settle = rest
    return f"{base}/{quote}:{'-'.join(settle)}" if settle else f"{base}/{quote}"
