"""Parquet files of the candle store: read once per process and again when changed, replaced as a whole.

LZ4 keeps half of what plain numbers take and is read twice as fast as what packs tighter.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from django.conf import settings
from django.db import connection, transaction

KEPT_BYTES = 512 * 2**20
"""Of series in a process's memory; a year of minutes takes 25 MB."""

Arrays = tuple[np.ndarray, ...]
Built = TypeVar("Built")
_Entry = tuple[tuple[int, ...], Arrays, Any]

_lock = threading.Lock()
_kept: OrderedDict[Path, _Entry] = OrderedDict()


@contextmanager
def sole_writer(relative: str) -> Iterator[None]:
    """One at a time for each series, whatever the process or host: from reading it to its catalogue row's commit."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"candle store {relative}"])
        yield


def read(relative: str, columns: Sequence[str], build: Callable[..., Built]) -> Built | None:
    """`build` of the columns as arrays, the first int64, the rest float64; None where there is no such file."""
    path = settings.CANDLE_DIR / relative
    try:
        written = _version(path.stat())
    except FileNotFoundError:
        return None
    known = _kept.get(path)
    if known is not None and known[0] == written:
        return known[2]
    with _lock:
        known = _kept.get(path)
        if known is None or known[0] != written:
            known = _kept[path] = _entry(path, columns, build)
        _kept.move_to_end(path)
        _make_room()
        return known[2]


def write(relative: str, columns: Mapping[str, Any]) -> None:
    """Whoever reads meanwhile sees the old file or the new one."""
    path = settings.CANDLE_DIR / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        pl.DataFrame(columns).write_parquet(part, compression="lz4")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _version(status: os.stat_result) -> tuple[int, ...]:
    """A replaced file is another inode, even within the clock's resolution."""
    return status.st_mtime_ns, status.st_ino, status.st_size


def _entry(path: Path, columns: Sequence[str], build: Callable[..., Built]) -> _Entry:
    """Opened once: a reader that opens twice would mix the old file with the new one."""
    with path.open("rb") as file:
        version, content = _version(os.fstat(file.fileno())), file.read()
    frame = pl.read_parquet(content, columns=list(columns))
    arrays = tuple(_array(frame[name], np.int64 if name == columns[0] else np.float64) for name in columns)
    return version, arrays, build(*arrays)


def _array(column: pl.Series, kind: Any) -> np.ndarray:
    """Writable, though nobody writes: compiled code is made once, for one kind of array."""
    return np.require(column.to_numpy(), kind, ["C", "W"])


def _make_room() -> None:
    """The newest stays, however large."""
    size = sum(array.nbytes for _, arrays, _ in _kept.values() for array in arrays)
    while size > KEPT_BYTES and len(_kept) > 1:
        _, (_, arrays, _) = _kept.popitem(last=False)
        size -= sum(array.nbytes for array in arrays)
