"""Contract rules of markets that no venue is asked about: replays and simulations.

Common USDT perpetuals have the figures that the venues published in 2025; a live account asks its venue. Anything else
gets the steps that its recorded series shows (`source` says so) and the venue's usual limits. Amounts are base units: a
venue's lot times its contract size.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np

from exchanges.symbols import base_of, quote_of, settle_of
from trading.core.candles import Candles, Floats
from trading.core.sizing import MarketRules

DECIMALS_MAX = 8
SAMPLED_BARS = 2_000


class RulesSource(StrEnum):
    PUBLISHED = "published"
    SERIES = "series"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class ContractRules:
    rules: MarketRules
    source: RulesSource


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds for a venue's contracts unless the table below says otherwise. Fees: the lowest tier."""

    taker_fee: Decimal
    maker_fee: Decimal
    notional_min: Decimal
    max_leverage: Decimal


@dataclass(frozen=True, slots=True)
class Contract:
    """Published figures; `lot` in base units. No `notional_min`: the venue's usual one holds."""

    tick: str
    lot: str
    size: str = "1"
    notional_min: str | None = None
    max_leverage: str = "75"


USUAL: Mapping[str, Usual] = {
    "binance": Usual(Decimal("0.0005"), Decimal("0.0002"), Decimal(5), Decimal(50)),
    "okx": Usual(Decimal("0.0005"), Decimal("0.0002"), Decimal(0), Decimal(50)),
    "bybit": Usual(Decimal("0.00055"), Decimal("0.0002"), Decimal(5), Decimal(50)),
}
"""OKX has no smallest notional: one lot is its minimum."""

PUBLISHED: Mapping[str, Mapping[str, Contract]] = {
    "binance": {
        "BTC": Contract("0.1", "0.001", notional_min="100", max_leverage="125"),
        "ETH": Contract("0.01", "0.001", notional_min="20", max_leverage="125"),
        "SOL": Contract("0.01", "0.01", max_leverage="100"),
        "XRP": Contract("0.0001", "0.1", max_leverage="100"),
        "ADA": Contract("0.0001", "1"),
        "AVAX": Contract("0.001", "1"),
        "LTC": Contract("0.01", "0.001", notional_min="20"),
        "BCH": Contract("0.01", "0.001", notional_min="20"),
        "LINK": Contract("0.001", "0.01", notional_min="20"),
        "GALA": Contract("0.00001", "1"),
        "CHZ": Contract("0.00001", "1"),
        "SAND": Contract("0.00001", "1"),
        "MANA": Contract("0.0001", "1"),
    },
    "okx": {
        "BTC": Contract("0.1", "0.0001", size="0.01", max_leverage="100"),
        "ETH": Contract("0.01", "0.001", size="0.1", max_leverage="100"),
        "SOL": Contract("0.01", "0.01", max_leverage="50"),
        "ADA": Contract("0.0001", "10", size="100", max_leverage="50"),
        "AVAX": Contract("0.01", "1", max_leverage="50"),
        "LTC": Contract("0.01", "1", max_leverage="50"),
        "BCH": Contract("0.1", "0.1", size="0.1", max_leverage="50"),
        "LINK": Contract("0.001", "1", max_leverage="50"),
        "GALA": Contract("0.00001", "10", size="10", max_leverage="50"),
        "CHZ": Contract("0.00001", "10", size="10", max_leverage="50"),
        "SAND": Contract("0.0001", "10", size="10", max_leverage="50"),
        "MANA": Contract("0.0001", "10", size="10", max_leverage="50"),
    },
    "bybit": {
        "BTC": Contract("0.1", "0.001", max_leverage="100"),
        "ETH": Contract("0.01", "0.01", max_leverage="100"),
        "SOL": Contract("0.01", "0.1", max_leverage="100"),
        "XRP": Contract("0.0001", "0.1"),
        "ADA": Contract("0.0001", "1"),
        "AVAX": Contract("0.001", "0.1"),
        "LTC": Contract("0.01", "0.1"),
        "BCH": Contract("0.1", "0.01"),
        "LINK": Contract("0.001", "0.1"),
        "GALA": Contract("0.00001", "1"),
        "CHZ": Contract("0.00001", "1"),
        "SAND": Contract("0.00001", "1"),
        "MANA": Contract("0.0001", "1"),
    },
}


def rules_of(venue: str, symbol: str, series: Candles | None = None) -> ContractRules:
    """Raises LookupError for a market that is neither in the table nor recorded."""
    usual = USUAL[venue]
    contract = PUBLISHED[venue].get(base_of(symbol)) if settle_of(symbol) == "USDT" else None
    if contract is not None:
        return ContractRules(_published(symbol, contract, usual), RulesSource.PUBLISHED)
    if series is None or not len(series):
        raise LookupError(f"nothing is known of {symbol} at {venue}")
    return ContractRules(_from_series(symbol, series, usual), RulesSource.SERIES)


def published_leverage(venue: str, symbol: str) -> Decimal | None:
    """The largest one of a common contract."""
    contract = PUBLISHED[venue].get(base_of(symbol)) if settle_of(symbol) == "USDT" else None
    return Decimal(contract.max_leverage) if contract else None


def without_lots(rules: MarketRules) -> MarketRules:
    """The same market without rounding and minimums, for comparison with engines that have none."""
    return _market(
        rules.symbol,
        tick=Decimal(0),
        lot=Decimal(0),
        size=rules.contract_size,
        notional_min=Decimal(0),
        usual=Usual(rules.taker_fee, rules.maker_fee, Decimal(0), rules.max_leverage),
    )


def _published(symbol: str, contract: Contract, usual: Usual) -> MarketRules:
    notional_min = usual.notional_min if contract.notional_min is None else Decimal(contract.notional_min)
    leverage = Usual(usual.taker_fee, usual.maker_fee, notional_min, Decimal(contract.max_leverage))
    return _market(
        symbol,
        tick=Decimal(contract.tick),
        lot=Decimal(contract.lot),
        size=Decimal(contract.size),
        notional_min=notional_min,
        usual=leverage,
    )


def _from_series(symbol: str, series: Candles, usual: Usual) -> MarketRules:
    """Prices and volumes are recorded in whole ticks and lots: their finest decimals are the steps."""
    return _market(
        symbol,
        tick=_finest(series.closes),
        lot=_finest(series.volumes),
        size=Decimal(1),
        notional_min=usual.notional_min,
        usual=usual,
    )


def _market(
    symbol: str, *, tick: Decimal, lot: Decimal, size: Decimal, notional_min: Decimal, usual: Usual
) -> MarketRules:
    return MarketRules(
        symbol=symbol,
        base=base_of(symbol),
        quote=quote_of(symbol),
        settle=settle_of(symbol),
        contract_size=size,
        amount_step=lot,
        amount_min=lot,
        amount_max=None,
        price_tick=tick,
        notional_min=notional_min,
        notional_max=None,
        max_leverage=usual.max_leverage,
        taker_fee=usual.taker_fee,
        maker_fee=usual.maker_fee,
        active=True,
    )


def _finest(values: Floats) -> Decimal:
    """The smallest power of ten, 1 at most, that divides the values."""
    sample = values[-SAMPLED_BARS:]
    for decimals in range(DECIMALS_MAX):
        scaled = sample * 10**decimals
        if np.allclose(scaled, np.rint(scaled), rtol=1e-9, atol=1e-6):
            return Decimal(1).scaleb(-decimals)
    return Decimal(1).scaleb(-DECIMALS_MAX)
