"""Names and life times of what the live feed keeps in Redis."""

import time
from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

WATCHED_S = 60  # a group counts as watched for this long after a reader said so
FIGURES_KEPT_S = 24 * 3600
COUNTER_KEPT_S = 7 * 24 * 3600


def bot_group(bot_id: int) -> str:
    return f"bot.{bot_id}"


def user_group(user_id: int) -> str:
    return f"user.{user_id}"


def login_group(user_id: int) -> str:
    """All sockets of a user."""
    return f"login.{user_id}"


def figures_key(bot_id: int) -> str:
    """In Django's cache."""
    return f"figures:{bot_id}"


def watched_key(group: str) -> str:
    return _key("watched", group)


def sequence_key(group: str) -> str:
    return _key("sequence", group)


def first_number() -> int:
    """Where a counter begins that Redis does not know: above all that it gave out before it was emptied."""
    return int(time.time() * 1000)


@cache
def connection() -> Redis:
    """Pooled, for all threads; a connection that a restart has cut is renewed once."""
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), retries=1)
    )


def _key(kind: str, group: str) -> str:
    return f"{settings.CACHES['default']['KEY_PREFIX']}:feed:{kind}:{group}"
