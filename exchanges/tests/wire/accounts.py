"""Accounts at the wire-format servers."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache

from accounts.models import User
from exchanges import listings, registry, venue_clients
from exchanges.models import ExchangeAccount
from exchanges.services import account_create
from exchanges.tests.wire.binance_kinds import BinanceVenue
from exchanges.tests.wire.bybit_kinds import BybitVenue
from exchanges.tests.wire.okx_kinds import OkxVenue
from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET, WireServer

SERVERS: dict[str, Callable[[], WireServer]] = {"okx": OkxVenue, "binance": BinanceVenue, "bybit": BybitVenue}


@contextmanager
def serving(exchange: str, settings: Any, *offers: str) -> Iterator[WireServer]:
    """A fresh server that the settings point to; nothing that an earlier one said is remembered."""
    cache.clear()
    listings.forget()
    settings.REDIS_PREFIX = f"test{secrets.token_hex(6)}"  # a budget of its own
    server = SERVERS[exchange]()
    server.exchange, server.offers = exchange, frozenset(offers)
    settings.EXCHANGE_BASE_URLS = {exchange: {"rest": server.url}}
    try:
        yield server
    finally:
        registry.close_all()
        venue_clients.close_all()
        server.stop()


def live_account(owner: User, exchange: str, **data: Any) -> ExchangeAccount:
    keys = {"api_key": KEY, "api_secret": SECRET} | ({"passphrase": PASSPHRASE} if exchange == "okx" else {})
    return account_create(owner=owner, data={"exchange": exchange, "label": "Live", **keys, **data})


def live_paper_account(owner: User, exchange: str, *, label: str = "Play", **config: Any) -> ExchangeAccount:
    """Play money on the server's quotes."""
    data = {"exchange": "paper", "label": label, "paper_source": "live", "paper_venue": exchange}
    return account_create(owner=owner, data=data | {"paper_config": config})
