"""Searches as Celery runs them: chunks in queue `compute`, each task going on with the next one when it is done."""

import time
from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.utils import timezone

from trading.searches import chunks, services
from trading.searches.chunks import Next

WAIT_S = 0.3
GRACE_S = 60  # for code of a strategy that does not stop when it is told to
QUEUE = "compute"


@shared_task(
    acks_late=True,
    reject_on_worker_lost=True,
    soft_time_limit=settings.BACKTEST_TIME_LIMIT_S,
    time_limit=settings.BACKTEST_TIME_LIMIT_S + GRACE_S,
)
def search_chunk(backtest_id: int, taken_up: int) -> None:
    following = chunks.chunk_run(backtest_id, taken_up, now=timezone.now, timer=time.monotonic)
    if following is not Next.END:
        services.send(backtest_id, taken_up, countdown=WAIT_S if following is Next.WAIT else 0)


@shared_task
def searches_sweep() -> None:
    """Every minute (`bots.schedules.install_housekeeping`)."""
    services.searches_sweep(timezone.now())


@shared_task
def searches_take_up() -> None:
    """When workers start: those that ran before may have been killed a moment ago."""
    services.searches_sweep(timezone.now(), dead_after=timedelta())


@worker_ready.connect
def _take_up(sender: Any, **kwargs: object) -> None:
    if QUEUE in sender.app.amqp.queues.consume_from:
        searches_take_up.delay()
