"""What every test of the project shares."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections


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
