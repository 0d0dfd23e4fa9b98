"""The columns of a CSV, CSV.gz or Parquet file as arrays. What cannot be read is refused by name and line."""

import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from django.conf import settings
from django.utils.translation import gettext as _

from trading.core.candles import FIRST_LINE

NAMED_PROBLEMS = 20

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_MEGABYTE = 2**20
_LONGEST = 40  # of what is quoted from a file


class FileRefused(Exception):
    """`problems` holds one line of text for each thing that is wrong, the first NAMED_PROBLEMS of them."""

    def __init__(self, path: Path, problems: Sequence[str], count: int) -> None:
        super().__init__(f"{path.name}: {count} problems")
        self.path = path
        self.problems = tuple(problems)
        self.count = count


def refused(path: Path, problem: str, line: int | None = None) -> FileRefused:
    where = place(path, line) if line else path.name
    return FileRefused(path, [f"{where}: {problem}"], 1)


def place(path: Path, line: int) -> str:
    return _("%(file)s, line %(line)s") % {"file": path.name, "line": line}


def line_of(row: int) -> int:
    """Of CSV the line in the file; rows of Parquet are counted as if it had a line of names, too."""
    return FIRST_LINE + row


def read_columns(path: Path, names: Sequence[str]) -> list[Any]:
    """Exactly these columns as arrays: the first int64, the rest float64. Raises FileRefused."""
    try:
        with path.open("rb") as file:
            _refuse_size(path, path.stat().st_size)
            beginning = file.read(len(_PARQUET))
            if beginning == _PARQUET:
                return _arrays(_parquet(path, names), names)
            file.seek(0)
            text = _unpacked(path, file) if beginning.startswith(_GZIP) else file.read()
    except FileNotFoundError:
        raise refused(path, _("there is no such file")) from None
    except OSError as error:
        raise refused(path, _("cannot be read: %(reason)s") % {"reason": error.strerror or error}) from error
    return _arrays(_csv(path, text, names), names)


def _arrays(frame: pl.DataFrame, names: Sequence[str]) -> list[Any]:
    kinds = [np.int64] + [np.float64] * (len(names) - 1)
    return [np.require(frame[name].to_numpy(), kind, ["C", "W"]) for name, kind in zip(names, kinds, strict=True)]


def _refuse_size(path: Path, size: int) -> None:
    most = settings.CANDLE_FILE_MAX_MB
    if size > most * _MEGABYTE:
        sentence = _("has %(size)s MB; at most %(most)s MB are read (CANDLE_FILE_MAX_MB)")
        raise refused(path, sentence % {"size": f"{size / _MEGABYTE:,.0f}", "most": f"{most:,}"})


def _unpacked(path: Path, file: Any) -> bytes:
    """Piece by piece, so that a small file that unpacks to an immense one is noticed in time."""
    most = settings.CANDLE_FILE_MAX_MB * _MEGABYTE
    parts, size = [], 0
    try:
        with gzip.open(file) as packed:
            while part := packed.read1(_MEGABYTE):
                parts.append(part)
                size += len(part)
                if size > most:
                    sentence = _("unpacks to more than %(most)s MB, the most that is read (CANDLE_FILE_MAX_MB)")
                    raise refused(path, sentence % {"most": f"{settings.CANDLE_FILE_MAX_MB:,}"})
    except EOFError:
        line = sum(part.count(b"\n") for part in parts) + 1
        raise refused(path, _("the packed file is cut off here"), line) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise refused(path, _("cannot be unpacked: %(reason)s") % {"reason": error}) from error
    return b"".join(parts)


def _csv(path: Path, text: bytes, names: Sequence[str]) -> pl.DataFrame:
    _refuse_foreign_text(path, text)
    text = text.removeprefix(b"\xef\xbb\xbf").rstrip()
    header = text.split(b"\n", 1)[0].decode().split(",")
    found = [name.strip(' \r"') for name in header]
    _refuse_columns(path, found, names)
    types: Any = {name: pl.Int64 if name == names[0] else pl.Float64 for name in found}
    try:
        frame = pl.read_csv(io.BytesIO(text), has_header=False, skip_rows=1, schema=types, quote_char=None)
    except pl.exceptions.NoDataError:
        raise refused(path, _("has no lines below the columns' names")) from None
    except pl.exceptions.PolarsError as error:
        raise _refused_cells(path, text, types, error) from error
    return _complete(path, frame.select(names))


def _refuse_foreign_text(path: Path, text: bytes) -> None:
    if not text.strip():
        raise refused(path, _("has nothing in it"))
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise refused(path, _("is not text in UTF-8"), line) from None


def _refuse_columns(path: Path, found: Sequence[str], names: Sequence[str]) -> None:
    wanted = ",".join(names)
    if not set(found) & set(names):
        raise refused(path, _("must name the columns: %(columns)s") % {"columns": wanted}, 1)
    missing, unknown, twice = (
        _("column %(name)s is missing"),
        _("column %(name)s is not known"),
        _("column %(name)s is there twice"),
    )
    problems = [missing % {"name": name} for name in names if name not in found]
    problems += [unknown % {"name": repr(name[:_LONGEST])} for name in found if name not in names]
    problems += [twice % {"name": name} for name in names if found.count(name) > 1]
    if problems:
        ending = _("the columns are %(columns)s") % {"columns": wanted}
        named = [f"{place(path, 1)}: {text}; {ending}" for text in problems[:NAMED_PROBLEMS]]
        raise FileRefused(path, named, len(problems))


def _refused_cells(path: Path, text: bytes, types: Mapping[str, Any], error: pl.exceptions.PolarsError) -> FileRefused:
    """Reads everything as words and names those that are no numbers."""
    lines = pl.Series(text.decode().split("\n")[1:])
    widths = lines.str.count_matches(",", literal=True) + 1
    is_whole = widths == len(types)
    width = _("has %(found)s columns instead of %(wanted)s")
    found = [
        (line_of(row), width % {"found": widths[row], "wanted": len(types)})
        for row in (~is_whole & (lines.str.strip_chars() != "")).arg_true()
    ]
    cells = lines.str.strip_chars_end("\r").str.split_exact(",", len(types) - 1).struct.unnest()
    for column, (name, kind) in zip(cells.get_columns(), types.items(), strict=True):
        words = column.str.strip_chars()
        wrong = (words.cast(kind, strict=False).is_null() & (words != "") & is_whole).arg_true()
        is_time = kind is pl.Int64
        cell = _("%(name)s is %(found)s, not a whole number") if is_time else _("%(name)s is %(found)s, not a number")
        found += [(line_of(row), cell % {"name": name, "found": repr(words[row][:_LONGEST])}) for row in wrong]
    if not found:
        return refused(path, _("cannot be read: %(reason)s") % {"reason": _first_line(error)})
    named = [f"{place(path, line)}: {problem}" for line, problem in sorted(found)[:NAMED_PROBLEMS]]
    return FileRefused(path, named, len(found))


def _first_line(error: pl.exceptions.PolarsError) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _parquet(path: Path, names: Sequence[str]) -> pl.DataFrame:
    """Rows are counted before they are unpacked."""
    try:
        scan = pl.scan_parquet(path)
        schema = scan.collect_schema()
        _refuse_columns(path, schema.names(), names)
        for name in names:
            _refuse_type(path, name, schema[name], whole=name == names[0])
        _refuse_size(path, scan.select(pl.len()).collect().item() * 8 * len(names))
        types: Any = {name: pl.Int64 if name == names[0] else pl.Float64 for name in names}
        frame = pl.read_parquet(path, columns=list(names)).select(names).cast(types)
    except pl.exceptions.PolarsError as error:
        raise refused(path, _("cannot be read: %(reason)s") % {"reason": _first_line(error)}) from error
    return _complete(path, frame)


def _refuse_type(path: Path, name: str, kind: pl.DataType, *, whole: bool) -> None:
    if not (kind.is_integer() if whole else kind.is_numeric()):
        sentence = (
            _("column %(name)s holds %(kind)s, not whole numbers (milliseconds since 1970, UTC)")
            if whole
            else _("column %(name)s holds %(kind)s, not numbers")
        )
        raise refused(path, sentence % {"name": name, "kind": kind}, 1)


def _complete(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    if frame.is_empty():
        raise refused(path, _("has no lines below the columns' names"))
    holes = frame.select(pl.any_horizontal(pl.all().is_null())).to_series().arg_true().to_list()
    if holes:
        text = _("a value is missing")
        named = [f"{place(path, line_of(row))}: {text}" for row in holes[:NAMED_PROBLEMS]]
        raise FileRefused(path, named, len(holes))
    return frame
