"""The workers' queue, as a test sees it: fixture `broker`, known to a module by
`from chainmakes.tests.broker import own_broker  # noqa: F401`."""

import json
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from kombu import pools
from redis import Redis

from chainmakes.celery import app
from chainmakes.tests.gate import Gate, through


class Broker:
    """Keys of its own in the tests' Redis, behind a gate that can be shut."""

    def __init__(self, gate: Gate, redis_prefix: str) -> None:
        self._gate, self.redis_prefix, self.prefix = gate, redis_prefix, f"{redis_prefix}:celery:"
        self._redis = Redis.from_url(settings.CELERY_BROKER_URL)

    def waiting(self, queue: str) -> list[tuple[str, list[Any]]]:
        """Task and arguments of everything that no worker has taken, oldest first."""
        packed = self._redis.lrange(f"{self.prefix}{queue}", 0, -1)
        return [self._read(json.loads(text)) for text in reversed(packed)]

    def shut(self) -> None:
        self._gate.shut()

    def forget(self) -> None:
        """As a Redis that was emptied."""
        for key in self._redis.keys(f"{self.prefix}*"):
            self._redis.delete(key)

    @staticmethod
    def _read(message: dict[str, Any]) -> tuple[str, list[Any]]:
        headers = message["headers"]
        return headers["task"], json.loads(headers["argsrepr"].replace("(", "[").replace(",)", "]").replace(")", "]"))


@pytest.fixture(name="broker")
def own_broker() -> Iterator[Broker]:
    address = urlsplit(settings.CELERY_BROKER_URL)
    prefix = secrets.token_hex(8)
    before = {name: app.conf[name] for name in ("broker_url", "broker_transport_options")}
    with Gate((address.hostname or "", address.port or 6379)) as gate:
        found = Broker(gate, prefix)
        _use(
            broker_url=through(settings.CELERY_BROKER_URL, gate),
            broker_transport_options={"global_keyprefix": found.prefix},
        )
        try:
            yield found
        finally:
            _use(**before)
            found.forget()


def _use(**conf: Any) -> None:
    """Connections know their address from the first one on: those that are pooled are let go."""
    app.conf.update(conf)
    pools.reset()
    app._pool = app.amqp._producer_pool = None
