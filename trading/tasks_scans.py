"""Scans as Celery runs them: chunks in queue `compute`, each task going on with the next one when it is done; books in
queue `io`."""

import time
from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.utils import timezone

from trading.scans import chunks, liquidity, services
from trading.scans.chunks import Next

COUNTDOWNS_S = {Next.GO_ON: 0.0, Next.WAIT: 0.5, Next.DOWNLOADS: 3.0}
GRACE_S = 60
QUEUE = "compute"


@shared_task(
    acks_late=True,
    reject_on_worker_lost=True,
    soft_time_limit=settings.BACKTEST_TIME_LIMIT_S,
    time_limit=settings.BACKTEST_TIME_LIMIT_S + GRACE_S,
)
def scan_chunk(scan_id: int, taken_up: int) -> None:
    following = chunks.chunk_run(scan_id, taken_up, now=timezone.now, timer=time.monotonic)
    if following is not Next.END:
        services.send(scan_id, taken_up, countdown=COUNTDOWNS_S[following])


@shared_task
def scan_books(scan_id: int) -> None:
    liquidity.books_read(scan_id, timezone.now())


@shared_task
def scans_sweep() -> None:
    """Every minute (`bots.schedules.install_housekeeping`)."""
    services.scans_sweep(timezone.now())


@shared_task
def scans_take_up() -> None:
    """When workers start: those that ran before may have been killed a moment ago."""
    services.scans_sweep(timezone.now(), dead_after=timedelta())


@worker_ready.connect
def _take_up(sender: Any, **kwargs: object) -> None:
    if QUEUE in sender.app.amqp.queues.consume_from:
        scans_take_up.delay()
