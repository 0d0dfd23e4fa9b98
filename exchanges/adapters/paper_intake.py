"""What the paper venue refuses, as a venue does: before anything is accepted, with its reason."""

from decimal import Decimal

from exchanges.adapters.base import OrderRequest
from exchanges.adapters.order_checks import check_form, check_value
from exchanges.adapters.paper_books import Books
from exchanges.adapters.paper_margin import Marks, enlarging, equity, margin_used
from exchanges.errors import DuplicateOrder, Rejected
from trading.core.position import BUY
from trading.core.sizing import MarketRules

CLIENT_ID_MAX = 36


def check(request: OrderRequest, rules: MarketRules | None, books: Books, marks: Marks) -> None:
    """Raises Rejected or DuplicateOrder."""
    if not 0 < len(request.client_order_id) <= CLIENT_ID_MAX:
        raise Rejected("client order id has no usable length", code="client_order_id")
    if books.by_client_id(request.client_order_id) is not None:
        raise DuplicateOrder("client order id is taken", code="duplicate")
    if rules is None:
        raise Rejected(f"no market {request.symbol}", code="unknown_market")
    check_form(request, rules)
    mark = marks(request.symbol)
    _check_rests(request, mark)
    _check_waits(request, mark)
    if request.reduce_only:
        _check_reduces(request, books.held(request.symbol))
    else:
        check_value(request, rules, request.price or mark)
        _check_margin(request, rules, books, marks)


def _check_rests(request: OrderRequest, mark: Decimal) -> None:
    """Refuses a little more than the book would: what is beyond the mid."""
    if request.post_only and request.price is not None:
        crosses = request.price >= mark if request.side == BUY else request.price <= mark
        if crosses:
            raise Rejected("the order would fill at once", code="post_only")


def _check_waits(request: OrderRequest, mark: Decimal) -> None:
    if request.trigger_price is not None:
        reached = mark >= request.trigger_price if request.side == BUY else mark <= request.trigger_price
        if reached:
            raise Rejected("the stop would trigger at once", code="would_trigger")


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
