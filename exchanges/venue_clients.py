"""Clients of the venues: how this installation reaches them, and the ones without keys that everybody shares."""

import os
from collections.abc import Mapping
from functools import cache

from django.conf import settings

from exchanges.adapters.access import TRADING, Access, Keys, Patience
from exchanges.adapters.binance_market import BinanceMarket
from exchanges.adapters.bybit_market import BybitMarket
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.market_dialect import MarketDialect
from exchanges.adapters.okx_market import OkxMarket
from exchanges.adapters.venues import VENUES, Kind
from exchanges.errors import Rejected
from exchanges.limits import OPEN_TO_ALL, SharedBudget
from exchanges.venue_markets import VenueMarkets

DIALECTS: Mapping[str, MarketDialect] = {"okx": OkxMarket(), "binance": BinanceMarket(), "bybit": BybitMarket()}


def access_to(exchange: str, *, testnet: bool = False) -> Access:
    """By the operator's settings."""
    return Access(
        timeout_s=settings.EXCHANGE_TIMEOUT_S,
        base_url=settings.EXCHANGE_BASE_URLS.get(exchange, {}).get("rest", ""),
        proxy=settings.EXCHANGE_PROXY,
        testnet=testnet,
    )


def account_client(exchange: str, keys: Keys, *, account: str, testnet: bool) -> Client:
    """With an account's keys; not shared."""
    venue = VENUES[exchange]
    return Client(venue, access_to(exchange, testnet=testnet), _budget(exchange, testnet, account), keys=keys)


def public_client(
    exchange: str, *, testnet: bool = False, patience: Patience = TRADING, share: float = OPEN_TO_ALL
) -> Client:
    """Shared. Raises Rejected for an exchange without public data."""
    if exchange not in VENUES:
        raise Rejected(f"{exchange} is not an exchange with public data", code="unknown_exchange")
    return _public(os.getpid(), exchange, access_to(exchange, testnet=testnet), patience, share)


def markets_of(exchange: str, kind: Kind = "swap", *, testnet: bool = False) -> VenueMarkets:
    """Shared. Raises Rejected for an exchange without public data."""
    return _markets(public_client(exchange, testnet=testnet), kind)


def close_all() -> None:
    """Connections of shared clients; whoever asks next gets new ones."""
    _markets.cache_clear()
    _public.cache_clear()


@cache
def _public(process: int, exchange: str, access: Access, patience: Patience, share: float) -> Client:
    """`process`: connections are not shared with a process that was forked off."""
    return Client(VENUES[exchange], access, _budget(exchange, access.testnet, share=share), patience=patience)


@cache
def _markets(client: Client, kind: Kind) -> VenueMarkets:
    return VenueMarkets(client, DIALECTS[client.venue.exchange], kind)


def _budget(exchange: str, testnet: bool, account: str = "", share: float = OPEN_TO_ALL) -> SharedBudget:
    return SharedBudget(VENUES[exchange], testnet=testnet, account=account, share=share)
