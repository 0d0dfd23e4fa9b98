"""One market of a venue: our rules for it, the venue's name for it, and the only place where contracts become coins."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exchanges.adapters.venues import Capabilities
from trading.core.sizing import MarketRules

ONE = Decimal(1)
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Instrument:
    """`rules` are in base units, those of an inverse contract in quote currency. `unit` is how much of that the venue's
    amount 1 is (an OKX contract).

    `category` is what the venue calls the kind of market in its questions; times in ms.
    """

    id: str
    kind: str
    category: str
    rules: MarketRules
    unit: Decimal
    linear: bool
    listed_ms: int
    funding_interval_ms: int | None

    def to_venue(self, amount: Decimal) -> str:
        """Our amount in the venue's, as text without an exponent."""
        return plain(amount / self.unit)

    def to_base(self, amount: str) -> Decimal:
        return Decimal(amount) * self.unit


def plain(value: Decimal) -> str:
    """Without an exponent and without trailing zeros, which venues count as digits too many."""
    return f"{value.normalize():f}"


def instrument_of(venue: Capabilities, market: Mapping[str, Any]) -> Instrument:
    """Of a market as ccxt describes it, its numbers being texts."""
    linear = bool(market["linear"]) or market["type"] == "spot"
    size = _contract_size(venue, market, linear=linear)
    return Instrument(
        id=market["id"],
        kind=market["type"],
        category=_category(market),
        rules=_rules(venue, market, size),
        unit=size,
        linear=linear,
        listed_ms=int(market["created"] or 0),
        funding_interval_ms=_funding_interval(market["info"]),
    )


def _contract_size(venue: Capabilities, market: Mapping[str, Any], *, linear: bool) -> Decimal:
    """What one of the venue's amounts is worth: base units, of inverse contracts quote currency.

    Where those are counted in quote currency itself, ccxt's size is the smallest order.
    """
    if not linear and venue.inverse_in_quote:
        return ONE
    return _decimal(market["contractSize"]) or ONE


def _rules(venue: Capabilities, market: Mapping[str, Any], unit: Decimal) -> MarketRules:
    limits, precision = market["limits"], market["precision"]
    step = _decimal(precision["amount"]) or Decimal(0)
    return MarketRules(
        symbol=market["symbol"],
        base=market["base"],
        quote=market["quote"],
        settle=market["settle"] or market["quote"],
        contract_size=unit,
        amount_step=(step * unit).normalize(),
        amount_min=((_decimal(limits["amount"]["min"]) or step) * unit).normalize(),
        amount_max=_amount_max(market, unit),
        price_tick=_decimal(precision["price"]) or Decimal(0),
        notional_min=_notional_min(market),
        notional_max=_decimal(limits["cost"]["max"]) if market["type"] != "spot" else None,
        max_leverage=_decimal(limits["leverage"]["max"]) or venue.max_leverage,
        taker_fee=venue.spot_taker_fee if market["type"] == "spot" else venue.taker_fee,
        maker_fee=venue.spot_maker_fee if market["type"] == "spot" else venue.maker_fee,
        active=bool(market["active"]),
    )


def _amount_max(market: Mapping[str, Any], unit: Decimal) -> Decimal | None:
    """The smaller of the largest limit and the largest market order: every order may become either."""
    info = market["info"]
    lots = info.get("lotSizeFilter") or {}
    largest = [market["limits"]["amount"]["max"], lots.get("maxMktOrderQty"), lots.get("maxMarketOrderQty")]
    if market["type"] != "spot":  # there OKX means money
        largest.append(info.get("maxMktSz"))
    filters = info.get("filters") or ()
    largest += [row.get("maxQty") for row in filters if row.get("filterType") == "MARKET_LOT_SIZE"]
    known = [value for text in largest if (value := _decimal(text))]
    return min(known) * unit if known else None


def _notional_min(market: Mapping[str, Any]) -> Decimal:
    lots = market["info"].get("lotSizeFilter") or {}
    return _decimal(market["limits"]["cost"]["min"]) or _decimal(lots.get("minNotionalValue")) or Decimal(0)


def _category(market: Mapping[str, Any]) -> str:
    kind: str = market["type"]
    if kind in ("spot", "option"):
        return kind
    return "linear" if market["linear"] else "inverse"


def _funding_interval(info: Mapping[str, Any]) -> int | None:
    minutes = info.get("fundingInterval")
    return int(minutes) * MINUTE_MS if minutes else None


def _decimal(text: Any) -> Decimal | None:
    """None for nothing and for zero, which venues write where they mean nothing."""
    value = Decimal(str(text)) if text not in (None, "") else Decimal(0)
    return value if value > 0 else None
