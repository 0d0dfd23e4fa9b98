"""How far a venue's clock is ahead of ours."""

import threading
import time

CLOCK_KEPT_S = 300.0


class VenueClock:
    """`known`: measured, if perhaps a while ago. `lock` belongs to whoever measures."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known = False
        self.offset_ms = 0
        self._until = 0.0

    def is_stale(self) -> bool:
        return time.monotonic() >= self._until

    def measured(self, offset_ms: float) -> None:
        self.offset_ms = round(offset_ms)
        self.known = True
        self._until = time.monotonic() + CLOCK_KEPT_S

    def forget(self) -> None:
        self.known = False
        self._until = 0.0
