"""The real launcher in a process of its own, and what it left behind."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = [sys.executable, str(ROOT / "scripts" / "launch.py")]
NOT_INHERITED = {
    *("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "FERNET_KEYS", "NUMBA_CACHE_DIR"),
    *("ALLOWED_HOSTS", "DEBUG", "SECURE", "HEALTH_PARTS", "STATICFILES_BACKEND", "PYTHONPATH"),
}
START_LIMIT_S = 120.0
# Says that it runs, then waits for the end of its input.
WAITING = ("python", "-c", "import sys; print('up', flush=True); sys.stdin.read()")


def environment(home: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return inherited | {"CHAINMAKES_HOME": str(home)} | more


def launch(home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Runs the launcher to its end."""
    return subprocess.run(
        [*LAUNCH, *arguments],
        cwd=home.parent,
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_LIMIT_S,
    )


@contextmanager
def launched(home: Path, *arguments: str, **more: str) -> Iterator["subprocess.Popen[str]"]:
    """The launcher while it runs; killed at the end if it still does."""
    process = subprocess.Popen(
        [*LAUNCH, *arguments],
        cwd=home.parent,
        env=environment(home, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.communicate()


def started(process: "subprocess.Popen[str]") -> bool:
    """Whether the command of `WAITING` runs, which it says in its first line."""
    assert process.stdout
    answered = select.select([process.stdout], [], [], START_LIMIT_S)[0]
    return bool(answered) and process.stdout.readline() == "up\n"


def eventually(condition: Callable[[], bool], *, limit_s: float) -> bool:
    """Whether the condition comes true within the time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        select.select([], [], [], 0.05)  # looks again, not waits for so long
    return True


def processes_of(home: Path) -> list[int]:
    """Processes that work in the data folder, name it in their command or carry it in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            texts = [(folder / name).read_bytes() for name in ("cmdline", "environ")]
            texts.append(os.readlink(folder / "cwd").encode())
            if any(str(home).encode() in text for text in texts) and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


def servers(home: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        return dict(json.loads((home / "servers.json").read_text()))
    return {}
