"""How often somebody may try to log in or register: counted per address and, for log-ins, per account."""

import hashlib
import logging
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)


SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def wait_s(request: HttpRequest | Request, scope: str, *, account: str = "") -> int:
    """Counts one attempt; 0 when it is allowed, else the seconds until the next one may be made.

    Without Redis nothing is counted and everybody may try: users must be able to reach their positions then.
    """
    address = BaseThrottle().get_ident(request)  # type: ignore[arg-type]
    keys = [f"address:{address}"]
    if account:
        keys.append(f"account:{account.strip().lower()}")
    try:
        return max(_wait_s(scope, key) for key in keys)
    except RedisError:
        log.exception("attempts to %s are not being counted", scope)
        return 0


def _wait_s(scope: str, key: str) -> int:
    """One fixed window; the increment is atomic, so that parallel attempts cannot slip through."""
    allowed, period = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"][scope].split("/")
    period_s = SECONDS[period[0]]
    window, spent_s = divmod(time.time(), period_s)
    name = f"attempts:{scope}:{int(window)}:{hashlib.sha256(key.encode()).hexdigest()}"
    if cache.add(name, 1, period_s):
        return 0
    return int(period_s - spent_s) + 1 if cache.incr(name) > int(allowed) else 0
