"""Beat for thousands of bots: django-celery-beat's tables, read and written in bulk, due bots handed over in chunks.

The stock scheduler compares its whole schedule, and asks the database for changes, before every single dispatch, and
saves its rows one by one: with thousands of bots it falls behind. This one takes everything that is due in one go,
looks for changes once a second and builds anew only the entries that differ.
"""

import heapq
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from celery.beat import SchedulingError, event_t
from celery.utils.log import get_logger
from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import close_old_connections, connection, transaction
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from kombu.exceptions import OperationalError as BrokerTrouble
from redis.exceptions import RedisError

from bots.schedules import CHUNK_TASK, install_housekeeping
from chainmakes.beat_entry import LOOK_PAUSE_S, BeatEntry
from chainmakes.health import mark_alive
from chainmakes.queues import queue_depths

log = get_logger(__name__)

POLL_S = 1.0  # between two questions for changes
FULL_POLL_S = 300.0  # for changes that nobody announced
RETRY_S = 5.0
REPORT_S = 10.0  # between two signs of life
SYNC_S = 60
ROWS_PER_STATEMENT = 2_000
LIFE_OF_A_LOOK = 0.9  # of its interval: a look not taken up within this is dropped
BACKLOG_MOST, BACKLOG_OVER = 100, 5  # chunks in the queue: from so many on none are added until it is down to so few
BACKLOG_LOOK_S = 1.0

# What an entry is made of. Rows that agree in all of it are the same entry.
DEFINITION = (
    "pk",
    "name",
    "task",
    "args",
    "kwargs",
    "queue",
    "exchange",
    "routing_key",
    "headers",
    "priority",
    "expires",
    "expire_seconds",
    "one_off",
    "start_time",
    "interval__every",
    "interval__period",
    "crontab__minute",
    "crontab__hour",
    "crontab__day_of_week",
    "crontab__day_of_month",
    "crontab__month_of_year",
    "crontab__timezone",
    "solar__event",
    "solar__latitude",
    "solar__longitude",
    "clocked__clocked_time",
)
KINDS = ("interval", "crontab", "solar", "clocked")

Definition = tuple[Any, ...]
T = TypeVar("T")


class BotScheduler(DatabaseScheduler):
    """Survives restarts of database and broker: it goes on with what it knows and drops the looks that nobody takes."""

    Entry = BeatEntry
    sync_every = SYNC_S
    clock = staticmethod(time.time)

    _schedule: dict[str, BeatEntry]
    _heap: list[event_t]
    _dirty: set[str]
    _initial_read: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._definitions: dict[str, Definition] = {}
        self._announced: datetime | None = None
        self._next_poll = self._next_full_poll = self._next_report = 0.0
        self._database_away = self._broker_away = self._is_saving = self._is_behind = False
        self._next_backlog_look = 0.0
        self._held: dict[str, BeatEntry] = {}
        self.dropped = 0  # looks not handed over since the broker went away
        super().__init__(*args, **kwargs)

    @property
    def schedule(self) -> dict[str, BeatEntry]:
        if self._initial_read:
            self._schedule, self._heap = {}, []
            self._announced = self.Changes.last_change()
            self._read_changes()
            self._initial_read = False
        return self._schedule

    def install_default_entries(self, data: Any) -> None:
        install_housekeeping()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Hands over everything that is due; returns the seconds until the next look."""
        self._report_alive()
        self._follow_changes()
        now_s = self.clock()
        due = list(self._take_due(now_s))
        self._hand_over_bots([entry for entry in due if entry.is_bot], now_s)
        for entry in due:
            if not entry.is_bot:
                self._hand_over(entry, now_s)
        if not self._heap:
            return self.max_interval
        return min(max(self._heap[0].time - self.clock(), LOOK_PAUSE_S), self.max_interval)

    def sync(self) -> None:
        """Saves when each entry ran last, in bulk; what could not be saved is saved next time.

        Celery also calls this from its signal handlers: a second signal must not disturb the first one's saving.
        """
        entries = [self._schedule[name] for name in self._dirty if name in self._schedule]
        if self._is_saving or not entries:
            return
        self._is_saving = True
        try:
            close_old_connections()
            for rows in _batches(entries, ROWS_PER_STATEMENT):
                _save_runs(rows)
            self._dirty.clear()
        except DatabaseTrouble as error:
            log.error("the times of the last runs are not saved now (%s)", error)
        finally:
            self._is_saving = False

    def _report_alive(self) -> None:
        if time.monotonic() >= self._next_report:
            mark_alive("beat")
            self._next_report = time.monotonic() + REPORT_S

    # --- changes ---

    def _follow_changes(self) -> None:
        """Asks the database at most once a second; while it does not answer, the schedule stays as it is."""
        if time.monotonic() < self._next_poll:
            return
        try:
            close_old_connections()
            self._poll()
        except DatabaseTrouble as error:
            if not self._database_away:
                log.error("the database does not answer (%s): the schedule stays as it is", error)
            self._database_away = True
        else:
            self._database_away = False
        self._next_poll = time.monotonic() + POLL_S

    def _poll(self) -> None:
        announced = self.Changes.last_change()
        if announced == self._announced and time.monotonic() < self._next_full_poll:
            return
        self._read_changes()
        self._announced = announced

    def _read_changes(self) -> None:
        """Compares each enabled row with what its entry was made of, and makes anew only what differs."""
        found = {row[1]: row for row in self.Model.objects.enabled().values_list(*DEFINITION)}
        for name in self._definitions.keys() - found.keys():
            self._schedule.pop(name, None)
            self._dirty.discard(name)
        changed = [name for name, row in found.items() if self._definitions.get(name) != row]
        replaced = {name: self._schedule.pop(name, None) for name in changed}
        for names in _batches(changed, ROWS_PER_STATEMENT):
            for model in self.Model.objects.enabled().filter(name__in=names).select_related(*KINDS):
                self._put(model, replaced.get(model.name))
        self._definitions = {name: row for name, row in found.items() if name in self._schedule}
        self._next_full_poll = time.monotonic() + FULL_POLL_S

    def _put(self, model: PeriodicTask, replaced: BeatEntry | None) -> None:
        """What ran last is known better here than in the row, which is saved now and then."""
        if replaced is not None and replaced.model.pk == model.pk:
            model.last_run_at, model.total_run_count = replaced.model.last_run_at, replaced.model.total_run_count
        try:
            entry = self.Entry(model, app=self.app)
        except ValueError:
            log.exception("%s cannot be scheduled", model.name)
            return
        self._schedule[model.name] = entry
        if replaced is None:
            entry.skip_missed(self.clock())
        self._queue(entry, self.clock())

    # --- the queue: (UNIX time, priority, entry); replaced and removed entries stay in it until their time ---

    def _queue(self, entry: BeatEntry, now_s: float) -> None:
        at = entry.next_run_s if entry.every_s else now_s + self._wait_s(entry, now_s)
        heapq.heappush(self._heap, event_t(at, 5, entry))

    def _queue_again(self, entry: BeatEntry, at_s: float) -> None:
        heapq.heappush(self._heap, event_t(at_s, 5, entry))

    def _take_due(self, now_s: float) -> Iterator[BeatEntry]:
        """Takes each due entry from the queue; bots are put back at once with their next time."""
        while self._heap and self._heap[0].time <= now_s:
            entry: BeatEntry = heapq.heappop(self._heap).entry
            if self._schedule.get(entry.name) is not entry:
                continue
            wait_s = self._wait_s(entry, now_s)
            if wait_s > 0:
                self._queue_again(entry, now_s + wait_s)
                continue
            if entry.is_bot:
                self._done(entry, now_s)
            yield entry

    def _wait_s(self, entry: BeatEntry, now_s: float) -> float:
        """An entry whose time cannot be told is asked again later."""
        try:
            return entry.wait_s(now_s)
        except (DatabaseTrouble, ValueError):
            log.exception("cannot tell when %s is due", entry.name)
            return RETRY_S

    def _done(self, entry: BeatEntry, now_s: float) -> None:
        entry.ran(now_s)
        self._dirty.add(entry.name)
        self._queue(entry, now_s)

    # --- handing over ---

    def _hand_over(self, entry: BeatEntry, now_s: float) -> None:
        """One that could not be handed over is due again shortly."""
        try:
            self.apply_async(entry, advance=False)
        except SchedulingError:
            log.exception("%s is tried again in %s s", entry.name, RETRY_S)
            self._queue_again(entry, now_s + RETRY_S)
        else:
            self._done(entry, now_s)

    def _hand_over_bots(self, entries: list[BeatEntry], now_s: float) -> None:
        """In chunks of one interval each. When the broker does not answer, the rest is dropped at once.

        Workers that cannot keep up would only throw away chunks that grew too old in the queue, and come to none that
        is fresh: while they are behind, bots are kept here, each once, and then travel in full chunks.
        """
        were_held = bool(self._held)
        self._held |= {entry.name: entry for entry in entries}
        if self._workers_are_behind():
            return
        entries = [entry for name, entry in self._held.items() if self._schedule.get(name) is entry]
        self._held = {}
        by_interval: dict[float, list[BeatEntry]] = defaultdict(list)
        for entry in entries:
            by_interval[entry.every_s or 0.0].append(entry)
        waiting = len(entries)
        try:
            for every_s, those in by_interval.items():
                for chunk in _batches(those, settings.TICK_CHUNK):
                    self._send_chunk(chunk, every_s, now_s, were_held)
                    waiting -= len(chunk)
        except BrokerTrouble as error:
            self._drop(waiting, error)

    def _send_chunk(self, chunk: list[BeatEntry], every_s: float, now_s: float, were_held: bool) -> None:
        due_at = now_s if were_held else min(entry.last_run_at.timestamp() for entry in chunk)
        life_s = due_at + every_s * LIFE_OF_A_LOOK - now_s
        self.app.send_task(
            CHUNK_TASK,
            args=[[entry.bot_id for entry in chunk], due_at, every_s],
            expires=max(life_s, LOOK_PAUSE_S),
            queue="trading",
            retry=True,
            retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0},
        )
        if self._broker_away:
            log.warning("the broker answers again; %d looks were dropped", self.dropped)
        self._broker_away, self.dropped = False, 0

    def _workers_are_behind(self) -> bool:
        """Asked now and then. A broker that does not answer is found out by sending."""
        now = time.monotonic()
        if now >= self._next_backlog_look:
            self._next_backlog_look = now + BACKLOG_LOOK_S
            most = BACKLOG_OVER if self._is_behind else BACKLOG_MOST
            is_behind = self._backlog() > most
            if is_behind and not self._is_behind:
                log.warning("workers are behind: looks wait here until the queue is down to %d", BACKLOG_OVER)
            self._is_behind = is_behind
        return self._is_behind

    def _backlog(self) -> int:
        try:
            return queue_depths(self.app).get("trading", 0)
        except RedisError:
            return 0

    def _drop(self, count: int, error: Exception) -> None:
        if not self._broker_away:
            log.error("the broker does not answer (%s): looks are dropped until it does", error)
        self._broker_away = True
        self.dropped += count


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _save_runs(entries: list[BeatEntry]) -> None:
    """One statement. Waits a second at most for rows that somebody else is changing."""
    models = [entry.model for entry in entries]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        cursor.execute(
            "UPDATE django_celery_beat_periodictask AS task SET last_run_at = run.at, total_run_count = run.count"
            " FROM unnest(%s::int[], %s::timestamptz[], %s::int[]) AS run (id, at, count)"
            " WHERE task.id = run.id AND task.enabled",
            [
                [model.pk for model in models],
                [model.last_run_at.astimezone(UTC) for model in models],
                [model.total_run_count for model in models],
            ],
        )
