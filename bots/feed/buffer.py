"""Messages of one group between two frames: put in order, and complete or known not to be."""

from bots.feed.messages import Message, merged

WAITING_MAX = 2_000
PATIENCE_S = 0.5  # events of two processes may overtake each other by this much


class FeedBuffer:
    """Begins incomplete: whoever reads it fetches a snapshot first and says with `restart` which events that holds."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: dict[int, Message] = {}
        self._hole_since: float | None = None
        self.is_complete = False

    def restart(self, sequence: int | None) -> None:
        """After a snapshot that holds everything up to `sequence`; None: the next message begins the count."""
        self._next = None if sequence is None else sequence + 1
        self._waiting = {n: message for n, message in self._waiting.items() if sequence is None or n > sequence}
        self._hole_since = None
        self.is_complete = True

    def add(self, message: Message) -> None:
        number = message["sequence"]
        if self._next is not None and number < self._next:
            return
        self._waiting[number] = message
        if len(self._waiting) > WAITING_MAX:
            self._waiting.clear()
            self.is_complete = False

    def take(self, now_s: float) -> list[Message]:
        """What may be sent now, in order. Messages behind a hole wait; one that stays makes the buffer incomplete."""
        if self._next is None and self._waiting:
            self._next = min(self._waiting)
        ready = []
        while self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        self._watch_hole(now_s)
        return merged(ready)

    @property
    def is_waiting(self) -> bool:
        return bool(self._waiting)

    def _watch_hole(self, now_s: float) -> None:
        if not self._waiting:
            self._hole_since = None
        elif self._hole_since is None:
            self._hole_since = now_s
        elif now_s - self._hole_since > PATIENCE_S:
            self.is_complete = False
