"""Run as a program by the kill tests: one tick of one bot in a process that may be killed anywhere.

`python -m trading.tests.wire_process BOT_ID`, with the test database and its servers in the environment.
"""

import sys

import django

django.setup()

from django.utils import timezone  # noqa: E402  (after setup)

from trading.engine import run_tick  # noqa: E402

if __name__ == "__main__":
    run_tick(int(sys.argv[1]), timezone.now())
