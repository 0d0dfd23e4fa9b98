"""How far a venue's clock is ahead of ours."""

import threading
import time
from functools import cache

CLOCK_KEPT_S = 300.0
DOUBT_AFTER_S = 10.0
"""A measurement is not doubted before."""
BEHIND_MS, AHEAD_MS = 5_000, 2_000
"""The newest quote of a venue may lie so far behind its clock, and so far before it."""


class VenueClock:
    """`known`: measured, if perhaps a while ago. `lock` belongs to whoever measures."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known = False
        self.offset_ms = 0
        self._until = 0.0
        self._measured_at = 0.0

    def is_stale(self) -> bool:
        return time.monotonic() >= self._until

    def measured(self, offset_ms: float) -> None:
        self.offset_ms = round(offset_ms)
        self.known = True
        self._measured_at = time.monotonic()
        self._until = self._measured_at + CLOCK_KEPT_S

    def compare(self, stamp_ms: int) -> None:
        """With the stamp of what the venue says is of now: where that cannot be, one of the clocks has moved, and the
        next question measures anew."""
        behind = time.time() * 1000 + self.offset_ms - stamp_ms
        is_old = time.monotonic() - self._measured_at >= DOUBT_AFTER_S
        if self.known and is_old and not -AHEAD_MS <= behind <= BEHIND_MS:
            self._until = 0.0

    def forget(self) -> None:
        self.known = False
        self._until = 0.0


@cache
def clock_of(exchange: str, testnet: bool, base_url: str) -> VenueClock:
    """One for all accounts of a venue: each measuring for itself would use up what it grants one address."""
    return VenueClock()
