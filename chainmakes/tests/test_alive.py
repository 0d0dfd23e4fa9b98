"""Which workers `/healthz` hears of."""

from collections.abc import Iterator

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache

from chainmakes.alive import ReportAlive
from chainmakes.celery import app


@pytest.fixture(autouse=True)
def _stays_current() -> Iterator[None]:
    """A worker makes its own app everybody's: later tests would send to that one's queues."""
    yield
    app.set_current()
    app.set_default()


@pytest.mark.parametrize(("queue", "is_reported"), [("trading", True), ("io", False)])
@pytest.mark.django_db(transaction=True)
def test_the_trading_worker_is_reported(queue: str, is_reported: bool) -> None:
    celery = Celery("reporting", set_as_current=False)
    celery.config_from_object("django.conf:settings", namespace="CELERY")
    celery.steps["worker"].add(ReportAlive)
    cache.delete("alive:worker")
    with start_worker(celery, pool="threads", perform_ping_check=False, queues=[queue]):
        assert (cache.get("alive:worker") is not None) is is_reported
