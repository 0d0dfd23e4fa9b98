"""A replay through real worker and beat processes, killed at random: the same trades, nothing twice, no leg alone."""

import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from django.conf import settings

from bots.models import Bot
from bots.tests.factories import ladder, make_user
from exchanges import tape
from exchanges.tests.series import candle_dir, replay_account, store_pair  # noqa: F401
from trading.models import Trade
from trading.tests.books import check_books, check_legs_equal
from trading.tests.processes import environment_of_processes
from trading.tests.replays import backtested, ended, lived, reference, started_bot

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "paper"]), pytest.mark.slow]

KILLS = int(os.environ.get("KILLS", "4"))
BARS_BETWEEN = (10, 40)
RUNGS = ladder((0.4, 1.0), (0.4, 1.5), (0.6, 2.0))
CELERY = [sys.executable, "-m", "celery", "-A", "chainmakes"]
COMMANDS = {
    "worker": [*CELERY, "worker", "-P", "threads", "-c", "4", "-Q", "trading", "-l", "WARNING", "--without-mingle"],
    "beat": [*CELERY, "beat", "-S", "chainmakes.beat:BotScheduler", "-l", "WARNING", "--pidfile="],
}


class Processes:
    """Worker and beat of the test's own broker keys, each in a process group of its own."""

    def __init__(self, environment: dict[str, str], log: Any) -> None:
        self.environment, self.log = environment, log
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        for name, command in COMMANDS.items():
            if name not in self.running:
                self.running[name] = subprocess.Popen(
                    command,
                    env=self.environment,
                    cwd=settings.BASE_DIR,
                    stdout=self.log,
                    stderr=self.log,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def kill_all(self) -> None:
        for name in list(self.running):
            self.kill(name)


def wait_for_bars(bot: Bot, bars: int, deadline: float) -> None:
    """Until the tape has gone that far, or ended."""
    goal = tape.bar(bot.exchange_account).index + bars
    while tape.bar(bot.exchange_account).index < goal and not ended(bot.exchange_account):
        assert time.monotonic() < deadline, "the replay stands still"
        time.sleep(0.05)


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
                for name in chance.choice([["worker"], ["worker"], ["beat"], ["worker", "beat"]]):
                    processes.kill(name)
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
