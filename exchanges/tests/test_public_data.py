"""History and market lists from the venues, page by page, without an account."""

from typing import Any

import numpy as np
import pytest

from exchanges.errors import RateLimited, Rejected
from exchanges.history import public_data
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import WireServer

pytestmark = pytest.mark.django_db

GALA = "GALA/USDT:USDT"
MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture(params=sorted(SERVERS))
def exchange(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def server(exchange: str, settings: Any) -> Any:
    with serving(exchange, settings) as server:
        yield server


def recorded(server: WireServer, bars: int, *, ago: int, missing: range = range(0)) -> list[int]:
    """Minute bars that began `ago` bars before the open one; some left out."""
    first = server.now_ms() // MINUTE * MINUTE - ago * MINUTE
    stamps = [first + n * MINUTE for n in range(bars) if n not in missing]
    server.history["GALA"] = [(at, ["1.5", "2", "1", f"{1 + at % 7 / 10}", "10"]) for at in stamps]
    return stamps


def downloaded(exchange: str, since: int) -> list[int]:
    times: list[int] = []
    while len(page := public_data.candles_page(exchange, GALA, "1m", since_ms=since)):
        times += page.times.tolist()
        since = times[-1] + 1
    return times


@pytest.mark.parametrize("ago", [1_950, 3_500])
def test_pages_follow_each_other_without_a_hole(server: WireServer, exchange: str, ago: int) -> None:
    """Recent and old bars, which OKX keeps at two endpoints."""
    stamps = recorded(server, 1_900, ago=ago)
    assert downloaded(exchange, stamps[0]) == stamps


def test_an_outage_longer_than_a_page_is_passed(server: WireServer, exchange: str) -> None:
    stamps = recorded(server, 2_500, ago=2_600, missing=range(300, 2_000))
    assert downloaded(exchange, stamps[0]) == stamps


def test_the_open_bar_is_left_out(server: WireServer, exchange: str) -> None:
    stamps = recorded(server, 11, ago=10)
    assert downloaded(exchange, stamps[0]) == stamps[:-1]


def test_a_page_holds_what_the_venue_said(server: WireServer, exchange: str) -> None:
    stamps = recorded(server, 5, ago=6)
    page = public_data.candles_page(exchange, GALA, "1m", since_ms=stamps[1], limit=2)
    assert page.times.tolist() == stamps[1:3]
    assert (page.opens[0], page.highs[0], page.lows[0], page.volumes[0]) == (1.5, 2, 1, 10)


def test_nothing_after_the_end(server: WireServer, exchange: str) -> None:
    assert not len(public_data.candles_page(exchange, GALA, "1m", since_ms=server.now_ms() + HOUR))


def test_funding_comes_page_by_page(server: WireServer, exchange: str) -> None:
    last = server.now_ms() // HOUR * HOUR
    stamps = [last - n * HOUR for n in range(450)][::-1]
    server.funding["GALA"] = [(at, f"{0.0001 + n / 1e8:.8f}") for n, at in enumerate(stamps)]
    found: list[int] = []
    rates: list[float] = []
    since = stamps[0]
    while len((page := public_data.funding_page(exchange, GALA, since_ms=since))[0]):
        found += page[0].tolist()
        rates += page[1].tolist()
        since = found[-1] + 1
    assert found == stamps
    assert np.allclose(rates, [0.0001 + n / 1e8 for n in range(450)], atol=1e-12)


def test_lists_of_markets(server: WireServer, exchange: str) -> None:
    swaps, spot = public_data.listed(exchange), public_data.listed(exchange, "spot")
    assert (GALA in swaps, "GALA/USDT" in spot, GALA in spot) == (True, True, False)
    rules = swaps[GALA]
    step = 10 if exchange == "okx" else 1
    assert {rules.amount_step, rules.amount_min, rules.contract_size} == {step}
    assert rules.amount_max == (2_500_000 if exchange == "okx" else 5_000_000)
    assert f"{rules.price_tick:f}" == "0.00001"


def test_a_list_is_asked_for_once(server: WireServer, exchange: str) -> None:
    public_data.listed(exchange)
    asked = len(server.requests)
    public_data.listed(exchange)
    assert len(server.requests) == asked


def test_an_old_list_is_kept_while_the_venue_is_silent(server: WireServer, exchange: str, settings: Any) -> None:
    settings.MARKET_CACHE_TTL = 0.0
    settings.EXCHANGE_TIMEOUT_S = 0.5
    before = public_data.listed(exchange)
    server.market.fault("http", 1_000, status=403, text="<html>")
    assert public_data.listed(exchange) == before


@pytest.mark.parametrize(
    ("symbol", "timeframe"), [("NOSUCH/USDT:USDT", "1m"), (GALA, "7m"), ("GALA/USDT:USDT-251226", "1m")]
)
def test_what_the_venue_does_not_have(server: WireServer, exchange: str, symbol: str, timeframe: str) -> None:
    with pytest.raises(Rejected):
        public_data.candles_page(exchange, symbol, timeframe, since_ms=0)


def test_spot_has_no_funding(server: WireServer, exchange: str) -> None:
    with pytest.raises(Rejected):
        public_data.funding_page(exchange, "GALA/USDT", since_ms=0)


def test_an_exchange_that_is_none() -> None:
    with pytest.raises(Rejected):
        public_data.listed("paper")


def test_reads_wait_as_long_as_the_venue_asks(server: WireServer, exchange: str) -> None:
    stamps = recorded(server, 5, ago=6)
    server.market.fault("http", 1, status=429, text="", headers={"Retry-After": "1"})
    assert downloaded(exchange, stamps[0]) == stamps


def test_a_wait_of_hours_is_not_waited(server: WireServer, exchange: str) -> None:
    public_data.listed(exchange)
    server.market.fault("http", 1, status=418, text="", headers={"Retry-After": "7200"})
    with pytest.raises(RateLimited) as refusal:
        downloaded(exchange, recorded(server, 5, ago=6)[0])
    assert refusal.value.retry_after_s >= 7_000
