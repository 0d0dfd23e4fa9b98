"""Loads Django's apps and lends a database and Redis names of their own, so that a benchmark touches nothing else."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402
from django.test.utils import override_settings, setup_databases, teardown_databases  # noqa: E402
from redis import Redis  # noqa: E402

PREFIX = "benchmark"


class Settings:
    """As a test changes them, until the stack ends."""

    def __init__(self, stack: ExitStack) -> None:
        self.__dict__["stack"] = stack

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__["stack"].enter_context(override_settings(**{name: value}))


@contextmanager
def own_environment() -> Iterator[dict[str, str]]:
    """The environment for processes of the benchmark; this process's connections lead to the same places meanwhile."""
    old = setup_databases(verbosity=0, interactive=False)
    name = connections["default"].settings_dict["NAME"]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    try:
        yield {**os.environ, "DATABASE_URL": database, "REDIS_PREFIX": PREFIX, "LOG_LEVEL": "WARNING"}
    finally:
        _forget_redis_names()
        for connection in connections.all():
            connection.close()
            connection.close_pool()
        teardown_databases(old, verbosity=0)


def _forget_redis_names() -> None:
    redis = Redis.from_url(settings.REDIS_URL)
    for key in redis.scan_iter(f"{PREFIX}:*", count=1000):
        redis.delete(key)
