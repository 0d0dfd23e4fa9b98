"""What one process has read and the others need not read again. Without Redis everybody reads for himself."""

import logging
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def found(key: str) -> Any:
    """None where nothing is kept."""
    try:
        return cache.get(key)
    except RedisError:
        return None


def keep(key: str, value: Any, seconds: float) -> None:
    """Less than a second is not kept."""
    try:
        cache.set(key, value, timeout=int(seconds))
    except RedisError:
        log.warning("nothing can be shared between processes: Redis does not answer")
