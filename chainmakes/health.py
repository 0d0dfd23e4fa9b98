"""`/healthz`: is everything there that this installation needs?"""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

SEEN_FOR_S = 30  # a process that reported within this time counts as running


def mark_alive(part: str) -> None:
    """Called now and then by beat and workers. Without Redis nothing is marked; the answer says that anyway."""
    try:
        cache.set(f"alive:{part}", time.time(), SEEN_FOR_S)
    except RedisError as error:
        log.warning("could not report %s alive: %s", part, error)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except DatabaseError:
        log.exception("the database does not answer")
        return False


def _seen(key: str) -> bool:
    try:
        return cache.get(f"alive:{key}") is not None
    except RedisError:
        return False


def _redis() -> bool:
    mark_alive("web")
    return _seen("web")


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when every part answers, else 503; `parts` says which do. `HEALTH_PARTS` names the processes that count."""
    checks: dict[str, Callable[[], bool]] = {"database": _database, "redis": _redis}
    parts = {name: check() for name, check in checks.items()}
    parts |= {name: _seen(name) for name in settings.HEALTH_PARTS}
    ok = all(parts.values())
    return JsonResponse({"ok": ok, "parts": parts}, status=200 if ok else 503)
