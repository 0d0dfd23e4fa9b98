"""Tells the workers that something waits. The caller, who may be trading, never waits for the broker."""

import logging
import os
import threading

from celery import current_app
from kombu.exceptions import OperationalError

DISPATCH_TASK = "accounts.tasks_notifications.dispatch"
EXPIRES_S = 60
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
        current_app.send_task(DISPATCH_TASK, queue="io", expires=EXPIRES_S, retry=False)
    except (OperationalError, OSError, ValueError) as error:  # redis-py may read a buffer that its reconnection closed
        log.info("the workers are not told that notifications wait: %s", error)


_waker = _Waker()


def wake() -> None:
    _waker.ask()


def _begin_anew() -> None:
    """A fork has no thread of its own yet."""
    global _waker
    _waker = _Waker()


os.register_at_fork(after_in_child=_begin_anew)
