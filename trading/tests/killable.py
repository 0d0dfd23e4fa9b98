"""Runs of the program in processes that may be killed at a named instant (`trading.crash_points`)."""

import json
import select
import subprocess
import sys
from typing import Any

from django.conf import settings

from trading.tests.processes import environment_of_processes

WAIT_S = 180.0
SHORT_TIMES: dict[str, Any] = {"BOT_LEASE_S": 2.5, "ORDER_SEND_BY_S": 0.5, "ORDER_PROOF_S": 0.1}
OF_THE_TEST = ("CANDLE_DIR", "STRATEGY_DIR", "EXCHANGE_BASE_URLS")

_loaded: list["subprocess.Popen[str]"] = []


def run(what: str, pk: int, *, crash_point: str = "", **more: Any) -> int:
    """Exit status of a process that plays an account's `tape` or has a `look` at a bot; of a killed one -SIGKILL."""
    process = _process()
    assert process.stdin
    assert process.stdout
    shown = {name: getattr(settings, name) for name in OF_THE_TEST}
    wanted = {**shown, **SHORT_TIMES, "CRASH_POINT": crash_point, **more}
    process.stdin.write(json.dumps({"run": what, "pk": pk, "settings": wanted}, default=str) + "\n")
    process.stdin.flush()
    assert select.select([process.stdout], [], [], WAIT_S)[0], "the process did not end in time"
    return int(process.stdout.readline())


def _process() -> "subprocess.Popen[str]":
    """One for all tests of this process: it ends with it, when nothing is written to it any more."""
    if not _loaded or _loaded[-1].poll() is not None:
        command = [sys.executable, "-m", "trading.tests.killable_process"]
        _loaded.append(
            subprocess.Popen(
                command,
                env=environment_of_processes(),
                cwd=settings.BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    return _loaded[-1]
