"""What every test of the project shares."""

import secrets
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations
from redis import ConnectionPool


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Gives the pools' connections back before the test databases are dropped."""
    yield
    for connection in connections.all():
        connection.close()
        connection.close_pool()


@pytest.fixture(autouse=True)
def _own_cache(settings: Any) -> None:
    """Redis outlives the test: what one test counts or keeps there must not be seen by another or by the next run."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": secrets.token_hex(8)}}


_redis_pools: "weakref.WeakSet[ConnectionPool]" = weakref.WeakSet()


def _clear_own(self: RedisCache) -> None:
    """The real one empties all of Redis, with the queues of the other test process in it."""
    client = self._cache.get_client(None, write=True)
    for key in client.scan_iter(f"{self.key_prefix}:*", count=1000):
        client.delete(key)


_truncate = DatabaseOperations.sql_flush
LARGEST_DELETED = 8 * 2**20
"""Bytes of a table; what is larger is truncated, as dead rows take time to pass over."""


GUARDED = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
"""Tables with triggers of ours, which may forbid what is done here."""


def _delete_everything(self: DatabaseOperations, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
    """To truncate them all makes new files for every table and index: fifty times the work for a few rows.

    Like there, writers are waited for.
    """
    with self.connection.cursor() as cursor:
        cursor.execute("SELECT max(pg_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND NOT relisshared")
        if options.get("reset_sequences") or not tables or cursor.fetchone()[0] > LARGEST_DELETED:
            return _truncate(self, style, tables, **options)
        cursor.execute(GUARDED)
        guarded = {name for (name,) in cursor.fetchall()} & set(tables)
    names = [self.quote_name(table) for table in tables]
    free = [f"ALTER TABLE {self.quote_name(table)} DISABLE TRIGGER USER" for table in guarded]
    bound = [f"ALTER TABLE {self.quote_name(table)} ENABLE TRIGGER USER" for table in guarded]
    lock = f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE"
    return ["; ".join([lock, *free, *(f"DELETE FROM {name}" for name in names), *bound])]


def pytest_configure() -> None:
    """A cache forgets its own keys only, every pool of connections to Redis is known from its beginning on, and tables
    are emptied the fast way."""
    RedisCache.clear = _clear_own  # type: ignore[method-assign, assignment]
    DatabaseOperations.sql_flush = _delete_everything  # type: ignore[method-assign, assignment]
    begin = ConnectionPool.__init__

    def begin_and_note(self: ConnectionPool, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        _redis_pools.add(self)

    ConnectionPool.__init__ = begin_and_note  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _few_sockets() -> Iterator[None]:
    """Names of its own give a test connections of its own: after thousands of tests a process had no sockets left."""
    yield
    for pool in list(_redis_pools):
        pool.disconnect(inuse_connections=False)


@pytest.fixture(autouse=True)
def _no_real_venues(settings: Any) -> None:
    """A test that asks a venue starts a server of its own; any other finds a closed door."""
    settings.EXCHANGE_BASE_URLS = {name: {"rest": "http://127.0.0.1:1"} for name in ("okx", "binance", "bybit")}


@pytest.fixture(autouse=True)
def _no_stray_processes(settings: Any) -> None:
    """A process that a test has not started itself would work on the developer's own database."""
    settings.FLATTEN_PROCESS = False


@pytest.fixture(autouse=True)
def _no_own_strategies(settings: Any) -> None:
    """What lies in the developer's own folder is not part of the product."""
    settings.STRATEGY_DIR = settings.BASE_DIR / ".no-strategies"
