"""`/healthz`: is everything there that this installation needs? `/readyz`: can this process answer requests?"""

import logging
import time
from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

SEEN_FOR_S = 30  # a process that reported within this time counts as running
PROCESSES = ("web", "beat", "worker", "worker-io", "worker-compute")
"""Those that report themselves; `worker` is the one that trades."""
GUARDIAN = "guardian"
"""One more that `HEALTH_PARTS` may name."""


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


def _guardian() -> bool:
    """Its sign of life is a row (`trading.models.GuardianMark`; this module is loaded before there are models)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM guardian_marks WHERE at > clock_timestamp() - make_interval(secs => %s))",
                [SEEN_FOR_S],
            )
            return bool(cursor.fetchone()[0])
    except DatabaseError:
        return False


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when every part answers, else 503; `parts` says which do. `HEALTH_PARTS` names the processes that count.

    The guardian is told in any case: it may be started last, or run elsewhere.
    """
    checks: dict[str, Callable[[], bool]] = {"database": _database, "redis": _redis}
    parts = {name: check() for name, check in checks.items()}
    guardian = parts["database"] and _guardian()
    parts |= {name: guardian if name == GUARDIAN else _seen(name) for name in settings.HEALTH_PARTS}
    ok = all(parts.values())
    return JsonResponse({"ok": ok, "parts": parts, "guardian": guardian}, status=200 if ok else 503)


def last_seen(names: Iterable[str]) -> dict[str, float | None]:
    """Seconds since each reported itself; None for one that has not. Raises RedisError."""
    now, keys = time.time(), {f"alive:{name}": name for name in names}
    found = cache.get_many(keys)
    return {name: max(now - found[key], 0.0) if key in found else None for key, name in keys.items()}


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when this process reaches both servers and the tables are those of its code, else 503."""
    parts = {"database": _database(), "redis": _redis()}
    parts["migrations"] = parts["database"] and _is_migrated()
    ok = all(parts.values())
    return JsonResponse({"ok": ok, "parts": parts}, status=200 if ok else 503)


_migrated: set[str] = set()  # databases that were found up to date: asked once


def _is_migrated() -> bool:
    name = str(connection.settings_dict["NAME"])
    if name not in _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.add(name)
    return True
