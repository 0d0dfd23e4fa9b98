"""Tasks as a worker runs them: eight threads, the real broker, the real pool."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun, task_revoked
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from bots.models import Bot
from bots.tests.factories import CHZ, GALA, make_bot, make_paper_account, make_user
from chainmakes.celery import app
from exchanges.models import PaperSource
from trading import tasks, tick_counts

WAIT_S = 10.0

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])


@pytest.fixture(autouse=True)
def _empty_queues() -> Iterator[None]:
    purge()
    cache.clear()
    yield
    purge()


def purge() -> None:
    with app.connection_for_write() as broker:
        for queue in ("trading", "io"):
            broker.default_channel.queue_purge(queue)


@pytest.fixture
def bot() -> Bot:
    return make_bot(account=make_paper_account(make_user(password=None)))


@pytest.fixture
def tape_bot() -> Bot:
    config = {"speed": "0", "timeframe": "5m", "symbols": [GALA, CHZ], "start": "2025-01-01T00:00:00+00:00"}
    fields = {"paper_source": PaperSource.REPLAY, "paper_config": config}
    return make_bot(account=make_paper_account(make_user(password=None), **fields))


def sent(queue: str = "trading") -> list[tuple[str, list[Any], dict[str, Any]]]:
    found = []
    with app.connection_for_read() as broker:
        while message := broker.default_channel.basic_get(queue, no_ack=True):
            found.append((message.headers["task"], message.decode()[0], message.headers))
    return found


class Ended:
    """Names of the tasks that a worker has done with, run or revoked."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._one = threading.Semaphore(0)

    def note(self, sender: Any = None, **kwargs: Any) -> None:
        self.names.append(sender.name)
        self._one.release()

    def wait(self, count: int = 1) -> None:
        for _ in range(count):
            assert self._one.acquire(timeout=WAIT_S)


@contextmanager
def worker() -> Iterator[Ended]:
    ended = Ended()
    task_postrun.connect(ended.note, weak=False)
    task_revoked.connect(ended.note, weak=False)
    queues = ["trading", "io"]
    with start_worker(
        app, pool="threads", concurrency=8, perform_ping_check=False, queues=queues, shutdown_timeout=WAIT_S
    ):
        yield ended
    task_postrun.disconnect(ended.note)
    task_revoked.disconnect(ended.note)


# --- looks that come too late ----------------------------------------------------------------------------------------


def test_a_chunk_that_comes_after_its_interval_is_counted_and_not_done(bot: Bot) -> None:
    now = timezone.now()
    tasks.tick_many([bot.pk, bot.pk + 1], now.timestamp() - 5, 5.0)
    assert sent() == []
    assert tick_counts.late_in_last(2, timezone.now()) == 2


def test_a_chunk_in_time_is_done(bot: Bot) -> None:
    Bot.objects.filter(pk=bot.pk).update(status="running")
    tasks.tick_many([bot.pk], timezone.now().timestamp() - 4, 5.0)
    assert tick_counts.late_in_last(2, timezone.now()) == 0


def test_a_chunk_that_expired_in_the_queue_is_counted() -> None:
    with worker() as ended:
        tasks.tick_many.apply_async(([1, 2, 3], 0.0, 5.0), expires=timezone.now() - timedelta(seconds=1))
        ended.wait()
    assert ended.names == ["trading.tasks.tick_many"]
    assert tick_counts.late_in_last(2, timezone.now()) == 3


def test_late_looks_are_counted_by_the_minute() -> None:
    noon = datetime(2025, 1, 1, 12, 0, 30, tzinfo=UTC)
    for minutes, count in ((0, 1), (1, 2), (1, 3), (5, 10)):
        tick_counts.late_add(count, noon - timedelta(minutes=minutes))
    assert [tick_counts.late_in_last(minutes, noon) for minutes in (1, 2, 5, 6)] == [1, 6, 6, 16]


# --- who does what ---------------------------------------------------------------------------------------------------


def test_bots_with_something_to_do_get_a_tick_of_their_own_that_does_not_pile_up(tape_bot: Bot) -> None:
    before = timezone.now()
    tasks.tick_many([tape_bot.pk], before.timestamp(), 5.0)
    ((task, args, headers),) = sent()
    assert (task, args) == ("trading.tasks.tick_bot", [tape_bot.pk])
    assert datetime.fromisoformat(headers["expires"]) <= timezone.now() + timedelta(seconds=5)


def test_a_bots_own_task_looks_at_it(tape_bot: Bot) -> None:
    tasks.tick_bot_scheduled(tape_bot.pk)
    assert [(task, args) for task, args, _ in sent()] == [("trading.tasks.tick_bot", [tape_bot.pk])]


def test_one_step_of_a_tape_waits_however_many_bots_ask(tape_bot: Bot) -> None:
    other = make_bot(account=tape_bot.exchange_account)
    for _ in range(3):
        tasks.tick_bot(tape_bot.pk)
        tasks.tick_bot(other.pk)
    assert [(task, args) for task, args, _ in sent()] == [("trading.tasks.step_tape", [tape_bot.exchange_account_id])]


def test_a_step_that_has_begun_may_be_asked_for_again(tape_bot: Bot) -> None:
    """No bot runs on this tape, so that the step itself asks for nothing."""
    tasks.tick_bot(tape_bot.pk)
    sent()
    tasks.step_tape(tape_bot.exchange_account_id)
    assert sent() == []
    tasks.tick_bot(tape_bot.pk)
    assert len(sent()) == 1


def test_bots_and_accounts_that_are_gone(bot: Bot) -> None:
    tasks.tick_many([bot.pk + 1], timezone.now().timestamp(), 5.0)
    tasks.tick_bot(bot.pk + 1)
    tasks.step_tape(bot.exchange_account_id + 1)
    assert sent() == []


# --- the pool --------------------------------------------------------------------------------------------------------


def test_every_task_gives_its_connections_back(tape_bot: Bot) -> None:
    """More tasks than the pool has connections: afterwards all of it can be had, by both ways to the database."""
    with worker() as ended:
        for _ in range(40):
            tasks.tick_many.delay([tape_bot.pk], timezone.now().timestamp(), 60.0)
        ended.wait(40)
    for alias in connections:
        connections[alias].close()
        pool = connections[alias].pool  # type: ignore[attr-defined]
        everything = [pool.getconn(timeout=WAIT_S) for _ in range(pool.max_size)]
        for each in everything:
            pool.putconn(each)


def test_sessions_that_have_run_out_are_removed() -> None:
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="new", expire_date=timezone.now() + timedelta(days=1))
    tasks.logins_flush()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
