"""Processes that a test starts and kills: real workers and beat on the test's database, with short waits."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.db import connection

from bots.models import Bot
from exchanges import tape
from trading.tests.replays import ended

CELERY = [sys.executable, "-m", "celery", "-A", "chainmakes"]
COMMANDS = {
    "worker": [*CELERY, "worker", "-P", "threads", "-c", "4", "-Q", "trading", "-l", "WARNING", "--without-mingle"],
    "beat": [*CELERY, "beat", "-S", "chainmakes.beat:BotScheduler", "-l", "WARNING", "--pidfile="],
}


def environment_of_processes(**more: str) -> dict[str, str]:
    database: dict[str, Any] = settings.DATABASES["default"]
    server = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}  # part of a prefix
    return inherited | {
        "REDIS_PREFIX": settings.REDIS_PREFIX,
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "CANDLE_DIR": str(settings.CANDLE_DIR),
        "BOT_LEASE_S": "2.5",  # a process that was started just now needs some of it to load what a look needs
        "ORDER_SEND_BY_S": "0.5",
        "ORDER_PROOF_S": "0.1",
        "GUARDIAN_START_S": "0",
        "EXCHANGE_BASE_URLS": json.dumps(settings.EXCHANGE_BASE_URLS),  # a test's own servers, never a real venue
        **more,
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


def kill_some(processes: Processes, chance: random.Random) -> None:
    for name in chance.choice([["worker"], ["worker"], ["beat"], ["worker", "beat"]]):
        processes.kill(name)
