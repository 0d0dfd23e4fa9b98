"""Back-tests as Celery runs them: queue `compute`, where every process is warm before its first one comes."""

import logging

from celery import shared_task
from celery.signals import worker_process_init
from django.conf import settings
from django.utils import timezone

from trading.backtests import running, sweep, warming

log = logging.getLogger(__name__)

GRACE_S = 60  # for code that does not stop when it is told to


@shared_task(soft_time_limit=settings.BACKTEST_TIME_LIMIT_S, time_limit=settings.BACKTEST_TIME_LIMIT_S + GRACE_S)
def backtest_run(backtest_id: int) -> None:
    running.backtest_run(backtest_id, timezone.now)


@shared_task
def backtests_sweep() -> None:
    """Every minute (`bots.schedules.install_housekeeping`)."""
    sweep.backtests_sweep(timezone.now())


@worker_process_init.connect
def _warm(**kwargs: object) -> None:
    """Only the compute workers have processes of their own; after the fork, as Polars' threads do not survive one."""
    try:
        warming.warm_up(_say_slower)
    except Exception:  # a compiler's faults are of every kind, and a worker that cannot be warmed still works
        _say_slower()


def _say_slower() -> None:
    log.exception("the first back-test of its kind in this process will be slower")
