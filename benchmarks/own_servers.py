"""An installation of a benchmark's own, on servers of its own: PostgreSQL, Valkey, workers, beat, web and guardian.

Any of them can be killed and started again. Nothing outlives the process that started them.
"""

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from launcher.home import Home  # noqa: E402  (lies in `scripts`)
from launcher.keys import installation_keys  # noqa: E402
from launcher.postgres import Postgres, stop_leftover, unprivileged  # noqa: E402
from launcher.processes import Program, kill_group, start, stop  # noqa: E402
from launcher.programs import django_environment, first_programs, later_programs, manage  # noqa: E402
from launcher.servers import free_port  # noqa: E402
from launcher.valkey import Valkey  # noqa: E402

POSTGRES, VALKEY = "postgres", "valkey"
START_S = 60.0


class OwnServers:
    """`environment`: what a process of this installation needs, servers' addresses included. Ports stay the same when
    a server is started again, and so do its data."""

    def __init__(self, folder: Path, *, niceness: int = 0, **settings: str) -> None:
        self.home = Home(folder)
        self.home.create()
        keys, mark = installation_keys(self.home), secrets.token_hex(16)
        bare = {"PATH": os.defpath, "LC_ALL": "C", "CHAINMAKES_LAUNCH": mark}
        become = unprivileged(self.home)
        self.postgres = Postgres(self.home, keys["POSTGRES_PASSWORD"], free_port(), True, bare, become)
        self.valkey = Valkey(self.home, keys["REDIS_PASSWORD"], free_port(), bare)
        self.web_port = free_port()
        addresses = {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.valkey.url}
        self.environment = {
            **django_environment(self.home, keys, mark),
            "LOG_LEVEL": "WARNING",
            **addresses,
            **settings,
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        os.nice(niceness)

    def programs(self) -> Mapping[str, Program]:
        found = [*first_programs(self.environment, self.web_port), *later_programs(self.environment)]
        return {program.name: program for program in found}

    def start_servers(self) -> None:
        if not self.postgres.is_initialised():
            made = start(self.postgres.initialise(), self.postgres.log)
            if made.wait(START_S):
                raise RuntimeError(self.postgres.why_it_failed())
            self.postgres.adopt()
        for name in (VALKEY, POSTGRES):
            self.start(name)

    def migrate(self) -> None:
        self.manage("migrate", "--no-input", "-v", "0")

    def manage(self, *arguments: str, may_fail: bool = False) -> str:
        """What the command says. Raises CalledProcessError."""
        done = subprocess.run(
            manage(*arguments), cwd=ROOT, env=self.environment, check=not may_fail, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def start(self, name: str) -> None:
        """A server is waited for until it answers, any other program is not."""
        program = {POSTGRES: self.postgres.server, VALKEY: self.valkey.server}.get(
            name, lambda: self.programs()[name]
        )()
        if name == POSTGRES:
            stop_leftover(self.home)
        process = self.running[name] = start(program, self.log(name))
        deadline = time.monotonic() + START_S
        while not self._answers(name, process):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start: see {self.log(name)}")
            time.sleep(0.02)

    def kill(self, name: str) -> None:
        """SIGKILL to the program and all its children."""
        process = self.running.pop(name)
        children = psutil.Process(process.pid).children(recursive=True)
        kill_group(process)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()

    def stop(self) -> None:
        known = self.programs()
        servers = {POSTGRES: self.postgres.server(), VALKEY: self.valkey.server()}
        for name in (*known, VALKEY, POSTGRES):
            if name in self.running:
                stop([((known | servers)[name], self.running.pop(name))])

    def log(self, name: str) -> Path:
        return self.home.logs / f"{name}.log"

    def processes(self, name: str) -> Iterator[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess, KeyError):
            process = psutil.Process(self.running[name].pid)
            yield process
            yield from process.children(recursive=True)

    def _answers(self, name: str, process: "subprocess.Popen[bytes]") -> bool:
        if name == POSTGRES:
            return self.postgres.accepts_connections(process.pid)
        return name != VALKEY or self.valkey.accepts_connections()


def python_module(servers: OwnServers, module: str, *arguments: str, **more: object) -> "subprocess.Popen[str]":
    """A part of the benchmark that needs Django, with this installation's settings; talks in lines."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**servers.environment, "PROCESS_NAME": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
