"""Each bot's PeriodicTask follows the bot's life."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from bots import schedules
from bots.models import Bot, BotSchedule, BotStatus, Intent, IntentKind, IntentStatus
from bots.tests.factories import GALA, make_bot, make_paper_account
from trading.core.order_state import OrderStatus
from trading.models import Order, Position, Purpose

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def task_of(bot: Bot) -> PeriodicTask:
    return PeriodicTask.objects.get(bot_schedule__bot=bot)


def add_order(bot: Bot, status: OrderStatus) -> Order:
    return Order.objects.create(
        account=bot.exchange_account,
        bot=bot,
        purpose=Purpose.OPEN,
        client_order_id=f"order{bot.pk}",
        symbol=GALA,
        side="buy",
        order_type="ioc",
        amount=Decimal(1),
        status=status,
        market_time=LONG_AGO,
    )


def test_a_new_schedule_is_off_and_names_its_bot() -> None:
    bot = make_bot(tick_interval=7)
    schedules.schedule_create(bot)
    task = task_of(bot)
    assert (task.name, task.task, task.args, task.enabled) == (
        f"bot {bot.pk}",
        schedules.BOT_TASK,
        f"[{bot.pk}]",
        False,
    )
    assert (task.interval.every, task.interval.period, task.expire_seconds) == (7, "seconds", 6)


def test_creating_twice_brings_it_up_to_date() -> None:
    bot = make_bot(tick_interval=5)
    schedules.schedule_create(bot)
    bot.tick_interval = 20
    schedules.schedule_create(bot)
    assert PeriodicTask.objects.count() == 1
    assert task_of(bot).interval.every == 20


def test_bots_of_one_interval_share_its_row() -> None:
    for _ in range(3):
        schedules.schedule_create(make_bot())
    assert IntervalSchedule.objects.count() == 1


def test_enabling_tells_beat_once_and_changes_nothing_the_second_time() -> None:
    bot = make_bot()
    schedules.schedule_enable(bot)
    told, ran = PeriodicTasks.last_change(), task_of(bot).last_run_at
    assert task_of(bot).enabled
    schedules.schedule_enable(bot)
    assert (PeriodicTasks.last_change(), task_of(bot).last_run_at) == (told, ran)


def test_the_first_look_comes_within_an_interval_and_bots_are_spread_over_it() -> None:
    account = make_paper_account()
    bots = [make_bot(account=account, tick_interval=10) for _ in range(20)]
    for bot in bots:
        schedules.schedule_create(bot)
    schedules.schedules_refresh([])
    Bot.objects.update(status=BotStatus.RUNNING)
    schedules.schedules_refresh()
    ran = sorted(PeriodicTask.objects.values_list("last_run_at", flat=True))
    assert ran[-1] - ran[0] < timedelta(seconds=10)
    assert max(later - earlier for earlier, later in pairwise(ran)) < timedelta(seconds=1.5)


def test_disabling() -> None:
    bot = make_bot()
    schedules.schedule_enable(bot)
    before = PeriodicTasks.last_change()
    schedules.schedule_disable(bot)
    assert not task_of(bot).enabled
    assert task_of(bot).last_run_at is None
    assert PeriodicTasks.last_change() > before


def test_a_new_interval_and_name_reach_the_task() -> None:
    bot = make_bot(tick_interval=5)
    schedules.schedule_enable(bot)
    before = PeriodicTasks.last_change()
    bot.tick_interval, bot.bot_name = 30, "Another name"
    schedules.schedule_update(bot)
    task = task_of(bot)
    assert (task.interval.every, task.expire_seconds, task.description) == (30, 29, "Another name")
    assert task.enabled
    assert PeriodicTasks.last_change() > before


def test_deleting_the_schedule() -> None:
    bot = make_bot()
    schedules.schedule_create(bot)
    schedules.schedule_delete(bot)
    assert not PeriodicTask.objects.exists()
    assert not BotSchedule.objects.exists()


@pytest.mark.parametrize("delete", [lambda bot: bot.delete(), lambda bot: Bot.objects.filter(pk=bot.pk).delete()])
def test_the_task_goes_with_its_bot(delete: Any) -> None:
    bot, other = make_bot(), make_bot()
    for each in (bot, other):
        schedules.schedule_create(each)
    delete(bot)
    assert list(PeriodicTask.objects.values_list("bot_schedule__bot", flat=True)) == [other.pk]


@pytest.mark.parametrize(
    ("status", "in_position", "expected"),
    [
        (BotStatus.RUNNING, False, True),
        (BotStatus.RUNNING, True, True),
        (BotStatus.PAUSED, False, False),
        (BotStatus.PAUSED, True, True),
        (BotStatus.ERROR, False, False),
        (BotStatus.ERROR, True, True),
        (BotStatus.STOPPED, False, False),
        (BotStatus.STOPPED, True, False),
    ],
)
def test_who_needs_looks(status: str, in_position: bool, expected: bool) -> None:
    level, side = (1, -1) if in_position else (0, 0)
    bot = make_bot(status=status, level=level, side=side)
    assert schedules.needs_ticks(bot) is expected


@pytest.mark.parametrize("status", [BotStatus.PAUSED, BotStatus.STOPPED, BotStatus.ERROR])
def test_whoever_has_something_to_finish_needs_looks(status: str) -> None:
    bot = make_bot(status=status)
    order = add_order(bot, OrderStatus.UNKNOWN)
    assert schedules.needs_ticks(bot)
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.DENIED)
    assert not schedules.needs_ticks(bot)
    intent = Intent.objects.create(bot=bot, kind=IntentKind.CLOSE)
    assert schedules.needs_ticks(bot)
    Intent.objects.filter(pk=intent.pk).update(status=IntentStatus.DONE)
    assert not schedules.needs_ticks(bot)


def test_a_leg_that_is_left_over_needs_looks() -> None:
    bot = make_bot(status=BotStatus.ERROR)
    Position.objects.create(
        bot=bot,
        account=bot.exchange_account,
        cycle_number=1,
        leg=1,
        symbol=GALA,
        side="long",
        amount=Decimal(1),
        cost=Decimal(1),
        entry_price=Decimal(1),
        opened_at=LONG_AGO,
    )
    assert schedules.needs_ticks(bot)


def test_refreshing_switches_as_needed_for_one_and_for_all() -> None:
    account = make_paper_account()
    running, paused = make_bot(account=account, status=BotStatus.RUNNING), make_bot(account=account)
    schedules.schedule_enable(paused)
    schedules.schedule_refresh(running)
    assert task_of(running).enabled
    assert task_of(paused).enabled
    schedules.schedules_refresh()
    assert task_of(running).enabled
    assert not task_of(paused).enabled


def test_refreshing_many_is_a_fixed_number_of_statements(django_assert_max_num_queries: Any) -> None:
    account = make_paper_account()
    bots = [make_bot(account=account, status=BotStatus.RUNNING) for _ in range(20)]
    for bot in bots:
        schedules.schedule_create(bot)
    with django_assert_max_num_queries(14):
        schedules.schedules_refresh([bot.pk for bot in bots])
    assert PeriodicTask.objects.filter(enabled=True).count() == 20


def test_housekeeping_is_installed_once() -> None:
    schedules.install_housekeeping()
    schedules.install_housekeeping()
    tasks = PeriodicTask.objects.values_list("name", "task", "queue", "enabled")
    assert set(tasks) == {(name, task, "io", True) for name, (task, _) in schedules.HOUSEKEEPING.items()}
