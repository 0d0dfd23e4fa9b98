"""Writing a result as a whole: a reader finds the file before or the file after, never a part of one."""

import os
from pathlib import Path

from trading.backtests.errors import BacktestRefused


def check_writable(path: Path) -> None:
    """Before the run: raises BacktestRefused where a result could not be written afterwards."""
    try:
        _refuse_unwritable(path)
    except OSError as error:  # such as a name that is too long
        raise BacktestRefused([f"{path}: cannot be written: {error.strerror or error}"]) from error


def _refuse_unwritable(path: Path) -> None:
    if path.is_dir():
        raise BacktestRefused([f"{path}: is a folder"])
    if path.exists() and not path.is_file():
        raise BacktestRefused([f"{path}: is not a file; without --out the result goes to standard output"])
    if not path.parent.is_dir():
        raise BacktestRefused([f"{path.parent}: there is no such folder"])
    if not os.access(os.path.dirname(os.path.realpath(path)), os.W_OK | os.X_OK):
        raise BacktestRefused([f"{path.parent}: cannot be written to"])


def write_whole(path: Path, text: str) -> None:
    """Raises BacktestRefused where the folder cannot be written to."""
    target = Path(os.path.realpath(path))  # a link stays a link
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        try:
            _write_through(part, text)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BacktestRefused([f"{path}: cannot be written: {error.strerror or error}"]) from error


def _write_through(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
