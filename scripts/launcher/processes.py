"""Child processes that cannot outlive us: how they are started, watched and stopped."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launcher.home import ROOT

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
TAIL_LINES = 15
LARGE_LOG = 20_000_000
STEP_S = 0.02

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Program:
    """A process to be kept running. Those of a lower `stop_rank` are stopped first; `patience_s` bounds how long."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    stop_rank: int
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 8.0
    niceness: int = 0
    orphan_signal: signal.Signals = signal.SIGKILL
    become: Callable[[], None] | None = field(default=None)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends `number` when the process that starts this one ends, however it ends.

    Linux only. To be called after every change of credentials, which would clear it, and from a process with one
    thread, since it is the end of the starting *thread* that counts.
    """
    parent = os.getpid()

    def arrange() -> None:
        if LINUX:
            _libc.prctl(PR_SET_PDEATHSIG, int(number))
            if os.getppid() != parent:
                os._exit(1)

    return arrange


def enter_user_namespace() -> None:
    """For `preexec_fn` of a program that refuses to run as root: the same files, under another number."""
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {user} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {group} 1")


def open_log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def keep_small(log: Path) -> None:
    """Sets the content of a large log aside; its writers, who append, go on in the emptied file."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LARGE_LOG:
            shutil.copyfile(log, log.with_suffix(".old.log"))
            os.truncate(log, 0)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def start(program: Program, log: Path) -> "subprocess.Popen[bytes]":
    """Starts the program in the checkout, in a process group of its own, without input, its output going to the log."""
    protect = die_with_parent(program.orphan_signal)

    def prepare() -> None:
        if program.become:
            program.become()
        if program.niceness:
            os.nice(program.niceness)
        protect()

    output = open_log(log)
    try:
        return subprocess.Popen(
            program.command,
            cwd=ROOT,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            preexec_fn=prepare,
        )
    finally:
        os.close(output)


def stop(children: "list[tuple[Program, subprocess.Popen[bytes]]]") -> None:
    """Asks all of them to end, waits as long as each may take, then kills what is left of their groups."""
    for program, process in children:
        if process.poll() is None:
            process.send_signal(program.stop_signal)
    deadline = time.monotonic() + max((program.patience_s for program, _ in children), default=0.0)
    while any(process.poll() is None for _, process in children) and time.monotonic() < deadline:
        time.sleep(STEP_S)
    for program, process in children:
        if process.poll() is None:
            print(
                f"{program.name} did not end within {program.patience_s:.0f} s and was killed.",
                file=sys.stderr,
                flush=True,
            )
        kill_group(process)


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kills the process and what it left behind in its group (a pool's workers, say)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def marked_processes(mark: str) -> list[int]:
    """Other processes that were started with `mark` in their environment, or by such a one. Linux only."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


def sweep(mark: str, patience_s: float = 3.0) -> None:
    """Ends every process that carries the mark: asked first, killed when it has not gone in time."""
    deadline = time.monotonic() + patience_s
    number = signal.SIGTERM
    while remaining := marked_processes(mark):
        for pid in remaining:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while set(marked_processes(mark)) & set(remaining) and time.monotonic() < deadline:
            time.sleep(STEP_S)
        if number is signal.SIGKILL:
            return
        number = signal.SIGKILL
