"""A replay through real worker and beat processes, killed at random: the same trades, nothing twice, no leg alone."""

import os
import random
import time
from typing import Any

import pytest

from bots.tests.factories import ladder, make_user
from exchanges.tests.series import candle_dir, replay_account, store_pair  # noqa: F401
from trading.models import Trade
from trading.tests.books import check_books, check_legs_equal
from trading.tests.processes import Processes, environment_of_processes, kill_some, wait_for_bars
from trading.tests.replays import backtested, ended, lived, reference, started_bot

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "paper"]), pytest.mark.slow]

KILLS = int(os.environ.get("KILLS", "4"))
BARS_BETWEEN = (10, 40)
RUNGS = ladder((0.4, 1.0), (0.4, 1.5), (0.6, 2.0))


def test_killed_again_and_again_the_replay_ends_as_if_nothing_had_happened(candle_dir: Any, tmp_path: Any) -> None:  # noqa: F811
    chance = random.Random(7)
    series = store_pair(BARS_BETWEEN[1] * (KILLS + 2), seed=4)
    user = make_user()
    account = replay_account(user, lot_rounding=False)
    bot = started_bot(user, account, dca_config=RUNGS, max_dca_times=3, profit_ratio="0.4", tick_interval=1)
    deadline = time.monotonic() + 60 + 30 * KILLS
    with (tmp_path / "processes.log").open("wb") as log:
        processes = Processes(environment_of_processes(REDIS_PREFIX=f"kills{os.getpid()}"), log)
        try:
            for _ in range(KILLS):
                processes.start()
                wait_for_bars(bot, chance.randint(*BARS_BETWEEN), deadline)
                kill_some(processes, chance)
            processes.start()
            while not ended(account):
                assert time.monotonic() < deadline, "the replay stands still"
                time.sleep(0.1)
        finally:
            processes.kill_all()
    bot.refresh_from_db()
    assert lived(bot) == backtested(reference(*series, rungs=RUNGS, take_profit=0.4))
    assert Trade.objects.filter(bot=bot, naked_ms__gt=0).count() == 0
    check_books(bot)
    check_legs_equal(bot)
