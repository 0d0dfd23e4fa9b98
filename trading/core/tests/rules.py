"""Venue rules for tests."""

from decimal import Decimal
from typing import Any

from trading.core.sizing import MarketRules


def rules(step: str = "0.1", minimum: str = "0.1", **changes: Any) -> MarketRules:
    defaults: dict[str, Any] = {
        "symbol": "GALA/USDT:USDT",
        "base": "GALA",
        "quote": "USDT",
        "settle": "USDT",
        "contract_size": Decimal(1),
        "amount_step": Decimal(step),
        "amount_min": Decimal(minimum),
        "amount_max": None,
        "price_tick": Decimal("0.0001"),
        "notional_min": Decimal(0),
        "notional_max": None,
        "max_leverage": Decimal(20),
        "taker_fee": Decimal("0.0005"),
        "maker_fee": Decimal("0.0002"),
        "active": True,
    }
    return MarketRules(**(defaults | changes))
