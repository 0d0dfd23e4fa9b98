"""A real compute worker: it is warm, it is killed, it is told to stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from bots.tests.factories import make_user
from chainmakes.tests.broker import Broker, own_broker  # noqa: F401
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests import services, stored
from trading.backtests.sweep import DEAD_AFTER, backtests_sweep
from trading.models import Backtest
from trading.tests.backtests.made import queued
from trading.tests.processes import environment_of_processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("stored_pair")]

PATIENCE_S = 120.0  # the first worker after a change compiles everything anew
COMMAND = [
    *[sys.executable, "-m", "celery", "-A", "chainmakes", "worker", "-P", "prefork", "-c", "1", "-Q", "compute"],
    *["-l", "WARNING", "--without-mingle", "--without-gossip", "--without-heartbeat"],
]
SLOW = """
import time
import numpy as np
from trading.strategies import FLAT, NONE, Decision, Strategy


class Slow(Strategy):
    name = "slow"
    title = "Slow"

    @staticmethod
    def prepare(params, tape):
        time.sleep({prepare})
        return np.empty((len(tape), 0))

    @staticmethod
    def decide(params, config, state, quote, features):
        time.sleep({decide})
        return Decision(NONE, FLAT, 0.0)
"""


class Worker:
    def __init__(self, broker: Broker, folder: Path) -> None:
        self._environment = environment_of_processes(
            REDIS_PREFIX=broker.redis_prefix, STRATEGY_DIR=str(settings.STRATEGY_DIR), DB_POOL_SIZE="3"
        )
        self._log_path = folder / "worker.log"
        self._log = self._log_path.open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            COMMAND,
            env=self._environment,
            cwd=settings.BASE_DIR,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def kill(self) -> None:
        """Parent and child at once, as when the machine goes down."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def ended(self, backtest: Backtest) -> Backtest:
        return self._waited(backtest, lambda row: not row.is_open)

    def running(self, backtest: Backtest) -> Backtest:
        return self._waited(backtest, lambda row: row.status == JobStatus.RUNNING)

    def _waited(self, backtest: Backtest, is_there: Callable[[Backtest], bool]) -> Backtest:
        deadline = time.monotonic() + PATIENCE_S
        backtest.refresh_from_db()
        while not is_there(backtest):
            assert self._process is not None
            assert self._process.poll() is None, self._log_path.read_text()[-2000:]
            assert time.monotonic() < deadline, f"still {backtest.status}\n{self._log_path.read_text()[-2000:]}"
            time.sleep(0.05)
            backtest.refresh_from_db()
        return backtest


@pytest.fixture
def strategy_dir(settings: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "strategies"
    folder.mkdir()
    settings.STRATEGY_DIR = folder
    return folder


@pytest.fixture
def worker(broker: Broker, strategy_dir: Path, tmp_path: Path) -> Iterator[Worker]:
    found = Worker(broker, tmp_path)
    yield found
    found.kill()


def test_what_is_asked_for_is_run(worker: Worker) -> None:
    worker.start()
    backtest = worker.ended(queued(make_user()))
    assert (backtest.status, backtest.problems, backtest.attempts) == ("done", [], 1)
    assert len(stored.trades_of(backtest)) == backtest.summary["stats"]["trades"]


def test_a_killed_worker_s_run_is_taken_up_by_the_next(worker: Worker, strategy_dir: Path) -> None:
    path = strategy_dir / "slow.py"
    path.write_text(SLOW.format(prepare=1000, decide=0))
    worker.start()
    backtest = worker.running(queued(make_user(), strategy="slow"))
    worker.kill()
    path.write_text(SLOW.format(prepare=0, decide=0))
    worker.start()
    backtests_sweep(timezone.now())
    assert worker.running(backtest).attempts == 1  # it may only be slow yet
    backtests_sweep(timezone.now() + DEAD_AFTER + timedelta(seconds=5))
    assert worker.ended(backtest).status == JobStatus.DONE
    assert backtest.attempts == 2


def test_a_slow_strategy_stops_when_it_is_told(worker: Worker, strategy_dir: Path) -> None:
    (strategy_dir / "slow.py").write_text(SLOW.format(prepare=0, decide=0.02))
    owner = make_user()
    worker.start()
    backtest = worker.running(queued(owner, strategy="slow"))
    services.backtest_cancel(actor=owner, backtest=backtest, now=timezone.now())
    assert worker.ended(backtest).status == JobStatus.CANCELED
