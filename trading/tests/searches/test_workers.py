"""A search over real workers: several processes side by side, killed on the way, and gone on with by new ones."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from bots.tests.factories import make_user
from chainmakes.tests.broker import Broker, own_broker  # noqa: F401
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir, store_pair  # noqa: F401
from trading.backtests.services import backtest_cancel
from trading.models import Backtest, Search
from trading.searches import chunks, trials
from trading.tests.processes import environment_of_processes
from trading.tests.searches.made import NOW, created, run

COMMAND = [sys.executable, "-m", "celery", "-A", "chainmakes", "worker", "-Q", "compute", "-P", "prefork", "-c", "2"]
COMMAND += ["-l", "WARNING", "--without-mingle", "--without-gossip"]
SPACE = {"profit_ratio": {"low": 0.2, "high": 2.0}, "dca_config.spread_factor": {"low": 0.5, "high": 2.0}}
LONG_S = 120.0
SETS = 20_000  # some seconds' work for two processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Workers:
    """A worker of two processes in a group of its own."""

    def __init__(self, environment: dict[str, str], log: Any) -> None:
        self._environment, self._log = environment, log
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._running.append(
            subprocess.Popen(
                COMMAND,
                env=self._environment,
                cwd=django_settings.BASE_DIR,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
            )
        )

    def kill(self) -> None:
        while self._running:
            process = self._running.pop()
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture
def workers(candle_dir: Path, broker: Broker, tmp_path: Path) -> Iterator[Workers]:  # noqa: F811
    store_pair(bars=20_000)
    with (tmp_path / "workers.log").open("wb") as log:
        found = Workers(environment_of_processes(REDIS_PREFIX=broker.redis_prefix), log)
        try:
            yield found
        finally:
            found.kill()


def wait_until(is_there: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + LONG_S
    while not is_there():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def test_killed_workers_lose_nothing_and_new_ones_go_on(workers: Workers) -> None:
    user = make_user()
    search = {"method": "random", "sets": SETS, "seed": 3, "space": SPACE, "folds": 0}
    backtest = created(user, search=search)
    workers.start()
    wait_until(lambda: trials.count(backtest.pk) > 0, "nothing was run")
    workers.kill()
    between = trials.count(backtest.pk)
    assert 0 < between < SETS
    workers.start()
    wait_until(lambda: not Backtest.objects.get(pk=backtest.pk).is_open, "the search did not go on")
    backtest.refresh_from_db()
    assert (backtest.status, backtest.done, backtest.problems) == (JobStatus.DONE, SETS, [])
    assert Search.objects.get(pk=backtest.pk).taken_up > 0
    numbers = [found.number for found in trials.outcomes_of(backtest.pk)]
    assert numbers == list(range(SETS))


def test_workers_find_what_one_process_finds_and_stop_when_told(workers: Workers) -> None:
    user = make_user()
    search = {"method": "tpe", "sets": 64, "seed": 3, "space": SPACE}
    alone = run(created(user, search=search))
    chunks._ready.clear()
    workers.start()
    together = created(user, search=search)
    wait_until(lambda: not Backtest.objects.get(pk=together.pk).is_open, "the search did not end")
    assert [f.score for f in trials.outcomes_of(together.pk)] == [f.score for f in trials.outcomes_of(alone.pk)]
    endless = created(user, search=search | {"method": "random", "sets": 50_000})
    wait_until(lambda: trials.count(endless.pk) > 0, "nothing was run")
    backtest_cancel(actor=user, backtest=endless, now=NOW)
    wait_until(lambda: not Backtest.objects.get(pk=endless.pk).is_open, "the search did not stop")
    assert Backtest.objects.get(pk=endless.pk).status == JobStatus.CANCELED
