"""What accounts of one venue share: however many look, the venue is asked once. And how old a quote says it is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from bots.tests.factories import CHZ, GALA, make_user
from exchanges import registry, venue_clients
from exchanges.adapters.access import Keys
from exchanges.adapters.market_dialect import VOUCHED_MS, quote_of
from exchanges.adapters.venues import VENUES
from exchanges.history.public_data import instrument
from exchanges.tests.wire.accounts import SERVERS, live_account, serving
from exchanges.tests.wire.server import WireServer

pytestmark = pytest.mark.django_db(transaction=True)

QUOTE_PATHS = ("ticker", "tickers")


@pytest.fixture(params=sorted(SERVERS))
def exchange(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def server(exchange: str, settings: Any) -> Any:
    settings.QUOTE_CACHE_TTL = 60.0
    with serving(exchange, settings) as server:
        yield server


def asked(server: WireServer) -> int:
    return sum(1 for path in server.paths() if any(part in path for part in QUOTE_PATHS))


@pytest.mark.parametrize("accounts", [1, 10])
def test_many_accounts_cost_what_one_costs(server: WireServer, exchange: str, accounts: int) -> None:
    venues = [registry.venue_of(live_account(make_user(), exchange)) for _ in range(accounts)]

    def look(venue: Any) -> set[str]:
        try:
            return set(venue.quotes([GALA, CHZ]))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(look, venues * 3))
    assert seen == [{GALA, CHZ}] * (accounts * 3)
    assert asked(server) == 1


def test_another_process_finds_what_one_has_read(server: WireServer, exchange: str, settings: Any) -> None:
    settings.QUOTE_CACHE_TTL = 60.0
    venue_clients.markets_of(exchange).quotes([GALA])
    before = asked(server)
    venue_clients.close_all()  # as if it were another process: only Redis remembers
    assert set(venue_clients.markets_of(exchange).quotes([GALA])) == {GALA}
    assert asked(server) == before


def test_a_book_that_stands_still_gets_old(server: WireServer, exchange: str) -> None:
    """Unchanged for a moment is as good as its answer; unchanged for long keeps its own time."""
    market = instrument(venue_clients.public_client(exchange), GALA)
    now = 1_800_000_000_000
    words: dict[str, Any] = {"bid": "1", "ask": "2", "sizes": ("1", "1"), "last": "1.5", "asked_ms": now}
    lively = quote_of(market, stamp_ms=now - 3_000, **words)
    frozen = quote_of(market, stamp_ms=now - VOUCHED_MS - 1, **words)
    assert lively is not None
    assert frozen is not None
    assert lively.alive_at - frozen.alive_at == timedelta(milliseconds=VOUCHED_MS + 1)
    assert quote_of(market, stamp_ms=now, **words | {"bid": ""}) is None
    assert quote_of(market, stamp_ms=now, **words | {"ask": "0"}) is None


def test_a_frozen_feed_is_not_presented_as_fresh(server: WireServer, exchange: str, monkeypatch: Any) -> None:
    """The venue answers at once, with prices of a minute ago."""
    venue_clients.public_client(exchange).now_ms()
    then = server.now_ms() - 60_000
    monkeypatch.setattr(server, "now_ms", lambda: then)
    quote = venue_clients.markets_of(exchange).quotes([GALA])[GALA]
    assert timezone.now() - quote.alive_at > timedelta(seconds=50)


@pytest.mark.parametrize("name", sorted(VENUES))
def test_a_testnet_is_another_place(name: str, settings: Any) -> None:
    settings.EXCHANGE_BASE_URLS = {}
    live = venue_clients.account_client(name, Keys("k", "s", "p"), account="a", testnet=False)
    test = venue_clients.account_client(name, Keys("k", "s", "p"), account="a", testnet=True)
    urls, headers = (live._ccxt.urls["api"], test._ccxt.urls["api"]), test._ccxt.headers
    assert urls[0] != urls[1] or headers.get("x-simulated-trading") == "1"


def test_every_address_is_rewritten_and_keeps_its_path(server: WireServer, exchange: str) -> None:
    client = venue_clients.public_client(exchange)
    for url in client._ccxt.urls["api"].values():
        assert url.startswith(server.url)
        assert "{" not in url
    if exchange == "binance":
        assert client._ccxt.urls["api"]["fapiPrivateV3"] == f"{server.url}/fapi/v3"
