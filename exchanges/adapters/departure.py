"""Orders that leave together: each is made ready and signed first, then all of them go, so that little time lies
between the legs of a pair."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WAIT_S = 0.1
"""An order that is held up (by a budget, a lost connection) keeps the others for so long and no longer."""

_leave: ContextVar[Callable[[], None] | None] = ContextVar("leave", default=None)


class Departure:
    """Of so many orders, each in a thread of its own."""

    def __init__(self, orders: int) -> None:
        self._missing = orders
        self._lock = threading.Lock()
        self._gone = threading.Event()

    def ready(self) -> None:
        """One order more is ready, or will never be."""
        with self._lock:
            self._missing -= 1
            if self._missing <= 0:
                self._gone.set()

    def wait(self) -> None:
        self._gone.wait(WAIT_S)


@contextmanager
def leaving(leave: Callable[[], None]) -> Iterator[None]:
    """What this thread sends in the block calls `leave` first."""
    token = _leave.set(leave)
    try:
        yield
    finally:
        _leave.reset(token)


def leave() -> None:
    """Called when a signed request is about to be written to the wire."""
    if (wait := _leave.get()) is not None:
        wait()
