"""One writer per bot: two workers, two beats, a worker that is frozen for a minute, clocks that jump."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.utils import timezone

from bots import leases
from bots.models import Bot
from trading import crash_points
from trading.core.order_state import UNSETTLED
from trading.engine import run_tick
from trading.models import Order, Trade, TradeLog
from trading.tasks import tick_many
from trading.tests.books import check_books, check_legs_equal
from trading.tests.processes import environment_of_processes
from trading.tests.safety.made import holdings, look, opened_bot, simulated_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


def lease_runs_out(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("point", ["after_plan", "before_submit", "after_submit", "after_answer"])
def test_a_worker_frozen_past_its_lease_sends_nothing_more(point: str, settings: Any, monkeypatch: Any) -> None:
    """The other worker comes while it sleeps, at every step of an opening."""
    settings.ORDER_SEND_BY_S, settings.ORDER_PROOF_S = 0.15, 0.05
    bot = simulated_bot()
    asleep = {"yet": False}

    def sleep(here: str) -> None:
        if here != point or asleep["yet"]:
            return
        asleep["yet"] = True
        lease_runs_out(bot)
        while not Trade.objects.filter(bot=bot).exclude(status="working").exists():
            other = threading.Thread(target=_tick_elsewhere, args=(bot.pk,))
            other.start()
            other.join()

    monkeypatch.setattr(crash_points, "here", sleep)
    run_tick(bot.pk, timezone.now())
    monkeypatch.undo()
    for _ in range(3):
        look(bot)
    assert asleep["yet"]
    assert bot.level == 1
    assert Trade.objects.filter(bot=bot, status="settled").count() == 1
    assert not Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()
    check_books(bot)
    check_legs_equal(bot)


def _tick_elsewhere(bot_id: int) -> None:
    try:
        run_tick(bot_id, timezone.now())
    finally:
        for one in connections.all(initialized_only=True):
            one.close()


def test_two_workers_at_once_open_once() -> None:
    bot = simulated_bot()
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        _tick_elsewhere(bot.pk)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    bot.refresh_from_db()
    assert (bot.level, Trade.objects.filter(bot=bot).count()) == (1, 1)
    check_books(bot)


def test_two_beats_ask_for_the_same_look_and_one_is_done() -> None:
    bot = simulated_bot()
    now = time.time()
    for _ in range(2):
        tick_many([bot.pk], now, 60.0)
        run_tick(bot.pk, timezone.now())
    bot.refresh_from_db()
    assert (bot.level, Trade.objects.filter(bot=bot).count()) == (1, 1)


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_host_whose_clock_jumps_neither_keeps_nor_takes_a_lease(hours: int, monkeypatch: Any) -> None:
    """Leases run by PostgreSQL's clock; `now` of this host only stamps rows."""
    bot = simulated_bot()
    other = leases.claim(bot.pk, holder="other")
    assert other is not None
    jumped = timezone.now() + timedelta(hours=hours)
    assert run_tick(bot.pk, jumped) is None
    leases.release(other)
    assert run_tick(bot.pk, jumped) is not None
    bot.refresh_from_db()
    assert bot.lease_until is None
    assert bot.level == 1
    check_books(bot)


def test_an_order_is_not_signed_by_a_clock_that_is_ahead(monkeypatch: Any) -> None:
    """`send_by` is PostgreSQL's: a host an hour ahead sends too late by its own clock, and so nothing."""
    bot = simulated_bot()
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("exchanges.adapters.paper.timezone.now", lambda: ahead)
    look(bot)
    monkeypatch.undo()
    assert (bot.level, holdings(bot)) == (0, {})
    assert set(Order.objects.filter(bot=bot).values_list("status", flat=True)) == {"denied"}
    look(bot)
    assert bot.level == 1


def test_tokens_only_rise() -> None:
    bot = simulated_bot()
    seen = []
    for _ in range(3):
        lease = leases.take(bot.pk, holder="flatten:one", spares="nobody")
        assert lease is not None
        seen.append(lease.token)
    assert seen == sorted(set(seen))
    assert leases.claim(bot.pk, holder="worker") is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT lease_token FROM bot_instances WHERE id = %s", [bot.pk])
        assert cursor.fetchone()[0] == seen[-1]


def test_a_process_stopped_in_the_middle_wakes_up_to_a_bot_that_is_not_its_own(tmp_path: Any) -> None:
    """SIGSTOP, as a host that swaps; another worker closes meanwhile, and the sleeper's orders do not follow."""
    bot = opened_bot()
    Bot.objects.filter(pk=bot.pk).update(profit_ratio=-500, pause_after_close=True)
    script = (
        "import django; django.setup()\n"
        "import os, signal\n"
        "from django.utils import timezone\n"
        "from trading import crash_points, engine\n"
        "def here(point):\n"
        "    if point == 'before_submit': os.kill(os.getpid(), signal.SIGSTOP)\n"
        "crash_points.here = here\n"
        f"engine.run_tick({bot.pk}, timezone.now())\n"
    )
    environment = environment_of_processes(BOT_LEASE_S="4", LOCAL_CACHE="1")
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", script], env=environment, cwd=django_settings.BASE_DIR, stdout=log, stderr=log
        ) as process,
    ):
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), (tmp_path / "log").read_text()
        deadline = time.monotonic() + 30
        while not bot.is_flat:
            look(bot)
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGCONT)
        assert process.wait(30) == 0, (tmp_path / "log").read_text()
    look(bot)
    assert (bot.level, holdings(bot)) == (0, {})
    assert Order.objects.filter(bot=bot, purpose="close").exclude(status="denied").count() == 2
    assert TradeLog.objects.filter(bot=bot, details__code="closed_take_profit").count() == 1
    check_books(bot)
