"""Looks at bots that came too late to be done, counted by the minute in the shared cache."""

from datetime import datetime, timedelta

from django.core.cache import cache

from trading.metrics import looks_missed

KEPT_S = 24 * 3600


def late_add(count: int, now: datetime) -> None:
    key = _key(now)
    cache.add(key, 0, KEPT_S)
    cache.incr(key, count)
    looks_missed(count)


def late_in_last(minutes: int, now: datetime) -> int:
    """The running minute included."""
    return sum(cache.get_many([_key(now - timedelta(minutes=back)) for back in range(minutes)]).values())


def _key(at: datetime) -> str:
    return f"late-ticks:{at:%Y%m%d%H%M}"
