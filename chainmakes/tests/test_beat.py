"""The scheduler, driven by hand: each `tick` is one look at the clock that the test holds."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from celery import Celery
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from bots import schedules
from bots.schedules import BOT_TASK, CHUNK_TASK, HOUSEKEEPING
from chainmakes import beat
from chainmakes.beat import BotScheduler
from chainmakes.celery import app
from chainmakes.tests.broker import Broker, own_broker  # noqa: F401
from chainmakes.tests.gate import Gate, through

EVERY_S = 5
START_S = 1_800_000_000.0

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


class Clock:
    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], BotScheduler]]:
    """Starts a scheduler that looks for changes on every tick."""
    started: list[BotScheduler] = []

    def start_scheduler(celery: Celery = app) -> BotScheduler:
        started.append(BotScheduler(app=celery))
        return started[-1]

    monkeypatch.setattr(beat, "POLL_S", 0.0)
    monkeypatch.setattr(BotScheduler, "clock", clock)
    yield start_scheduler
    for scheduler in started:
        scheduler._finalize.cancel()


@pytest.fixture
def gate() -> Iterator[Gate]:
    broker = urlsplit(settings.CELERY_BROKER_URL)
    with Gate((broker.hostname or "", broker.port or 6379)) as gate:
        yield gate


@pytest.fixture
def gated_app(gate: Gate, broker: Broker) -> Celery:
    """The same broker, behind the gate."""
    celery = Celery("gated", set_as_current=False)
    celery.config_from_object("django.conf:settings", namespace="CELERY")
    celery.conf.broker_url = through(settings.CELERY_BROKER_URL, gate)
    celery.conf.broker_transport_options = app.conf.broker_transport_options
    return celery


def bot_tasks(count: int, *, every_s: int = EVERY_S, first: int = 1, **fields: Any) -> list[PeriodicTask]:
    """Tasks of bots that ran last at the start of the test's clock."""
    interval = IntervalSchedule.objects.create(every=every_s, period=IntervalSchedule.SECONDS)
    values = {"task": BOT_TASK, "interval": interval, "last_run_at": datetime.fromtimestamp(START_S, UTC)} | fields
    tasks = PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"bot {number}", args=f"[{number}]", **values) for number in range(first, first + count)
    )
    PeriodicTasks.update_changed()
    return tasks


def sent(queue: str = "trading") -> list[tuple[str, list[Any], dict[str, Any]]]:
    """(task, arguments, headers) of all messages that wait in a queue; takes them out."""
    found = []
    with app.connection_for_read() as broker:
        while message := broker.default_channel.basic_get(queue, no_ack=True):
            found.append((message.headers["task"], message.decode()[0], message.headers))
    return found


def bots_sent() -> list[int]:
    return sorted(bot_id for task, args, _ in sent() if task == CHUNK_TASK for bot_id in args[0])


def test_due_bots_travel_in_chunks(start: Any, clock: Clock) -> None:
    bot_tasks(120)
    scheduler = start()
    clock.now_s += EVERY_S
    scheduler.tick()
    messages = sent()
    assert [task for task, _, _ in messages] == [CHUNK_TASK] * 3
    assert sorted(len(args[0]) for _, args, _ in messages) == [20, 50, 50]
    assert sorted(bot_id for _, args, _ in messages for bot_id in args[0]) == list(range(1, 121))
    assert {tuple(args[1:]) for _, args, _ in messages} == {(START_S + EVERY_S, EVERY_S)}


def test_while_workers_are_behind_bots_wait_and_then_travel_once(
    start: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a worker that is slow for a while would only ever come to chunks that are too old."""
    monkeypatch.setattr(beat, "BACKLOG_LOOK_S", 0.0)
    bot_tasks(70)
    scheduler = start()
    for _ in range(beat.BACKLOG_MOST + 1):
        app.send_task(CHUNK_TASK, args=[[0], START_S, EVERY_S], queue="trading")
    for _ in range(3):
        clock.now_s += EVERY_S
        scheduler.tick()
    assert set(bots_sent()) == {0}
    clock.now_s += EVERY_S / 2
    scheduler.tick()
    messages = sent()
    assert sorted(len(args[0]) for _, args, _ in messages) == [20, 50]
    assert {args[1] for _, args, _ in messages} == {clock.now_s}  # fresh: not late before they are taken up
    scheduler.tick()
    assert sent() == []


def test_a_chunk_expires_before_its_bots_are_due_again(start: Any, clock: Clock) -> None:
    bot_tasks(1)
    scheduler = start()
    clock.now_s += EVERY_S + 1
    before = datetime.now(UTC)
    scheduler.tick()
    ((_, _, headers),) = sent()
    life_s = (datetime.fromisoformat(headers["expires"]) - before).total_seconds()
    assert 0 < life_s <= EVERY_S - 1


def test_nothing_is_sent_before_it_is_due_nor_twice(start: Any, clock: Clock) -> None:
    bot_tasks(3)
    scheduler = start()
    clock.now_s += EVERY_S - 0.1
    scheduler.tick()
    assert bots_sent() == []
    clock.now_s += 0.2
    scheduler.tick()
    scheduler.tick()
    assert bots_sent() == [1, 2, 3]


def test_bots_keep_their_rhythm(start: Any, clock: Clock) -> None:
    """A late look does not move the next one: twelve looks in a minute, whatever the delays."""
    bot_tasks(1)
    scheduler = start()
    looks = []
    for tenth in range(601):
        clock.now_s = START_S + tenth / 10 + (0.07 if tenth % 3 else 0.0)
        scheduler.tick()
        looks += [args[1] - START_S for _, args, _ in sent()]
    assert looks == [EVERY_S * number for number in range(1, 13)]


def test_looks_missed_in_a_standstill_are_not_made_up_for(start: Any, clock: Clock) -> None:
    bot_tasks(1)
    scheduler = start()
    clock.now_s += 4 * EVERY_S + 1
    scheduler.tick()
    scheduler.tick()
    ((_, args, _),) = sent()
    assert args[1] == START_S + 4 * EVERY_S


def test_after_a_standstill_bots_are_as_spread_out_as_before(start: Any, clock: Clock) -> None:
    for number in range(5):
        ran_at = datetime.fromtimestamp(START_S - 3600 + number, UTC)
        bot_tasks(1, first=number + 1, last_run_at=ran_at)
    scheduler = start()
    found = []
    for _ in range(EVERY_S):
        clock.now_s += 1
        scheduler.tick()
        found.append(bots_sent())
    assert sorted(found) == [[1], [2], [3], [4], [5]]


def test_chunks_hold_bots_of_one_interval(start: Any, clock: Clock) -> None:
    bot_tasks(2, every_s=5)
    bot_tasks(2, every_s=10, first=11)
    scheduler = start()
    clock.now_s += 10
    scheduler.tick()
    assert sorted((sorted(args[0]), args[2]) for _, args, _ in sent()) == [([1, 2], 5), ([11, 12], 10)]


def test_other_tasks_are_sent_as_they_are(start: Any, clock: Clock) -> None:
    bot_tasks(1, first=7, task="trading.tasks.tick_bot", last_run_at=datetime(2020, 1, 1, tzinfo=UTC))
    start().tick()
    assert [(task, args) for task, args, _ in sent()] == [("trading.tasks.tick_bot", [7])]


def test_a_bots_task_with_an_end_of_its_own_is_sent_as_it_is(start: Any) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    bot_tasks(1, last_run_at=long_ago, one_off=True)
    start().tick()
    assert [(task, args) for task, args, _ in sent()] == [(BOT_TASK, [1])]


def test_arguments_that_are_no_bot_do_not_stop_the_others(start: Any, clock: Clock) -> None:
    odd, broken, _ = bot_tasks(3)
    PeriodicTask.objects.filter(pk=odd.pk).update(args='["x"]', last_run_at=datetime(2020, 1, 1, tzinfo=UTC))
    PeriodicTask.objects.filter(pk=broken.pk).update(args="[", headers="{")
    PeriodicTasks.update_changed()
    scheduler = start()
    clock.now_s += EVERY_S
    scheduler.tick()
    assert sorted((task, args[0]) for task, args, _ in sent()) == [(BOT_TASK, "x"), (CHUNK_TASK, [3])]


def test_a_tick_without_changes_asks_the_database_one_thing_at_most(
    start: Any, clock: Clock, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_tasks(30)
    scheduler = start()
    scheduler.tick()
    with django_assert_num_queries(1):
        scheduler.tick()
    monkeypatch.setattr(beat, "POLL_S", 3600.0)
    scheduler.tick()
    clock.now_s += EVERY_S
    with django_assert_num_queries(0):
        scheduler.tick()
    assert len(bots_sent()) == 30


def test_only_what_changed_is_made_anew(start: Any, clock: Clock) -> None:
    _, second, third = bot_tasks(3)
    scheduler = start()
    entries = dict(scheduler.schedule)
    second.args = "[22]"
    second.save()
    third.delete()
    bot_tasks(1, first=4)
    scheduler.tick()
    assert set(scheduler.schedule) - set(HOUSEKEEPING) == {"bot 1", "bot 2", "bot 4"}
    assert scheduler.schedule["bot 1"] is entries["bot 1"]
    clock.now_s += EVERY_S
    scheduler.tick()
    assert bots_sent() == [1, 4, 22]


def test_a_bot_that_is_switched_off_is_looked_at_no_more_and_later_again(start: Any, clock: Clock) -> None:
    (task,) = bot_tasks(1)
    scheduler = start()
    for is_on, expected in ((False, []), (True, [1])):
        PeriodicTask.objects.filter(pk=task.pk).update(enabled=is_on)
        PeriodicTasks.update_changed()
        scheduler.tick()
        clock.now_s += EVERY_S
        scheduler.tick()
        assert bots_sent() == expected


def test_a_changed_interval_counts_from_the_last_look(start: Any, clock: Clock) -> None:
    (task,) = bot_tasks(1, every_s=60)
    scheduler = start()
    clock.now_s += 50
    IntervalSchedule.objects.filter(pk=task.interval_id).update(every=20)
    PeriodicTasks.update_changed()
    scheduler.tick()
    clock.now_s += 10
    scheduler.tick()
    assert [args[1:] for _, args, _ in sent()] == [[START_S + 40, 20], [START_S + 60, 20]]


def test_last_runs_are_saved_in_one_statement(start: Any, clock: Clock, django_assert_max_num_queries: Any) -> None:
    bot_tasks(100)
    scheduler = start()
    clock.now_s += EVERY_S + 1
    scheduler.tick()
    changed_at = PeriodicTasks.last_change()
    with django_assert_max_num_queries(4):
        scheduler.sync()
    saved = PeriodicTask.objects.filter(task=BOT_TASK).values_list("last_run_at", "total_run_count")
    assert set(saved) == {(datetime.fromtimestamp(START_S + EVERY_S, UTC), 1)}
    assert PeriodicTasks.last_change() == changed_at


def test_a_bot_that_was_switched_off_meanwhile_is_not_saved(start: Any, clock: Clock) -> None:
    bot_tasks(1)
    scheduler = start()
    clock.now_s += EVERY_S
    scheduler.tick()
    PeriodicTask.objects.filter(task=BOT_TASK).update(enabled=False, last_run_at=None)
    scheduler.sync()
    assert PeriodicTask.objects.get(task=BOT_TASK).last_run_at is None


def test_beat_shows_that_it_lives(start: Any) -> None:
    cache.delete("alive:beat")
    start().tick()
    assert cache.get("alive:beat") is not None


def test_housekeeping_is_there_and_an_operators_change_of_it_stays(start: Any) -> None:
    start()
    name = next(iter(HOUSEKEEPING))
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == set(HOUSEKEEPING)
    PeriodicTask.objects.filter(name=name).update(enabled=False)
    assert name not in start().schedule
    assert PeriodicTask.objects.filter(name=name).count() == 1


def test_the_next_look_is_never_further_than_the_next_question_for_changes(
    start: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "HOUSEKEEPING", {})
    assert start().tick() == app.conf.beat_max_loop_interval
    bot_tasks(1)
    scheduler = start()
    clock.now_s += EVERY_S - 0.5
    assert scheduler.tick() == pytest.approx(0.5)
    clock.now_s += 0.499
    assert scheduler.tick() == beat.LOOK_PAUSE_S


@pytest.fixture
def cut_connections() -> Iterator[Callable[[], None]]:
    """Ends all connections of this process to the database, as a restart of the server does."""

    def cut() -> None:
        with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    yield cut
    for alias in connections:
        connections[alias].close()
        connections[alias].close_pool()  # type: ignore[attr-defined]


def test_beat_goes_on_while_the_database_is_away(start: Any, clock: Clock, cut_connections: Callable[[], None]) -> None:
    (task,) = bot_tasks(1)
    scheduler = start()
    scheduler.tick()
    PeriodicTask.objects.filter(pk=task.pk).update(args="[2]")
    PeriodicTasks.update_changed()
    cut_connections()
    found = []
    for _ in range(settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] + 1):
        clock.now_s += EVERY_S
        scheduler.tick()
        found += bots_sent()
    assert len(found) == settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] + 1
    assert found[-1] == 2


def test_a_broker_that_is_away_costs_its_looks_and_nothing_else(
    start: Any, clock: Clock, gate: Gate, gated_app: Celery
) -> None:
    bot_tasks(120)
    scheduler = start(gated_app)
    clock.now_s += EVERY_S
    scheduler.tick()
    assert len(bots_sent()) == 120
    gate.shut()
    clock.now_s += EVERY_S
    scheduler.tick()
    assert scheduler.dropped == 120
    gate.open()
    clock.now_s += EVERY_S
    scheduler.tick()
    assert len(bots_sent()) == 120
    assert scheduler.dropped == 0


def test_housekeeping_waits_for_the_broker(start: Any, clock: Clock, gate: Gate, gated_app: Celery) -> None:
    scheduler = start(gated_app)
    scheduler.tick()
    due_at = max(entry.next_run_s for entry in scheduler.schedule.values())
    clock.now_s = due_at
    gate.shut()
    scheduler.tick()
    gate.open()
    clock.now_s += beat.RETRY_S
    scheduler.tick()
    assert {task for task, _, _ in sent("io")} == {task for task, _ in HOUSEKEEPING.values()}
