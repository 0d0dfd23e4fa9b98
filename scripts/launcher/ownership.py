"""Who runs the servers of a data folder: whoever came first. Later ones are guests of theirs."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launcher.errors import LaunchError
from launcher.home import Home, read_json, try_lock, write_private_json

SHARED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FERNET_KEYS")
WAIT_LIMIT_S = 120.0  # for somebody else who is starting or stopping


@dataclass(frozen=True)
class Owner:
    """We run the servers, as long as somebody holds the lock."""

    lock: int


@dataclass(frozen=True)
class Guest:
    """Somebody else runs them; they stay as long as we hold the lock, unless stopped on purpose."""

    lock: int
    servers: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The servers' addresses and the installation's keys, unless our own environment names others."""
        return {name: os.environ.get(name) or str(self.servers[name]) for name in SHARED}


def claim(home: Home) -> Owner | Guest:
    """Decides which of the two we are, waiting for one who is just starting or stopping; raises `LaunchError`."""
    deadline = time.monotonic() + WAIT_LIMIT_S
    while time.monotonic() < deadline:
        if (lock := try_lock(home.owner_lock)) is not None:
            home.servers.unlink(missing_ok=True)
            return Owner(lock)
        if guest := _as_guest(home):
            return guest
        time.sleep(0.1)
    raise LaunchError(f"Another command has been starting or stopping on {home.path} for long; see {home.logs}.")


def _as_guest(home: Home) -> Guest | None:
    lock = try_lock(home.guests_lock, shared=True)
    if lock is None:
        return None
    servers = read_json(home.servers)
    if servers:
        return Guest(lock, servers)
    os.close(lock)
    return None


def publish(home: Home, kind: str, environment: Mapping[str, str], url: str = "") -> None:
    """Lets guests in: the servers accept connections and the database is in order."""
    shared = {name: environment[name] for name in SHARED}
    write_private_json(home.servers, {"kind": kind, "pid": os.getpid(), "url": url, **shared})
