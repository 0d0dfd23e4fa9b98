"""One budget of requests per venue and address, shared by all processes through Redis.

A fifth of it is kept for closing positions and for what has to be asked to close them; comparing books, watching money
and showing it are `unhurried` and never take from it. A venue that asks us to stay away is left alone by everybody
until its time is over. Without Redis closing orders go on, and everything else by a small budget of this process alone.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from exchanges.adapters.access import OUT_OF_BUDGET
from exchanges.adapters.venues import Bucket, Capabilities, Cost
from exchanges.errors import RateLimited
from exchanges.metrics import BUDGET_REFUSED, WEIGHT

USED = 0.9
"""Of what a venue allows: windows are not counted to the same instant as there."""
OPEN_TO_ALL = 0.8
"""Of that; the rest is for closing."""
FOR_HISTORY = 0.6
"""Of it, for downloads in the background."""
ALONE = 0.1
"""Of it, for a process that cannot see what the others use."""
REDIS_TIMEOUT_S = 0.5

log = logging.getLogger(__name__)
_unhurried: ContextVar[bool] = ContextVar("unhurried", default=False)


@contextmanager
def unhurried() -> Iterator[None]:
    """Whatever is asked within, in this thread, leaves the share that is kept for closing alone."""
    before = _unhurried.set(True)
    try:
        yield
    finally:
        _unhurried.reset(before)


class SharedBudget:
    """Of one venue. `account` tells apart what the venue counts per account; `share` is what this user of the budget
    may take of it, closing orders aside."""

    def __init__(
        self, venue: Capabilities, *, testnet: bool = False, account: str = "", share: float = OPEN_TO_ALL
    ) -> None:
        self._share = share
        self._name = f"{venue.exchange}{'-testnet' if testnet else ''}"
        self._account = account
        self._buckets: Mapping[str, Bucket] = venue.buckets
        self._away_until = 0.0  # real time, for when Redis does not answer

    def spend(self, cost: Cost, *, closing: bool) -> None:
        """Raises RateLimited."""
        closing = closing and not _unhurried.get()
        try:
            self._heed(self._left_away())
            for name in cost.buckets:
                self._spend_one(_shared(), name, cost.weight, closing=closing)
                WEIGHT.labels(self._name, name).inc(cost.weight)
        except RedisError:
            log.warning("no shared budget for %s: Redis does not answer", self._name)
            self._spend_alone(cost, closing=closing)

    def stay_away(self, seconds: float, *, everybody: bool) -> None:
        self._away_until = max(self._away_until, time.time() + seconds)
        try:
            self._tell(self._away_keys()[0 if everybody else -1], max(int(seconds * 1000), 1))
        except RedisError:
            log.warning("others may not know that %s wants to be left alone for %.0f s", self._name, seconds)

    def left_away_s(self) -> float:
        try:
            return max(self._left_away(), 0.0)
        except RedisError:
            return max(self._away_until - time.time(), 0.0)

    def _tell(self, key: str, milliseconds: int) -> None:
        """A longer time that was asked for before stays."""
        if not _redis().set(key, "1", px=milliseconds, nx=True) and int(_redis().pttl(key)) < milliseconds:
            _redis().pexpire(key, milliseconds)

    def _heed(self, seconds: float) -> None:
        if seconds > 0:
            raise RateLimited("the exchange wants fewer requests", code="stay_away", retry_after_s=seconds)

    def _left_away(self) -> float:
        return max(max(int(_redis().pttl(key)) for key in self._away_keys()) / 1000, self._away_until - time.time())

    def _spend_one(self, limiter: SlidingWindowCounterRateLimiter, name: str, weight: int, *, closing: bool) -> None:
        bucket = self._buckets[name]
        keys = (self._name, name, self._account if bucket.scope == "account" else "")
        whole = max(int(bucket.limit * USED), weight, 1)
        for share in () if closing else sorted({self._share, OPEN_TO_ALL}):  # history's is part of everybody's
            self._take(limiter, max(int(whole * share), weight, 1), bucket, (*keys, f"{share:g}"), weight)
        self._take(limiter, whole, bucket, keys, weight)

    def _take(
        self, limiter: SlidingWindowCounterRateLimiter, limit: int, bucket: Bucket, keys: tuple[str, ...], weight: int
    ) -> None:
        item = RateLimitItemPerSecond(limit, bucket.per_s)
        if not limiter.hit(item, *keys, cost=weight):
            BUDGET_REFUSED.labels(self._name).inc()
            wait = limiter.get_window_stats(item, *keys).reset_time - time.time()
            raise RateLimited(
                "too many requests at once", code=OUT_OF_BUDGET, retry_after_s=min(max(wait, 0.05), bucket.per_s)
            )

    def _spend_alone(self, cost: Cost, *, closing: bool) -> None:
        self._heed(self._away_until - time.time())
        if closing:
            return
        for name in cost.buckets:
            bucket = self._buckets[name]
            few = max(int(bucket.limit * ALONE), cost.weight, 1)
            keys = (self._name, name, self._account if bucket.scope == "account" else "")
            self._take(_alone(), few, bucket, keys, cost.weight)

    def _away_keys(self) -> tuple[str, ...]:
        """Of everybody, and of this account."""
        general = f"{settings.REDIS_PREFIX}:venue-away:{self._name}"
        return (general, f"{general}:{self._account}") if self._account else (general,)


def _redis() -> Redis:
    return _connected(settings.REDIS_URL)


def _shared() -> SlidingWindowCounterRateLimiter:
    return _counting(settings.REDIS_URL, f"{settings.REDIS_PREFIX}:limits")


@cache
def _connected(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)


@cache
def _counting(url: str, prefix: str) -> SlidingWindowCounterRateLimiter:
    storage = RedisStorage(
        url, key_prefix=prefix, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
    )
    return SlidingWindowCounterRateLimiter(storage)


@cache
def _alone() -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(MemoryStorage())
