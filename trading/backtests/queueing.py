"""Handing work to the compute workers, so that it is never lost and never an error for the user when Redis is away."""

import logging
from typing import Final

from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis import RedisError

log = logging.getLogger(__name__)

RUN_TASK: Final = "trading.tasks_backtests.backtest_run"
SENT_S: Final = 600
"""What was sent and not begun within this is sent again (`sweep`): the broker may have forgotten it."""


def send(task: str, backtest_id: int) -> None:
    try:
        current_app.send_task(task, (backtest_id,))
        cache.set(_key(task, backtest_id), True, SENT_S)
    except (OperationalError, RedisError, OSError):
        log.exception("%s %s waits in the database: the queue does not answer", task, backtest_id)


def is_sent(task: str, backtest_id: int) -> bool:
    """Lately. False where Redis does not know any more."""
    return cache.get(_key(task, backtest_id)) is not None


def _key(task: str, backtest_id: int) -> str:
    return f"sent:{task}:{backtest_id}"
