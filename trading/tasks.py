"""What Celery runs. Looks at bots travel in chunks, from beat (`chainmakes.beat`) in queue `trading`; housekeeping goes
to queue `io` (`bots.schedules.install_housekeeping`).

Celery closes every task's connections at its end, which gives them back to the pool.
"""

import time
from datetime import UTC

from celery import Task, shared_task
from celery.app.task import Context
from celery.signals import task_revoked
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from bots.models import Bot
from exchanges import tape
from exchanges.models import ExchangeAccount
from trading import engine, partitions, tick_counts, ticks
from trading.metrics import looks_began

TICK_LIFE_S = 60.0  # of a full look at a bot whose interval is not known here
TAPE_WAITS_S = 10  # a step that was asked for and not begun within this may be asked for again


@shared_task
def tick_many(bot_ids: list[int], due_at: float, interval_s: float | None = None) -> None:
    """Looks at these bots, due at this UNIX time and again `interval_s` later; does nothing once that has passed.

    One bot whose price is reached gets its tick here and now, without a way through the queue.
    """
    now = timezone.now()
    if interval_s is not None and now.timestamp() - due_at >= interval_s:
        tick_counts.late_add(len(bot_ids), now)
        return
    looks_began(len(bot_ids), due_at, now)
    chunk = ticks.chunk_look(bot_ids, now)
    at_once = chunk.reached[:1]
    for bot_id in chunk.needed:
        if bot_id not in at_once:
            tick_bot.apply_async((bot_id,), expires=interval_s or TICK_LIFE_S)
    try:
        chunk.note()
        for bot_id in at_once:
            engine.run_tick(bot_id, timezone.now())
    finally:
        chunk.show()


@shared_task
def tick_bot_scheduled(bot_id: int) -> None:
    """A bot's PeriodicTask as the admin or another scheduler runs it; beat itself collects them into `tick_many`."""
    tick_many([bot_id], timezone.now().timestamp())


@shared_task
def tick_bot(bot_id: int) -> None:
    bot = Bot.objects.select_related("exchange_account").filter(pk=bot_id).first()
    if bot is None:
        return
    if tape.is_stepped(bot.exchange_account):
        _step_soon(bot.exchange_account_id)
    else:
        engine.run_tick(bot_id, timezone.now())


@shared_task
def step_tape(account_id: int) -> None:
    """Plays a replay at full speed for a while, then makes room for others."""
    cache.delete(_step_key(account_id))
    account = ExchangeAccount.objects.filter(pk=account_id).first()
    if account is None:
        return
    if ticks.step_tape(account, deadline=time.monotonic() + settings.TAPE_BURST_S, now=timezone.now):
        _step_soon(account_id)


@shared_task
def partitions_keep() -> None:
    partitions.partitions_keep(timezone.now().astimezone(UTC).date())


@shared_task
def logins_flush() -> None:
    """Sessions and tokens that have run out."""
    call_command("clearsessions")
    call_command("flushexpiredtokens")


@task_revoked.connect
def _count_expired(sender: Task, request: Context, expired: bool, **kwargs: object) -> None:
    """Chunks that lay in the queue until their bots were due again never reach `tick_many`."""
    if expired and sender.name == tick_many.name:
        tick_counts.late_add(len(request.args[0]), timezone.now())


def _step_soon(account_id: int) -> None:
    """One waiting step an account, however many of its bots ask."""
    if cache.add(_step_key(account_id), True, TAPE_WAITS_S):
        step_tape.delay(account_id)


def _step_key(account_id: int) -> str:
    return f"step-waits:{account_id}"
