"""What a market's rules forbid at any venue: found before anything is sent, under the same names everywhere."""

from decimal import Context, Decimal, localcontext

from exchanges.adapters.base import OrderRequest
from exchanges.errors import Rejected
from exchanges.symbols import is_inverse
from trading.core.position import LEDGER_UNIT
from trading.core.sizing import MarketRules

NUMBER_MAX = Decimal(10**15)
"""What the books can hold, with room for their product."""

ORDER_TYPES = ("market", "limit", "ioc", "stop")

_EXACT = Context(prec=100)


def check_form(request: OrderRequest, rules: MarketRules) -> None:
    """Raises Rejected."""
    if not (rules.active or request.reduce_only):  # whether it can be closed is for the venue to say
        raise Rejected(f"{request.symbol} is not trading", code="not_trading")
    if request.side not in ("buy", "sell") or request.type not in ORDER_TYPES:
        raise Rejected("unknown side or type", code="parameter")
    if request.post_only and request.type != "limit":
        raise Rejected("only a limit order can wait for its counterpart", code="post_only")
    _check_prices(request, rules)
    if not (0 < request.amount < NUMBER_MAX and _on_step(request.amount, rules.amount_step)):
        raise Rejected(f"amount {request.amount:f} is not a multiple of {rules.amount_step:f}", code="lot")
    if request.amount < rules.amount_min:
        raise Rejected(f"amount {request.amount:f} is below the minimum {rules.amount_min:f}", code="amount_min")
    if rules.amount_max is not None and request.amount > rules.amount_max:
        raise Rejected(f"amount {request.amount:f} is above the maximum {rules.amount_max:f}", code="amount_max")


def _check_prices(request: OrderRequest, rules: MarketRules) -> None:
    if (request.price is None) != (request.type in ("market", "stop")):
        raise Rejected("limit orders need a price, market orders have none", code="price")
    if (request.trigger_price is None) == (request.type == "stop"):
        raise Rejected("stop orders need a trigger price, others have none", code="trigger_price")
    for price in (request.price, request.trigger_price):
        if price is not None and not (0 < price < NUMBER_MAX and _on_step(price, rules.price_tick)):
            raise Rejected(f"price {price:f} is not a multiple of {rules.price_tick:f}", code="tick")


def check_value(request: OrderRequest, rules: MarketRules, price: Decimal | None) -> None:
    """Raises Rejected; without a price nothing can be said."""
    if price is None:
        return
    notional = request.amount if is_inverse(request.symbol) else request.amount * price
    if notional < rules.notional_min:
        raise Rejected(f"notional {notional:.4f} is below the minimum {rules.notional_min:f}", code="notional_min")
    if rules.notional_max is not None and notional > rules.notional_max:
        raise Rejected(f"notional {notional:.4f} is above the maximum {rules.notional_max:f}", code="notional_max")


def _on_step(value: Decimal, step: Decimal) -> bool:
    with localcontext(_EXACT):
        return value % (step or LEDGER_UNIT) == 0
