"""Contracts that are worth quote currency and settle in their coin: what they earn, exact to the ledger's last unit.

At a price p an amount of quote currency is worth amount / p coins. A long earns what it was worth at its entry less
what it is worth at its exit: the same sum as of a linear contract at the price 1 / p, with the other sign.
"""

from decimal import Context, Decimal, localcontext
from typing import Final

from trading.core.position import Position, apply_fill, ledger_value

_EXACT: Final = Context(prec=100)


def coin_value(amount: Decimal, price: Decimal) -> Decimal:
    """amount / price in ledger units, signed like the amount."""
    return ledger_value(amount, _inverted(price))


def apply_inverse_fill(position: Position, side: str, amount: Decimal, price: Decimal) -> tuple[Position, Decimal]:
    """The position after a fill, and what it realised in coins. `cost` is what the amount was worth in coins at entry.

    Raises ValueError.
    """
    inverted = _inverted(price) if price.is_finite() and price > 0 else price
    after, paid = apply_fill(position, side, amount, inverted)
    return after, -paid


def _inverted(price: Decimal) -> Decimal:
    with localcontext(_EXACT):
        return 1 / price
