"""A running back-test's signs of life, and the wish to cancel it."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final, Self

from django.db import Error, connection

from trading.backtests import progress
from trading.models import Backtest

log = logging.getLogger(__name__)

BEAT_S: Final = 1.0


class Canceled(Exception):
    """The user does not want the result any more."""


class Watch:
    """While it is open, the row says every second that its worker lives, and how far that has come.

    From a thread of its own: a strategy's code may take its time before it says anything.
    """

    def __init__(self, backtest: Backtest, now: Callable[[], datetime], beat_s: float = BEAT_S) -> None:
        self._backtest, self._now, self._beat_s = backtest, now, beat_s
        self._over = threading.Event()
        self._is_cancel_wanted = backtest.is_cancel_wanted
        self._thread = threading.Thread(target=self._run, name=f"backtest-{backtest.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def progress(self, done: int, total: int) -> None:
        """Raises Canceled."""
        self._backtest.done, self._backtest.total = done, total
        if self._is_cancel_wanted:
            raise Canceled

    def _run(self) -> None:
        try:
            while not self._over.wait(self._beat_s):
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        """A database that is away for a moment costs signs of life, not the result."""
        row = self._backtest
        rows = Backtest.objects.filter(pk=row.pk)
        try:
            rows.filter(started_at=row.started_at).update(alive_at=self._now(), done=row.done, total=row.total)
            found = rows.values_list("is_cancel_wanted", "started_at").first()
        except Error:
            log.exception("back-test %s could not say that it is alive", row.pk)
            connection.close()
            return
        if found is not None:
            is_wanted, started_at = found
            self._is_cancel_wanted = is_wanted or started_at != row.started_at  # then another worker has it
        progress.publish(row)
