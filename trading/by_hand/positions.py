"""What orders by hand have built up in a market, from their fills alone: bots' orders have rows of their own."""

from decimal import Decimal

from exchanges.models import ExchangeAccount
from exchanges.symbols import is_inverse
from trading.core.inverse import apply_inverse_fill
from trading.core.position import ZERO, Position, apply_fill
from trading.ledger_spot import coins_moved, is_spot
from trading.models import Fill


def position_by_hand(account: ExchangeAccount, symbol: str) -> Position:
    """Signed base units and entry cost. Of spot: the coins that were bought by hand and are not sold yet. Of inverse
    contracts: signed quote currency, and the coins that it was worth."""
    held = Position()
    rows = Fill.objects.filter(account=account, symbol=symbol, order__bot=None).order_by("at", "id")
    names = ("side", "amount", "price", "order__reduce_only", "fee", "fee_currency")
    for side, amount, price, reduce_only, fee, currency in rows.values_list(*names):
        moved = coins_moved(symbol, side, amount, fee, currency) if is_spot(symbol) else amount
        held, _ = by_hand_after(held, side, moved, price, reduce_only=reduce_only, inverse=is_inverse(symbol))
    return held


def by_hand_after(
    held: Position, side: str, amount: Decimal, price: Decimal, *, reduce_only: bool, inverse: bool = False
) -> tuple[Position, Decimal]:
    """The position after a fill, and the P&L that it realised (without the fee).

    A reduce-only fill may close what was opened elsewhere: it takes no more than what is booked here.
    """
    if reduce_only:
        booked = -held.amount if side == "buy" else held.amount
        amount = min(amount, max(booked, ZERO))
    if not amount:
        return held, ZERO
    return apply_inverse_fill(held, side, amount, price) if inverse else apply_fill(held, side, amount, price)
