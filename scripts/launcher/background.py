"""The supervisor as the half in front sees it."""

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from launcher.home import Home
from launcher.processes import open_log, sweep
from launcher.supervisor import DONE, Supervisor, supervise


class Background:
    """A supervisor in a process of its own, forked from this one. It ends when this process ends, however that ends."""

    def __init__(self, home: Home, owner_lock: int, mark: str, bring_up: Callable[[Supervisor], None]) -> None:
        self.mark = mark
        self._pending = b""
        lifeline_read, self._lifeline = os.pipe()
        self._reports, reports_write = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._lifeline)
            os.close(self._reports)
            _become_supervisor(Supervisor(home, mark, lifeline_read, reports_write), bring_up)
        for descriptor in (lifeline_read, reports_write, owner_lock):
            os.close(descriptor)

    def fileno(self) -> int:
        """For `select`: readable when a report has come or the supervisor has ended."""
        return self._reports

    def has_report(self) -> bool:
        """Whether a report has been received already, of which `select` knows nothing any more."""
        return b"\n" in self._pending

    def report(self) -> tuple[str, Any] | None:
        """The next report (see `Supervisor.report`), waited for; None when the supervisor has ended and is gone."""
        while not self.has_report():
            received = os.read(self._reports, 65536)
            if not received:
                self._reap()
                return None
            self._pending += received
        line, self._pending = self._pending.split(b"\n", 1)
        ((kind, content),) = json.loads(line).items()
        return kind, content

    def dismiss(self) -> None:
        """The servers are not needed here any more; they stop once nobody else uses them."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._lifeline, DONE)

    def stop(self) -> None:
        """Stop everything now."""
        os.close(self._lifeline)

    def abandon(self) -> None:
        """Kills the supervisor, and with it everything that it had started."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._reap()
        sweep(self.mark, patience_s=0.0)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _become_supervisor(supervisor: Supervisor, bring_up: Callable[[Supervisor], None]) -> None:
    """Never returns. Leaves the terminal's session, so that Ctrl-C reaches the half in front alone."""
    status = 1
    try:
        os.setsid()
        os.umask(0o077)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # SIG_IGN would be inherited by every program
        log = open_log(supervisor.home.logs / "launcher.log")
        null = os.open(os.devnull, os.O_RDONLY)
        for descriptor, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(descriptor, target)
        status = supervise(supervisor, bring_up)
    except BaseException:  # the outermost edge of the process: whatever happened is told, then it ends
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
