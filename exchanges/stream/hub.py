"""What one event loop's open sockets watch, read from Redis for all of them at once."""

import asyncio
import time
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from exchanges.stream.redis_keys import async_connection, life_key, state_key
from exchanges.stream.states import Life, State, life_of, read_states
from exchanges.stream.topics import Feed, Topic

EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """`state` is None where nothing has been heard yet, or too long ago to count."""

    state: State | None = None


@dataclass
class Hub:
    """Reads while somebody watches."""

    _watched: Counter[Topic] = field(default_factory=Counter)
    _seen: dict[Topic, Seen] = field(default_factory=dict)
    _beat: asyncio.Event = field(default_factory=asyncio.Event)
    _task: "asyncio.Task[None] | None" = None

    @asynccontextmanager
    async def watching(self, topic: Topic) -> AsyncIterator[None]:
        self._watched[topic] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._watched[topic] -= 1
            if not self._watched[topic]:
                del self._watched[topic]

    async def next(self, topic: Topic) -> Seen:
        """After the next reading."""
        await self._beat.wait()
        return self._seen.get(topic, Seen())

    async def _run(self) -> None:
        redis = async_connection()
        try:
            while self._watched:
                try:
                    self._seen = await _read(redis, list(self._watched))
                except RedisError:
                    self._seen = {}
                beat, self._beat = self._beat, asyncio.Event()
                beat.set()
                await asyncio.sleep(EVERY_S)
        finally:
            await redis.aclose()


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """Of the running loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


async def _read(redis: AsyncRedis, topics: list[Topic]) -> dict[Topic, Seen]:
    """Raises RedisError."""
    feeds = sorted({topic.feed for topic in topics})
    values = await redis.mget([*map(life_key, feeds), *map(state_key, topics)])
    lives = {feed: life_of(value) for feed, value in zip(feeds, values, strict=False)}
    states = read_states(topics, values[len(feeds) :])
    return {topic: Seen(states.get(topic) if _is_live(lives, topic.feed) else None) for topic in topics}


def _is_live(lives: Mapping[Feed, Life | None], feed: Feed) -> bool:
    life = lives[feed]
    silent_s = 0.0 if life is None else time.time() - life.heard_ms / 1000
    return life is not None and life.is_connected and silent_s < settings.STREAM_SILENCE_S
