"""The last word of each topic, in Redis: written by the collector, read by whoever decides on prices or shows them.

A state is a JSON list [venue time in ms, sequence, received at (real ms), data]. An older one never replaces a newer.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from exchanges.stream.redis_keys import STATE_KEPT_S, connection, life_key, state_key
from exchanges.stream.topics import Feed, Topic

NEWER_WINS: Final = """
for place, key in ipairs(KEYS) do
  local value = ARGV[place + 1]
  local known = redis.call('GET', key)
  local stamp = known and tonumber(string.match(known, '^%[(%d+)')) or 0
  if tonumber(string.match(value, '^%[(%d+)')) >= stamp then
    redis.call('SET', key, value, 'EX', ARGV[1])
  end
end
return #KEYS
"""


Text = bytes | str


@dataclass(frozen=True, slots=True)
class State:
    """`sequence` grows with every change of the topic, also over a restart of the collector."""

    at_ms: int
    sequence: int
    received_ms: int
    data: Any


@dataclass(frozen=True, slots=True)
class Life:
    """Of a feed. `heard_ms` is the real time of the last data, `venue_ms` the newest venue time that they named."""

    heard_ms: int
    venue_ms: int
    is_connected: bool


async def states_write(redis: AsyncRedis, states: Mapping[Topic, State]) -> None:
    """Raises RedisError."""
    if not states:
        return
    keys = [state_key(topic) for topic in states]
    values = [_written(state) for state in states.values()]
    await redis.eval(NEWER_WINS, len(keys), *keys, STATE_KEPT_S, *values)


async def states_forget(redis: AsyncRedis, topics: Collection[Topic]) -> None:
    """Raises RedisError."""
    if topics:
        await redis.delete(*map(state_key, topics))


async def life_write(redis: AsyncRedis, feed: Feed, life: Life) -> None:
    """Raises RedisError."""
    value = json.dumps([life.heard_ms, life.venue_ms, life.is_connected])
    await redis.set(life_key(feed), value, ex=STATE_KEPT_S)


def states_read(feed: Feed, topics: Sequence[Topic]) -> tuple[Life | None, dict[Topic, State]]:
    """What the feed is worth now, and the last words that are kept; nothing while Redis does not answer."""
    try:
        life, *values = connection().mget([life_key(feed), *map(state_key, topics)])
    except RedisError:
        return None, {}
    return life_of(life), read_states(topics, values)


def read_states(topics: Sequence[Topic], values: Sequence[Text | None]) -> dict[Topic, State]:
    found = {topic: _state_of(value) for topic, value in zip(topics, values, strict=True) if value is not None}
    return {topic: state for topic, state in found.items() if state is not None}


def life_of(value: Text | None) -> Life | None:
    return None if value is None else Life(*json.loads(value))


def _state_of(value: Text) -> State | None:
    return State(*json.loads(value))


def _written(state: State) -> str:
    return json.dumps([state.at_ms, state.sequence, state.received_ms, state.data], separators=(",", ":"))
