"""How often somebody may try to log in, register or ask for mail, and how many requests the API takes from one."""

import hashlib
import logging
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView

log = logging.getLogger(__name__)


SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def wait_s(request: HttpRequest | Request, scope: str, *, account: str = "") -> int:
    """Counts one attempt per address and, if one is named, per account; 0 when it is allowed, else the seconds until
    the next one may be made.

    Without Redis nothing is counted and everybody may try: users must be able to reach their positions then.
    """
    address = BaseThrottle().get_ident(request)  # type: ignore[arg-type]
    keys = [f"address:{address}"]
    if account:
        keys.append(f"account:{account.strip().lower()}")
    return _longest_wait_s(scope, keys)


class ApiThrottle(BaseThrottle):
    """All requests of one user together, however many programs he runs; of one address before log-in."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        user = request.user
        key = f"user:{user.pk}" if user and user.is_authenticated else f"address:{self.get_ident(request)}"
        self._wait_s = _longest_wait_s("api", [key])
        return not self._wait_s

    def wait(self) -> float:
        return float(self._wait_s)


def _longest_wait_s(scope: str, keys: list[str]) -> int:
    try:
        return max(_wait_s(scope, key) for key in keys)
    except RedisError as error:
        log.warning("attempts to %s are not being counted: %s", scope, error)
        return 0


def _wait_s(scope: str, key: str) -> int:
    """One fixed window; the increment is atomic, so that parallel attempts cannot slip through."""
    rate = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"].get(scope)
    if rate is None:
        return 0
    allowed, period = rate.split("/")
    period_s = SECONDS[period[0]]
    window, spent_s = divmod(time.time(), period_s)
    name = f"attempts:{scope}:{int(window)}:{hashlib.sha256(key.encode()).hexdigest()}"
    if cache.add(name, 1, period_s):
        return 0
    return int(period_s - spent_s) + 1 if cache.incr(name) > int(allowed) else 0
