"""Run as a program by the kill tests: one tick of one bot in a process that may be killed anywhere.

`python -m trading.tests.wire_process BOT_ID`, with the test database and its servers in the environment.
"""

import sys

import django

django.setup()

from django.utils import timezone  # noqa: E402  (after setup)

from bots.models import Bot  # noqa: E402
from exchanges.registry import venue_of  # noqa: E402
from trading.engine import run_tick  # noqa: E402


def warm_up(bot: Bot) -> None:
    """A worker has been at work before: what is loaded on first use must not eat up the short lease of a test."""
    for leg in (1, 2):
        venue = venue_of(bot.account_of(leg))
        venue.markets()
        venue.quotes([bot.symbol_of(leg)])


if __name__ == "__main__":
    warm_up(Bot.objects.get(pk=int(sys.argv[1])))
    run_tick(int(sys.argv[1]), timezone.now())
