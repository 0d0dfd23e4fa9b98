"""Each bot's own PeriodicTask: made with the bot, running while it has anything to look at, gone with it.

Changes are single statements by PostgreSQL's clock, told to beat once (`PeriodicTasks.update_changed`), for one bot as
for thousands.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import (
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Mod, Now
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils.translation import gettext_noop
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from accounts.audit import record
from accounts.models import User
from bots.models import Bot, BotSchedule, BotStatus, Intent, IntentStatus
from trading.core.order_state import UNSETTLED
from trading.models import Order, Position, Trade, TradeStatus

BOT_TASK = "trading.tasks.tick_bot_scheduled"
CHUNK_TASK = "trading.tasks.tick_many"

_GOLDEN = 0.6180339887498949

HOUSEKEEPING = {
    gettext_noop("Reconciliation of the accounts"): (
        "trading.tasks_reconciliation.accounts_reconcile_all",
        timedelta(minutes=1),
    ),
    gettext_noop("Partitions of the spread history"): ("trading.tasks.partitions_keep", timedelta(hours=1)),
    gettext_noop("Equity of the accounts"): ("trading.tasks_risk.equity_snapshots", timedelta(minutes=1)),
    gettext_noop("Thinning of equity snapshots"): ("trading.tasks_risk.equity_thin", timedelta(hours=1)),
    gettext_noop("Thinning of the journals"): ("trading.tasks_journal.journals_thin_all", timedelta(days=1)),
    gettext_noop("Health of open pairs"): ("trading.tasks_risk.pairs_watch", timedelta(minutes=1)),
    gettext_noop("Orders by hand"): ("trading.tasks_manual_orders.orders_by_hand_settle", timedelta(seconds=10)),
    gettext_noop("Interrupted back-tests"): ("trading.tasks_backtests.backtests_sweep", timedelta(minutes=1)),
    gettext_noop("Interrupted searches"): ("trading.tasks_searches.searches_sweep", timedelta(minutes=1)),
    gettext_noop("Interrupted scans"): ("trading.tasks_scans.scans_sweep", timedelta(minutes=1)),
    gettext_noop("Interrupted downloads"): ("exchanges.tasks.downloads_sweep", timedelta(minutes=1)),
    gettext_noop("Ended log-ins"): ("trading.tasks.logins_flush", timedelta(days=1)),
    gettext_noop("Log-ins of long ago"): ("accounts.tasks.forget_old_logins", timedelta(days=1)),
    gettext_noop("Notifications that wait"): ("accounts.tasks_notifications.sweep", timedelta(seconds=10)),
    gettext_noop("Notifications of long ago"): ("accounts.tasks_notifications.forget_old", timedelta(days=1)),
    gettext_noop("Daily summaries"): ("trading.tasks_notifications.daily_summaries", timedelta(minutes=10)),
    gettext_noop("Limits and margins that are near"): (
        "trading.tasks_notifications.limits_watch",
        timedelta(minutes=1),
    ),
}


def needs_ticks(bot: Bot) -> bool:
    """Running: always. Paused or in error: to guard a position or finish something. Stopped: to finish something."""
    return _needing_ticks().filter(pk=bot.pk).exists()


def schedule_create(bot: Bot) -> None:
    """Switched off until the bot needs it; one that is there already is brought up to date."""
    if BotSchedule.objects.filter(bot=bot).exists():
        schedule_update(bot)
        return
    task = PeriodicTask.objects.create(
        name=f"bot {bot.pk}", task=BOT_TASK, args=f"[{bot.pk}]", enabled=False, **_settings_of(bot)
    )
    BotSchedule.objects.create(bot=bot, periodic_task=task)


def schedule_enable(bot: Bot) -> None:
    """The first look comes within one interval, at this bot's own place in it."""
    if not BotSchedule.objects.filter(bot=bot).exists():
        schedule_create(bot)
    _switch([bot.pk], on=True)


def schedule_disable(bot: Bot) -> None:
    _switch([bot.pk], on=False)


def schedule_refresh(bot: Bot) -> None:
    """Call after every change of status, position, orders or intents: on or off as `needs_ticks` says."""
    schedules_refresh([bot.pk])


def schedules_refresh(bot_ids: Collection[int] | None = None) -> None:
    """The same for many bots, or for all."""
    chosen = Bot.objects.filter(deleted_at=None) if bot_ids is None else Bot.objects.filter(pk__in=bot_ids)
    for bot in chosen.filter(schedule=None):
        schedule_create(bot)
    wanted = set(_needing_ticks().filter(pk__in=chosen).values_list("pk", flat=True))
    _switch(wanted, on=True)
    _switch(set(chosen.values_list("pk", flat=True)) - wanted, on=False)


def schedule_update(bot: Bot) -> None:
    """After a change of the bot's name or interval."""
    with transaction.atomic():
        PeriodicTask.objects.filter(bot_schedule__bot=bot).update(**_settings_of(bot), date_changed=Now())
        PeriodicTasks.update_changed()


def schedule_delete(bot: Bot) -> None:
    PeriodicTask.objects.filter(bot_schedule__bot=bot).delete()


def install_housekeeping() -> None:
    """The installation's own periodic tasks; those that an operator has changed or switched off stay so."""
    for name, (task, every) in HOUSEKEEPING.items():
        half = int(every.total_seconds()) // 2
        fields = {"task": task, "interval": _interval(every), "expire_seconds": half, "queue": "io"}
        PeriodicTask.objects.get_or_create(name=name, defaults=fields)


def housekeeping_switch(*, actor: User, names: Iterable[str], is_on: bool) -> int:
    """Switches the installation's own periodic tasks, never a bot's; how many changed."""
    with transaction.atomic():
        own = PeriodicTask.objects.filter(bot_schedule=None, name__in=list(names)).exclude(enabled=is_on)
        changed = list(own.select_for_update(of=("self",)))
        PeriodicTask.objects.filter(pk__in=[task.pk for task in changed]).update(enabled=is_on, date_changed=Now())
        for task in changed:
            record(actor=actor, action="schedule.on" if is_on else "schedule.off", target=task)
        if changed:
            PeriodicTasks.update_changed()
    return len(changed)


@receiver(post_delete, sender=BotSchedule)
def _forget_task(instance: BotSchedule, **kwargs: Any) -> None:
    """However a bot is deleted, its PeriodicTask goes with it."""
    PeriodicTask.objects.filter(pk=instance.periodic_task_id).delete()


def _needing_ticks() -> QuerySet[Bot]:
    of_bot = {"bot": OuterRef("pk")}
    unfinished = (
        Exists(Order.objects.filter(**of_bot, status__in=UNSETTLED))
        | Exists(Trade.objects.filter(**of_bot, status=TradeStatus.WORKING))
        | Exists(Intent.objects.filter(**of_bot, status=IntentStatus.WAITING))
    )
    holds = Q(level__gt=0) | Exists(Position.objects.filter(**of_bot, is_open=True))
    guards = Q(status__in=[BotStatus.PAUSED, BotStatus.ERROR]) & holds
    return Bot.objects.filter(Q(status=BotStatus.RUNNING) | guards | unfinished)


def _switch(bot_ids: Iterable[int], *, on: bool) -> None:
    """Touches only those that are not so already: a bot that stays on keeps its rhythm."""
    tasks = PeriodicTask.objects.filter(bot_schedule__bot__in=list(bot_ids), enabled=not on)
    with transaction.atomic():
        changed = tasks.update(enabled=on, last_run_at=_a_place_in_the_interval() if on else None, date_changed=Now())
        if changed:
            PeriodicTasks.update_changed()


def _a_place_in_the_interval() -> ExpressionWrapper:
    """A last run within the past interval, so that a thousand bots started at once do not come as a crowd: multiples
    of the golden ratio spread evenly, however many there are."""
    every = Subquery(IntervalSchedule.objects.filter(pk=OuterRef("interval_id")).values("every")[:1])
    share = Mod(F("pk") * Value(_GOLDEN), Value(1.0), output_field=FloatField())
    back = ExpressionWrapper(every * share * Value(timedelta(seconds=1)), DurationField())
    return ExpressionWrapper(Now() - back, DateTimeField())


def _settings_of(bot: Bot) -> dict[str, Any]:
    """A look that nobody took up before the next one is due is not taken up at all."""
    return {
        "interval": _interval(timedelta(seconds=bot.tick_interval)),
        "expire_seconds": max(1, bot.tick_interval - 1),
        "description": bot.bot_name,
    }


def _interval(every: timedelta) -> IntervalSchedule:
    """The table allows doubles; the oldest row of a kind is used."""
    fields = {"every": int(every.total_seconds()), "period": IntervalSchedule.SECONDS}
    return IntervalSchedule.objects.filter(**fields).order_by("pk").first() or IntervalSchedule.objects.create(**fields)
