"""Named instants at which tests kill the process for real. Outside tests the name is empty and nothing happens."""

import os
import signal

from django.conf import settings

_passed: dict[str, int] = {}


def here(name: str) -> None:
    """Kills this process (SIGKILL) when `CRASH_POINT` is `name`, or on the n-th passing for `name:n`."""
    if not settings.CRASH_POINT:
        return
    wanted, _, count = settings.CRASH_POINT.partition(":")
    if wanted != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] >= int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
