"""A venue over HTTP with a recorded past, for tests of what fetches it."""

from collections.abc import Iterator
from typing import Any

import pytest

from exchanges import listings
from exchanges.tests.series import START
from exchanges.tests.wire.binance import BinanceServer
from exchanges.timeframes import HOUR_MS, MINUTE_MS

T0 = int(START.timestamp() * 1000)
Row = tuple[int, list[str]]


class HistoryServer(BinanceServer):
    """GALA's minutes and funding. `asked` lists the times that candles were asked from."""

    def record(self, rows: list[Row]) -> None:
        self.history["GALA"] = rows

    @property
    def asked(self) -> list[int]:
        found = [request for request in self.requests if request.path == "/fapi/v1/klines"]
        return [int(request.params["startTime"]) for request in found]


def minute(number: int, price: float = 1.0, volume: str = "10") -> Row:
    return T0 + number * MINUTE_MS, [str(price), str(price * 1.5), str(price / 2), str(price), volume]


def minutes(*numbers: int) -> list[Row]:
    return [minute(number) for number in numbers]


def down(number: int) -> Row:
    """A flat bar without volume."""
    return T0 + number * MINUTE_MS, ["1", "1", "1", "1", "0"]


def hourly(*hours: int) -> list[tuple[int, str]]:
    return [(T0 + hour * HOUR_MS + 3, "0.0001") for hour in hours]


@pytest.fixture
def wire(settings: Any, candle_dir: Any) -> Iterator[HistoryServer]:
    """Also an empty candle store."""
    server = HistoryServer()
    settings.EXCHANGE_BASE_URLS = {"binance": {"rest": server.url}}
    yield server
    server.stop()
    listings._listings.clear()
