"""The half in front: the process that was started, that the terminal knows and that signals are sent to."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from launcher.background import Background
from launcher.errors import LaunchError
from launcher.processes import die_with_parent

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Interrupted(Exception):
    """A signal asked us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


class Foreground:
    """Turns signals into something that can be waited for together with the supervisor's reports."""

    def __init__(self, notes: TextIO) -> None:
        self.notes = notes
        self.received: list[int] = []
        self.passed_on: list[int] = []
        """Signals that came while a command ran."""
        self._wakeup, wakeup_write = os.pipe()
        for descriptor in (self._wakeup, wakeup_write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wakeup_write)
        for number in (*ENDING, signal.SIGCHLD):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.received.append(number)

    def say(self, text: str) -> None:
        print(text, file=self.notes, flush=True)

    def _wait(self, background: Background | None) -> bool:
        """Waits for a signal (a child's end included) or a report; says whether a report can be read."""
        if background and background.has_report():
            return True
        sources = [self._wakeup, *([background.fileno()] if background else [])]
        readable = select.select(sources, [], [])[0]
        if self._wakeup in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wakeup, 4096)
        return bool(set(readable) - {self._wakeup})

    def wait_for_ready(self, background: Background) -> dict[str, Any]:
        """What the supervisor reports as ready; raises `LaunchError` when it failed and `Interrupted` on a signal."""
        while True:
            if self.received:
                raise Interrupted(self.received[0])
            if not self._wait(background):
                continue
            report = background.report()
            if report is None:
                raise LaunchError("The launcher ended unexpectedly; launcher.log in the data folder's logs says why.")
            kind, content = report
            if kind == "ready":
                return dict(content)
            if kind == "failed":
                raise LaunchError(str(content))
            self.say(str(content))

    def wait_for_signal(self, background: Background) -> None:
        """Tells the supervisor's notes until a signal asks us to end; raises `LaunchError` if it ends before."""
        while not self.received:
            if self._wait(background):
                self.say(self._note_from(background))

    def _note_from(self, background: Background) -> str:
        report = background.report()
        if report is None:
            background.abandon()
            raise LaunchError("The launcher's background process has ended; everything was stopped.")
        return str(report[1])

    def stop(self, background: Background) -> None:
        """Has everything stopped and waits for it; a second signal kills it all at once."""
        if self.received:
            self.say("Stopping ...")
        self.received.clear()
        background.stop()
        while not self.received:
            if self._wait(background) and background.report() is None:
                return
        background.abandon()

    def dismiss(self, background: Background) -> None:
        """Waits until the servers have stopped, unless guests keep them."""
        background.dismiss()
        while not self.received:
            report = background.report() if self._wait(background) else ("", "")
            if report is None:
                return
            if report[0] == "lent":
                self.say(report[1])
                return

    def run(
        self, command: list[str], environment: dict[str, str], background: Background | None, folder: Path | None = None
    ) -> int:
        """Runs the command with our input and output, passes signals on and answers with its exit status.

        Raises `LaunchError` when it cannot be started or when the supervisor, and with it the servers, ended meanwhile.
        """
        process = _start(command, environment, folder)
        try:
            while process.poll() is None:
                if self._wait(background) and background:
                    self.say(self._note_from(background))
                self._pass_on(process)
        finally:
            if process.poll() is None:
                process.terminate()
        return process.returncode if process.returncode >= 0 else 128 - process.returncode

    def _pass_on(self, process: "subprocess.Popen[bytes]") -> None:
        for number in self.received:
            # The terminal sends Ctrl-C and Ctrl-\ to the command as well, and twice means something else to many.
            if not (number in (signal.SIGINT, signal.SIGQUIT) and in_foreground_of_terminal()):
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)
        self.passed_on += self.received
        self.received.clear()

    @contextlib.contextmanager
    def stopping(self, background: Background) -> Iterator[None]:
        """Has everything stopped at the end."""
        try:
            yield
        finally:
            self.stop(background)

    @contextlib.contextmanager
    def dismissing(self, background: Background) -> Iterator[None]:
        """Lets the servers stop at the end once nobody else uses them; at once when we were interrupted or failed."""
        try:
            yield
        except (LaunchError, Interrupted):
            self.stop(background)
            raise
        self.dismiss(background)


def _start(command: list[str], environment: dict[str, str], folder: Path | None) -> "subprocess.Popen[bytes]":
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise LaunchError(f"{command[0]}: not found", 127)
    try:
        protect = die_with_parent(signal.SIGTERM)
        return subprocess.Popen([program, *command[1:]], env=environment, cwd=folder, preexec_fn=protect)
    except OSError as error:
        raise LaunchError(f"{command[0]}: {error.strerror}", 126) from error


def in_foreground_of_terminal() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
