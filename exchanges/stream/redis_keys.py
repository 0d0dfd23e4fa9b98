"""Names and life times of what the collector keeps in Redis."""

from functools import cache
from typing import Final

from django.conf import settings
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import NoBackoff
from redis.retry import Retry

from exchanges.stream.topics import Feed, Topic

STATE_KEPT_S: Final = 60
"""A last word that nobody renews is forgotten."""
TIMEOUT_S: Final = 1.0


def state_key(topic: Topic) -> str:
    return f"{_prefix()}:state:{topic.name}"


def life_key(feed: Feed) -> str:
    return f"{_prefix()}:life:{feed.name}"


def wishes_key() -> str:
    """Topics that open pages want, by the time until which they do."""
    return f"{_prefix()}:wishes"


def news_channel() -> str:
    """Where everybody says that something else may be needed now."""
    return f"{_prefix()}:needs-changed"


def connection() -> Redis:
    """For threads: pooled, of this process."""
    return _connected(settings.REDIS_URL)


def async_connection() -> AsyncRedis:
    """For one event loop; whoever asks closes it."""
    return AsyncRedis.from_url(settings.REDIS_URL, socket_timeout=5.0, socket_connect_timeout=TIMEOUT_S)


@cache
def _connected(url: str) -> Redis:
    return Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), retries=1)
    )


def _prefix() -> str:
    return f"{settings.REDIS_PREFIX}:stream"
