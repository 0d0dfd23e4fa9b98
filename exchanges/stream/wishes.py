"""What open pages want to hear, kept in Redis for a short while; and word that something else may be needed now."""

import logging
import time
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from exchanges.stream.redis_keys import connection, news_channel, wishes_key
from exchanges.stream.topics import Topic, topic_named

WISH_S: Final = 30.0
"""A page says so again before that."""
WISHES_MOST: Final = 500
"""Of all venues; the newest count."""

log = logging.getLogger(__name__)


def wish(topic: Topic) -> None:
    """Somebody looks at this now. Redis may be down: then nobody streams either."""
    try:
        redis = connection()
        if redis.zadd(wishes_key(), {topic.name: time.time() + WISH_S}):
            redis.publish(news_channel(), topic.feed.exchange)
    except RedisError as error:
        log.warning("a page's wish does not reach the collector: %s", error)


def needs_changed() -> None:
    """Said after commit by whoever starts, pauses or stops a bot."""
    transaction.on_commit(_tell)


async def wished(redis: AsyncRedis, exchange: str) -> set[Topic]:
    """Of one venue; wishes whose time is over are forgotten. Raises RedisError."""
    now = time.time()
    await redis.zremrangebyscore(wishes_key(), "-inf", now)
    names = [str(name, "ascii") for name in await redis.zrange(wishes_key(), -WISHES_MOST, -1)]  # type: ignore[arg-type]
    return set(_of_venue(names, exchange))


def _of_venue(names: Iterable[str], exchange: str) -> Iterable[Topic]:
    for name in names:
        topic = topic_named(name)
        if topic.feed.exchange == exchange:
            yield topic


def _tell() -> None:
    try:
        connection().publish(news_channel(), "bots")
    except RedisError as error:
        log.warning("the collector hears of changed bots later: %s", error)
