"""Run as a program by the kill tests: has everything loaded, and forks a process for each run, to be killed anywhere.

`python -m trading.tests.killable_process`, with the test database in the environment. Each line of input is a run:
`{"run": "tape" | "look", "pk": …, "settings": {…}}`; its answer is a line with the exit status, a signal as negative.
It opens no connection and starts no thread itself: nothing is shared with a run but what was loaded.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402  (after setup)
from django.utils import timezone  # noqa: E402

from bots.models import Bot  # noqa: E402
from exchanges.adapters import ccxt_adapter  # noqa: E402, F401  (a run would load it on first use)
from exchanges.models import ExchangeAccount  # noqa: E402
from exchanges.registry import venue_of  # noqa: E402
from trading.engine import run_tick  # noqa: E402
from trading.tests.replays import ended  # noqa: E402
from trading.ticks import step_tape  # noqa: E402


def tape(account_id: int) -> None:
    """One account's tape to its end."""
    account = ExchangeAccount.objects.get(pk=account_id)
    deadline = time.monotonic() + 120
    while not ended(account):
        step_tape(account, deadline=time.monotonic() + 1, now=timezone.now)
        assert time.monotonic() < deadline, "the tape did not end in time"


def look(bot_id: int) -> None:
    """One look of one bot. A worker has been at work before: what is loaded on first use must not eat up the short
    lease of a test."""
    bot = Bot.objects.get(pk=bot_id)
    for leg in (1, 2):
        venue = venue_of(bot.account_of(leg))
        venue.markets()
        venue.quotes([bot.symbol_of(leg)])
    run_tick(bot_id, timezone.now())


RUNS = {"tape": tape, "look": look}


def forked(wanted: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the answers' line is not this process's
    try:
        for name, value in wanted["settings"].items():
            setattr(settings, name, Path(value) if isinstance(getattr(settings, name), Path) else value)
        RUNS[wanted["run"]](wanted["pk"])
        status = 0
    except BaseException:  # told to whoever reads the test's output; the run has failed
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    for line in sys.stdin:
        print(forked(json.loads(line)), flush=True)
