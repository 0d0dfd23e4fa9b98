"""`from trading.tests.scans.worlds import world  # noqa: F401` makes the fixture known to a test module."""

from typing import Any

import pytest

from exchanges.tests.series import candle_dir  # noqa: F401
from trading.tests.scans.made import store_world


@pytest.fixture
def world(candle_dir: Any, db: Any) -> None:  # noqa: F811
    store_world()
