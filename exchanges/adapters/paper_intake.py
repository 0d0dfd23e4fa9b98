"""What the paper venue refuses, as a venue does: before anything is accepted, with its reason."""

from decimal import Context, Decimal, localcontext

from exchanges.adapters.base import OrderRequest
from exchanges.adapters.paper_books import Books
from exchanges.adapters.paper_margin import Marks, enlarging, equity, margin_used
from exchanges.errors import DuplicateOrder, Rejected
from trading.core.position import BUY, LEDGER_UNIT
from trading.core.sizing import MarketRules

CLIENT_ID_MAX = 36
NUMBER_MAX = Decimal(10**15)
"""What the books can hold, with room for their product."""

_EXACT = Context(prec=100)


def check(request: OrderRequest, rules: MarketRules | None, books: Books, marks: Marks) -> None:
    """Raises Rejected or DuplicateOrder."""
    if not 0 < len(request.client_order_id) <= CLIENT_ID_MAX:
        raise Rejected("client order id has no usable length", code="client_order_id")
    if books.by_client_id(request.client_order_id) is not None:
        raise DuplicateOrder("client order id is taken", code="duplicate")
    if rules is None:
        raise Rejected(f"no market {request.symbol}", code="unknown_market")
    if not rules.active:
        raise Rejected(f"{request.symbol} is not trading", code="not_trading")
    _check_form(request, rules)
    mark = marks(request.symbol)
    if request.reduce_only:
        _check_reduces(request, books.held(request.symbol))
    else:
        _check_notional(request, rules, request.price or mark)
        _check_margin(request, rules, books, marks)


def _check_form(request: OrderRequest, rules: MarketRules) -> None:
    if request.side not in ("buy", "sell") or request.type not in ("market", "limit", "ioc"):
        raise Rejected("unknown side or type", code="parameter")
    if (request.price is None) != (request.type == "market"):
        raise Rejected("limit orders need a price, market orders have none", code="price")
    if request.price is not None and not (0 < request.price < NUMBER_MAX and _on_step(request.price, rules.price_tick)):
        raise Rejected(f"price {request.price:f} is not a multiple of {rules.price_tick:f}", code="tick")
    if not (0 < request.amount < NUMBER_MAX and _on_step(request.amount, rules.amount_step)):
        raise Rejected(f"amount {request.amount:f} is not a multiple of {rules.amount_step:f}", code="lot")
    if request.amount < rules.amount_min:
        raise Rejected(f"amount {request.amount:f} is below the minimum {rules.amount_min:f}", code="amount_min")
    if rules.amount_max is not None and request.amount > rules.amount_max:
        raise Rejected(f"amount {request.amount:f} is above the maximum {rules.amount_max:f}", code="amount_max")


def _check_notional(request: OrderRequest, rules: MarketRules, price: Decimal) -> None:
    notional = request.amount * price
    if notional < rules.notional_min:
        raise Rejected(f"notional {notional:.4f} is below the minimum {rules.notional_min:f}", code="notional_min")
    if rules.notional_max is not None and notional > rules.notional_max:
        raise Rejected(f"notional {notional:.4f} is above the maximum {rules.notional_max:f}", code="notional_max")


def _check_reduces(request: OrderRequest, held: Decimal) -> None:
    if held >= 0 if request.side == BUY else held <= 0:
        raise Rejected("reduce-only order would not reduce a position", code="reduce_only")


def _check_margin(request: OrderRequest, rules: MarketRules, books: Books, marks: Marks) -> None:
    added = enlarging(books.held(request.symbol), request.side, request.amount)
    if not added:
        return
    notional = added * (request.price or marks(request.symbol))
    needed = notional / books.leverage_of(request.symbol)[0] + notional * rules.taker_fee
    free = equity(books, marks) - margin_used(books, marks)
    if needed > free:
        raise Rejected(f"insufficient margin: {needed:.4f} needed, {free:.4f} free", code="insufficient_margin")


def _on_step(value: Decimal, step: Decimal) -> bool:
    with localcontext(_EXACT):
        return value % (step or LEDGER_UNIT) == 0
