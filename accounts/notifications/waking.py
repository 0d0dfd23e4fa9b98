"""Tells the workers that something waits. The caller, who may be trading, never waits for the broker."""

import logging
import os
import threading

from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

DISPATCH_TASK = "accounts.tasks_notifications.dispatch"
EXPIRES_S = 60
ASKED = "notifications-asked"
ASKED_S = 2
"""So long the workers are not asked again, unless they have begun: hundreds of bots with news at once would fill the
queue that compares the accounts."""
TROUBLE = (OperationalError, RedisError, OSError, ValueError)
"""Of a broker; redis-py may read a buffer that its reconnection closed."""
log = logging.getLogger(__name__)


class _Waker:
    """One thread, which ends with its process; while a call waits there, another would say nothing new."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._asked = threading.Event()
        self._is_running = False

    def ask(self) -> None:
        self._asked.set()
        with self._starting:
            if not self._is_running:
                threading.Thread(target=self._run, name="notifications", daemon=True).start()
                self._is_running = True

    def _run(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            _call()


def _call() -> None:
    """Without a broker nothing is lost: the sweep finds what is due."""
    try:
        if is_first():
            current_app.send_task(DISPATCH_TASK, queue="io", expires=EXPIRES_S, retry=False)
    except TROUBLE as error:
        log.info("the workers are not told that notifications wait: %s", error)


def is_first() -> bool:
    """Nobody else has asked the workers since they began last. Raises what a broker raises."""
    return bool(cache.add(ASKED, 1, ASKED_S))


def begun() -> None:
    """Call before what waits is read: whoever has news from now on asks again."""
    try:
        cache.delete(ASKED)
    except TROUBLE as error:
        log.info("the workers may be asked a little later: %s", error)


_waker = _Waker()


def wake() -> None:
    _waker.ask()


def _begin_anew() -> None:
    """A fork has no thread of its own yet."""
    global _waker
    _waker = _Waker()


os.register_at_fork(after_in_child=_begin_anew)
