"""The data folder (CHAINMAKES_HOME): its layout, its private files and its locks."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.errors import LaunchError

ROOT = Path(__file__).resolve().parents[2]
MADE_BY_THE_DEMO = ("postgres", "valkey", "candles", "demo.json", "prepared.json")


@dataclass(frozen=True)
class Home:
    """Only its owner may read it: folders are 0700 and files 0600."""

    path: Path

    @classmethod
    def from_environment(cls, default: str = ".local") -> "Home":
        home = cls(Path(os.environ.get("CHAINMAKES_HOME") or ROOT / default).expanduser().resolve())
        if home.path in (Path("/"), Path.home(), ROOT, Path("/tmp")):  # refused  # nosec B108
            raise LaunchError(f"CHAINMAKES_HOME must be a folder of its own, not {home.path}.")
        return home

    def create(self) -> None:
        try:
            with private_files():
                self.logs.mkdir(parents=True, exist_ok=True)
            for folder in (self.path, self.logs):
                folder.chmod(0o700)
        except OSError as error:
            raise LaunchError(f"The data folder {self.path} cannot be written: {error.strerror}.") from error

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def demo(self) -> Path:
        """`url`, `username`, `password` of the demonstration."""
        return self.path / "demo.json"

    @property
    def keys(self) -> Path:
        return self.path / "keys.json"

    @property
    def prepared(self) -> Path:
        """Digest of the inputs of each preparation that was finished, by name."""
        return self.path / "prepared.json"

    @property
    def servers(self) -> Path:
        """There while the servers accept connections: `kind`, `pid`, DATABASE_URL and REDIS_URL."""
        return self.path / "servers.json"

    @property
    def owner_lock(self) -> Path:
        """Held by whoever runs the servers."""
        return self.path / "owner.lock"

    @property
    def guests_lock(self) -> Path:
        """Shared by those who use servers that somebody else runs."""
        return self.path / "guests.lock"

    def wipe(self) -> None:
        """Removes the databases, the candles and the demonstration's login; keys, logs and anything unknown stay."""
        for name in MADE_BY_THE_DEMO:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def write_private(path: Path, content: str) -> None:
    """Replaces the file in one step, readable by its owner alone from its first instant."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    unfinished.replace(path)


def write_private_json(path: Path, content: dict[str, Any]) -> None:
    write_private(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The file's object, empty where the file is missing or unreadable."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """A file descriptor that holds the lock until it is closed, or None while somebody else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Whatever is created meanwhile is readable by its owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
