"""Run as a program by the kill tests: plays one account's tape to its end in a process that may be killed anywhere.

`python -m trading.tests.step_process ACCOUNT_ID`, with the test database in the environment.
"""

import sys
import time

import django

django.setup()

from django.utils import timezone  # noqa: E402  (after setup)

from exchanges.models import ExchangeAccount  # noqa: E402
from trading.tests.replays import ended  # noqa: E402
from trading.ticks import step_tape  # noqa: E402

if __name__ == "__main__":
    account = ExchangeAccount.objects.get(pk=int(sys.argv[1]))
    deadline = time.monotonic() + 120
    while not ended(account):
        step_tape(account, deadline=time.monotonic() + 1, now=timezone.now)
        if time.monotonic() > deadline:
            sys.exit("the tape did not end in time")
