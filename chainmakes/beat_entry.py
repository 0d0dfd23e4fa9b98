"""One PeriodicTask in beat's memory. Times are UNIX times in seconds."""

from datetime import UTC, datetime, timedelta

from celery import Celery, schedules
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from bots.schedules import BOT_TASK

LOOK_PAUSE_S = 0.05  # between two looks at the queue: what falls due meanwhile travels together


class BeatEntry(ModelEntry):
    """On an interval it keeps to a fixed grid of times, so that bots stay as spread out as they began."""

    def __init__(self, model: PeriodicTask, app: Celery | None = None) -> None:
        super().__init__(model, app=app)
        self.every_s = self._interval_s()
        self.bot_id = self._bot_id()

    @property
    def is_bot(self) -> bool:
        return self.bot_id is not None

    @property
    def is_plain(self) -> bool:
        """Every so often, for ever, and nothing else."""
        return bool(self.every_s) and not (self.model.start_time or self.model.expires or self.model.one_off)

    @property
    def next_run_s(self) -> float:
        """For entries on an interval."""
        return self.last_run_at.timestamp() + (self.every_s or 0.0)

    def wait_s(self, now_s: float) -> float:
        """Until it is due; 0: now."""
        if self.is_plain:
            return max(self.next_run_s - now_s, 0.0)
        is_due, next_s = self.is_due()
        return 0.0 if is_due else max(next_s or 0.0, LOOK_PAUSE_S)

    def ran(self, now_s: float) -> None:
        """It is done for the newest time that was due; older ones that were missed are not made up for."""
        if self.every_s:
            self._advance(max(self._intervals_since(now_s), 1))
        else:
            self._set_last_run(datetime.fromtimestamp(now_s, UTC))
        self.model.total_run_count += 1

    def skip_missed(self, now_s: float) -> None:
        """After a standstill each bot waits for its own next time instead of all being due at once."""
        if self.is_bot:
            self._advance(max(self._intervals_since(now_s), 0))

    def _intervals_since(self, now_s: float) -> int:
        return int((now_s - self.last_run_at.timestamp()) // (self.every_s or 1.0))

    def _advance(self, intervals: int) -> None:
        self._set_last_run(self.last_run_at + intervals * timedelta(seconds=self.every_s or 0.0))

    def _set_last_run(self, at: datetime) -> None:
        self.last_run_at = self.model.last_run_at = at

    def _interval_s(self) -> float | None:
        is_interval = type(self.schedule) is schedules.schedule
        return self.schedule.run_every.total_seconds() or None if is_interval else None

    def _bot_id(self) -> int | None:
        if self.task != BOT_TASK or not self.is_plain:
            return None
        match self.args:
            case [int(bot_id)]:
                return bot_id
        return None
