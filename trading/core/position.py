"""A position from its fills, exact to the ledger's last unit. Our ledger and the paper venue both use it."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final

LEDGER_UNIT: Final = Decimal("1e-12")
ZERO: Final = Decimal(0)

BUY: Final = "buy"
SELL: Final = "sell"

_EXACT: Final = Context(prec=100, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Position:
    """`amount` signed base units (negative: short); `cost` signed quote units, what the amount cost to enter."""

    amount: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def entry_price(self) -> Decimal | None:
        return self.cost / self.amount if self.amount else None

    def unrealised(self, price: Decimal) -> Decimal:
        return ledger_value(self.amount, price) - self.cost


def ledger_value(amount: Decimal, price: Decimal) -> Decimal:
    """amount * price in ledger units, signed like the amount."""
    with localcontext(_EXACT):
        return (amount * price).quantize(LEDGER_UNIT)


def apply_fill(position: Position, side: str, amount: Decimal, price: Decimal) -> tuple[Position, Decimal]:
    """The position after a fill of `amount` > 0 on `side` ("buy" or "sell"), and the P&L that it realised.

    Over any run of fills: sum of realised = final cost - sum of signed fill values, to the last unit.
    A fill beyond zero closes the whole position and opens the rest on the other side. Raises ValueError.
    """
    signed = _signed(side, amount, price)
    with localcontext(_EXACT):
        value = ledger_value(signed, price)
        remaining = position.amount + signed
        if position.amount * signed >= 0:
            return Position(remaining, position.cost + value), ZERO
        if position.amount * remaining >= 0:
            released = _released_cost(position, signed)
            return Position(remaining, position.cost - released), -value - released
        closing_value = ledger_value(-position.amount, price)
        return Position(remaining, value - closing_value), -closing_value - position.cost


def _released_cost(position: Position, signed: Decimal) -> Decimal:
    """The part of the cost that leaves with a reduction; all of it with a full close."""
    if signed == -position.amount:
        return position.cost
    return (position.cost * -signed / position.amount).quantize(LEDGER_UNIT)


def _signed(side: str, amount: Decimal, price: Decimal) -> Decimal:
    if side not in (BUY, SELL):
        raise ValueError(f"side must be {BUY} or {SELL}, not {side}")
    if not (amount.is_finite() and amount > 0):
        raise ValueError(f"the amount of a fill must be above 0, not {amount}")
    if not (price.is_finite() and price > 0):
        raise ValueError(f"the price of a fill must be above 0, not {price}")
    return amount if side == BUY else -amount
