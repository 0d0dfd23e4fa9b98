"""The half of the launcher in the background: starts the programs, keeps them running, stops them in order.

It lives in a session of its own and ends when the half in front says so, or ends, however that ends.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError
from launcher.home import Home, try_lock
from launcher.processes import STEP_S, Program, keep_small, kill_group, start, stop, sweep, tail

DONE = b"done\n"
LONGEST_BACK_OFF_S = 30.0
SETTLED_S = 60.0  # a program that ran for so long starts again without waiting


class Told(Exception):
    """The half in front has ended or wants us to."""


@dataclass
class Child:
    program: Program
    log: Path
    process: "subprocess.Popen[bytes]"
    started: float
    failures: int = 0
    retry_at: float | None = None


class Supervisor:
    def __init__(self, home: Home, mark: str, lifeline: int, reports: int) -> None:
        self.home = home
        self.mark = mark
        self._lifeline = lifeline
        self._reports = reports
        self._children: list[Child] = []
        self._guests_may_finish = False
        self._is_up = False

    def report(self, kind: str, content: object) -> None:
        """Sends a line to the half in front: `note` (a sentence), `ready` (an object) or `failed` (a sentence)."""
        with contextlib.suppress(OSError):
            os.write(self._reports, (json.dumps({kind: content}) + "\n").encode())

    def watch(self, seconds: float) -> None:
        """Waits, unless the half in front has something to say.

        Raises `Told` when it has ended or does not want the servers any more.
        """
        if self._guests_may_finish:
            time.sleep(seconds)  # the half in front has gone, in peace
        elif select.select([self._lifeline], [], [], seconds)[0]:
            if os.read(self._lifeline, len(DONE)) != DONE:
                raise Told
            self._guests_may_finish = True

    def start(self, program: Program, log: Path) -> Child:
        child = Child(program, log, start(program, log), time.monotonic())
        self._children.append(child)
        return child

    def wait_until(
        self, condition: Callable[[], bool], *, limit_s: float, failure: Callable[[], str], every_s: float = STEP_S
    ) -> None:
        """Raises `LaunchError` with the failure's words when a child has ended meanwhile or the time is over."""
        deadline = time.monotonic() + limit_s
        while not condition():
            dead = [child for child in self._children if child.process.poll() is not None]
            if dead and not condition():
                raise LaunchError(f"{dead[0].program.name} ended. The end of {dead[0].log}:\n{tail(dead[0].log)}")
            if time.monotonic() > deadline:
                raise LaunchError(failure())
            self.watch(every_s)

    def ready(self, login: dict[str, str]) -> None:
        """From now on what ends unasked is started again, also while something else is waited for."""
        self._is_up = True
        self.report("ready", login)

    def begin(self, program: Program, log: Path) -> Callable[[], None]:
        """Starts a program that ends by itself; the answer waits for its end and raises `LaunchError` if it failed."""
        process = start(program, log)

        def finish() -> None:
            try:
                while process.poll() is None:
                    self.watch(STEP_S)
                    if self._is_up:
                        self._look_after()
            finally:
                kill_group(process)
            if process.returncode:
                raise LaunchError(f"{program.name} failed. The end of {log}:\n{tail(log)}")

        return finish

    def keep_running(self) -> None:
        """Starts again what ends unasked, until told to stop; not wanted any more, it stays while guests remain."""
        while not (self._guests_may_finish and self._nobody_else()):
            self.watch(0.1)
            self._look_after()

    def _look_after(self) -> None:
        for child in self._children:
            self._revive(child)
            keep_small(child.log)

    def _nobody_else(self) -> bool:
        """Takes the guests' lock for good: who comes later waits for our end and then starts servers of their own."""
        if try_lock(self.home.guests_lock) is not None:
            return True
        self.report("lent", "Another command still uses the servers; they stop when it ends.")
        return False

    def _revive(self, child: Child) -> None:
        now = time.monotonic()
        if child.retry_at is not None:
            if now >= child.retry_at:
                child.process, child.started, child.retry_at = start(child.program, child.log), now, None
            return
        if child.process.poll() is None:
            return
        kill_group(child.process)
        child.failures = 0 if now - child.started > SETTLED_S else child.failures + 1
        wait_s = min(LONGEST_BACK_OFF_S, 2.0 ** (child.failures - 1)) if child.failures else 0.0
        child.retry_at = now + wait_s
        self.report("note", f"{child.program.name} ended unasked ({child.log}); starting it again.")

    def stop_all(self) -> None:
        """Schedules first, then workers, pages and the servers; at the end whatever else carries our mark."""
        self.home.servers.unlink(missing_ok=True)
        for rank in sorted({child.program.stop_rank for child in self._children}):
            stop([(child.program, child.process) for child in self._children if child.program.stop_rank == rank])
        sweep(self.mark)


def supervise(supervisor: Supervisor, bring_up: Callable[[Supervisor], None]) -> int:
    """Runs to the end of the installation's life; the exit status is 1 when it could not be brought up."""
    signal.signal(signal.SIGTERM, _told)
    try:
        bring_up(supervisor)
        supervisor.keep_running()
    except Told:
        pass
    except LaunchError as error:
        supervisor.report("failed", str(error))
        return 1
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        supervisor.stop_all()
    return 0


def _told(number: int, frame: object) -> None:
    raise Told
