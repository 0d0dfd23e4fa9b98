"""Where a process keeps what it counts: mapped files in one folder of the host, which `/metrics` adds up.

A process that starts again goes on in the files of the one before it, so that nothing jumps back to zero. Each name has
numbered places, one for each process that runs at the same time, held by a file lock. A process without a name
(commands, tests) counts for itself alone.
"""

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path

from billiard.process import current_process
from django.conf import settings
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

PLACES = 32
FILE_BYTES = 512 * 1024  # taken at once: a full disk must not end a process in the middle of a write
KINDS = ("counter", "histogram", "gauge_mostrecent")


def keep_in_files(folder: Path, name: str) -> None:
    """From now on whatever is counted here goes into files of `folder`. Before anything is counted."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = _take_place(folder, name.replace("_", "-"))
    if place is None:
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(_owner(folder, place))


def _take_place(folder: Path, name: str) -> str | None:
    """The first that is free. Its lock stays until this process and its children are gone."""
    for number in range(PLACES):
        lock = os.open(folder / f"{name}-{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            return f"{name}-{number}"
    return None


def _owner(folder: Path, place: str) -> Callable[[], str]:
    """Name of the running process in file names; a child that was forked has one of its own."""
    known = {os.getpid(): place}
    _prepare(folder, place)

    def owner() -> str:
        pid = os.getpid()
        if pid not in known:
            known[pid] = f"{place}.{_child_number(pid)}"
            _prepare(folder, known[pid])
        return known[pid]

    return owner


def _child_number(pid: int) -> int:
    """Celery numbers its children and gives the number of one that died to the next."""
    return int(getattr(current_process(), "index", pid))


def _prepare(folder: Path, owner: str) -> None:
    for kind in KINDS:
        path = folder / f"{kind}_{owner}.db"
        if path.exists() and not _is_whole(path):
            path.unlink()
        if not path.exists():
            with path.open("xb") as file:
                os.posix_fallocate(file.fileno(), 0, FILE_BYTES)


def _is_whole(path: Path) -> bool:
    """A process that was killed while it wrote may have left half an entry."""
    with path.open("rb") as file:
        header = file.read(4)
    if len(header) < 4 or not 0 <= int.from_bytes(header, sys.byteorder, signed=True) <= path.stat().st_size:
        return False
    try:
        list(MmapedDict.read_all_values_from_file(str(path)))
    except (RuntimeError, ValueError, IndexError, OSError):
        return False
    return True


if settings.PROCESS_NAME:
    keep_in_files(settings.METRICS_DIR, settings.PROCESS_NAME)
