"""Real SIGKILLs at named instants of an order's life: a second process goes on as if nothing had happened."""

import signal
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from bots.models import Bot
from bots.tests.factories import ladder, make_user
from exchanges.models import ExchangeAccount
from exchanges.tests.series import candle_dir, replay_account, store_pair  # noqa: F401
from trading.core.order_state import UNSETTLED
from trading.models import Order, Trade
from trading.tests.books import check_books, check_legs_equal
from trading.tests.processes import environment_of_processes
from trading.tests.replays import backtested, lived, reference, started_bot

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "paper"]), pytest.mark.slow]

BARS = 40
RUNGS = ladder((0.4, 1.0), (0.4, 1.5), (0.6, 2.0))
POINTS = [
    "after_plan",  # the rows are committed, nothing else
    "before_submit",
    "after_submit",  # marked as sent, not sent
    "between_legs",  # in the thread of a leg, before its call
    "after_answer",  # the venue has them, we know, nothing is written
    "after_answer_commit",
    "after_settle",  # fills are booked, the trade is not
    "before_book",
    "after_book",
    "before_advance",
]


def run(account: ExchangeAccount, crash_point: str = "") -> int:
    """Exit status of a process that plays the tape."""
    command = [sys.executable, "-m", "trading.tests.step_process", str(account.pk)]
    return subprocess.run(
        command, env=environment_of_processes(CRASH_POINT=crash_point), cwd=settings.BASE_DIR, timeout=180, check=False
    ).returncode


def replay_bot() -> tuple[Bot, Any]:
    series = store_pair(BARS, seed=4)
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account, dca_config=RUNGS, max_dca_times=3, profit_ratio="0.4")
    return bot, reference(*series, rungs=RUNGS, take_profit=0.4)


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_it_continues_as_if_nothing_had_happened(candle_dir: Any, point: str) -> None:  # noqa: F811
    """At the first passing, and twice at the second of what is left, on one tape."""
    bot, result = replay_bot()
    for passing in (1, 2, 2):
        assert run(bot.exchange_account, f"{point}:{passing}") == -signal.SIGKILL
        assert Trade.objects.filter(bot=bot, status="working").count() <= 1
    assert run(bot.exchange_account) == 0
    assert lived(bot) == backtested(result)
    assert len(lived(bot)) > 4
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()
    check_books(bot)
    check_legs_equal(bot)
