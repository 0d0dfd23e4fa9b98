"""How much each held coin moves with BTC: measured once an hour from a month of candles, kept for the stress table."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.core.cache import cache
from django.core.exceptions import ValidationError
from redis import RedisError

from bots.charts.pair_candles import Market, closes_between
from exchanges.errors import ExchangeError
from exchanges.registry import venue_of
from exchanges.symbols import settle_of
from trading.core.market_beta import beta
from trading.models import Position
from trading.pair_health import source_of

log = logging.getLogger(__name__)

LENGTH: Final = timedelta(days=30)
KEPT_S: Final = 48 * 3600
"""A market moves as it did; one that cannot be measured for two days counts as not measured."""
MARKET: Final = "BTC"


def betas_known(markets: Collection[Market]) -> dict[Market, float]:
    """Those that have been measured; BTC is its own measure."""
    keys = {_key(market): market for market in markets}
    try:
        kept = cache.get_many(keys)
    except (RedisError, OSError):
        kept = {}
    found = {keys[key]: value for key, (value, _hour) in kept.items() if value is not None}
    return found | {market: 1.0 for market in markets if _is_market(market[1])}


def betas_measure() -> None:
    """Of every market in which a bot holds something, once an hour."""
    legs = Position.objects.filter(is_open=True).select_related("account").order_by()
    markets = {(source_of(leg.account), leg.symbol): (leg.account, leg.symbol) for leg in legs}
    for market in markets.values():
        if not _is_market(market[1]):
            _measure(market)


def _measure(market: Market) -> None:
    try:
        hour = venue_of(market[0]).clock().replace(minute=0, second=0, microsecond=0)
        known = cache.get(_key(market))
        if known is not None and known[1] == hour.isoformat():
            return
        found = _beta(market, hour)
        cache.set(_key(market), (known[0] if known and found is None else found, hour.isoformat()), KEPT_S)
    except (ExchangeError, ValidationError) as error:
        log.info("how %s moves with BTC is not known: %s", market[1], error)
    except (RedisError, OSError):
        log.info("how %s moves with BTC is not kept", market[1])


def _beta(market: Market, hour: datetime) -> float | None:
    account, symbol = market
    settle = settle_of(symbol)
    try:
        closes = closes_between(market, (account, f"{MARKET}/{settle}:{settle}"), hour - LENGTH, hour)
    except ExchangeError:
        return None
    one = np.array([float(close) for _at, close, _other in closes])
    return beta(one, np.array([float(close) for _at, _other, close in closes]))


def _is_market(symbol: str) -> bool:
    return symbol.partition("/")[0] == MARKET


def _key(market: Market) -> str:
    account, symbol = market
    return f"beta:{source_of(account)}{symbol}".replace(" ", "")
