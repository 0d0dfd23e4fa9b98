"""Closing at once without waiting for a worker: the guardian does it, and where none runs a process of its own."""

import os
import subprocess
import sys
import threading

from django.conf import settings

from trading.guardian.rounds import is_alive


def flatten_begin() -> None:
    """Once the wishes are committed. The process needs no Redis; its findings are in the bots' journals."""
    if not settings.FLATTEN_PROCESS or is_alive():
        return
    process = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "flatten", "--asked", "--yes"],
        env={**os.environ, "LOCAL_CACHE": "1", "PROCESS_NAME": "flatten"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=process.wait, name="flatten", daemon=True).start()
