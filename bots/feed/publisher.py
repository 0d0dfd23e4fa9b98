"""The thread that carries a process's events to Redis, so that whoever publishes never waits for it."""

import asyncio
import logging
import threading
import time
from queue import Empty, Full, Queue

from channels.layers import get_channel_layer
from django.core.cache import cache
from redis import RedisError

from bots.feed import keys as feed_keys
from bots.feed.messages import SPREAD_UPDATE, Event, GroupEvent, Message, merged, messages_of
from bots.feed.outage import Outage

log = logging.getLogger(__name__)

QUEUE_SIZE = 10_000
BATCH_SIZE = 500
PAUSE_AFTER_FAILURE_S = 1.0

News = Event | GroupEvent
_Lines = dict[str, list[Message]]  # by group, in the order of publishing


class Publisher:
    """Sends events in batches. What Redis did not take is dropped, and leaves a hole in its group's numbers."""

    def __init__(self) -> None:
        self._queue: Queue[News | threading.Event] = Queue(QUEUE_SIZE)
        self._incomplete: set[str] = set()  # groups that miss an event without a hole in their numbers yet
        self._outage = Outage("open pages get no news")
        threading.Thread(target=self._run, name="feed", daemon=True).start()

    def put(self, event: News) -> None:
        try:
            self._queue.put_nowait(event)
        except Full:
            self._incomplete.update(event.groups)

    def flush(self, timeout_s: float) -> bool:
        """Waits for what was put before; False when that takes longer."""
        done = threading.Event()
        try:
            self._queue.put(done, timeout=timeout_s)
        except Full:
            return False
        return done.wait(timeout_s)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            while True:
                batch = self._next_batch()
                if events := [item for item in batch if not isinstance(item, threading.Event)]:
                    self._deliver(events, runner)
                for item in batch:
                    if isinstance(item, threading.Event):
                        item.set()

    def _next_batch(self) -> list[News | threading.Event]:
        """Everything that waits, at least one."""
        batch = [self._queue.get()]
        try:
            while len(batch) < BATCH_SIZE:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch

    def _deliver(self, events: list[News], runner: asyncio.Runner) -> None:
        try:
            _keep_figures(events)
            runner.run(self._send(_lines(events)))
        except (RedisError, OSError) as error:
            self._outage.begin(error)
            for event in events:
                self._incomplete.update(event.groups)
            time.sleep(PAUSE_AFTER_FAILURE_S)
        except Exception:
            log.exception("%d events could not be sent", len(events))
        else:
            self._outage.end()

    async def _send(self, lines: _Lines) -> None:
        lines = _worth_sending(lines)
        layer = get_channel_layer()
        for group, first in self._first_numbers(lines).items():
            for sequence, message in enumerate(lines[group], start=first):
                await layer.group_send(group, message | {"sequence": sequence})

    def _first_numbers(self, lines: _Lines) -> dict[str, int]:
        """Takes as many numbers as each group has messages; one more, which stays unused, where an event was lost."""
        with feed_keys.connection().pipeline(transaction=False) as pipe:
            for group, messages in lines.items():
                key = feed_keys.sequence_key(group)
                pipe.set(key, feed_keys.first_number(), nx=True, ex=feed_keys.COUNTER_KEPT_S)
                pipe.incrby(key, len(messages) + (group in self._incomplete))
            last = pipe.execute()[1::2]
        self._incomplete.difference_update(lines)
        return {group: end - len(lines[group]) + 1 for group, end in zip(lines, last, strict=True)}


def _keep_figures(events: list[News]) -> None:
    figures = {
        feed_keys.figures_key(event.bot_id): {name: value for name, value in event.data.items() if name != "points"}
        for event in events
        if isinstance(event, Event) and event.type == SPREAD_UPDATE
    }
    if figures:
        cache.set_many(figures, feed_keys.FIGURES_KEPT_S)


def _lines(events: list[News]) -> _Lines:
    lines: _Lines = {}
    for event in events:
        for group, message in messages_of(event).items():
            lines.setdefault(group, []).append(message)
    return {group: merged(messages) for group, messages in lines.items()}


def _worth_sending(lines: _Lines) -> _Lines:
    """Without live figures of groups that nobody reads: most bots, most of the time."""
    marks = feed_keys.connection().mget([feed_keys.watched_key(group) for group in lines])
    watched = {group for group, mark in zip(lines, marks, strict=True) if mark is not None}
    worth = {
        group: [message for message in messages if group in watched or message["event"] != SPREAD_UPDATE]
        for group, messages in lines.items()
    }
    return {group: messages for group, messages in worth.items() if messages}
