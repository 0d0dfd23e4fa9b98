"""Equity, initial margin and liquidation of a paper account, in its settle currency.

Kept simple: positions are valued at the mark; initial margin is notional / leverage; cross positions share the wallet
and are closed together when equity falls below their maintenance margin, an isolated one alone when what it was given
does. A loss beyond the margin stays in the balance: there is no insurance fund.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from exchanges.adapters.paper_books import Books
from exchanges.paper_models import PaperPosition
from trading.core.margin import left
from trading.core.position import BUY, Position

Marks = Callable[[str], Decimal]

ZERO = Decimal(0)


def unrealised(row: PaperPosition, mark: Decimal) -> Decimal:
    return Position(row.amount, row.cost).unrealised(mark)


def equity(books: Books, marks: Marks) -> Decimal:
    open_pnl = sum((unrealised(row, marks(row.symbol)) for row in books.open_positions()), ZERO)
    return books.wallet.balance + open_pnl


def margin_used(books: Books, marks: Marks) -> Decimal:
    """Of positions, and of working orders as far as they would enlarge them."""
    leverages: Mapping[str, int] = {symbol: books.leverage_of(symbol)[0] for symbol in _symbols(books)}
    of_positions = sum(
        (abs(row.amount) * marks(row.symbol) / leverages[row.symbol] for row in books.open_positions()), ZERO
    )
    of_orders = sum(
        (
            enlarging(books.held(order.symbol), order.side, order.amount - order.filled)
            * (order.price or marks(order.symbol))
            / leverages[order.symbol]
            for order in books.working()
            if not order.reduce_only
        ),
        ZERO,
    )
    return of_positions + of_orders


def enlarging(held: Decimal, side: str, amount: Decimal) -> Decimal:
    """How much of an order adds to the position instead of closing it."""
    signed = amount if side == BUY else -amount
    return max(abs(held + signed) - abs(held), ZERO)


def to_liquidate(books: Books, marks: Marks, maintenance: Decimal) -> list[PaperPosition]:
    """The positions that are past their margin now."""
    rows = books.open_positions()
    isolated = [row for row in rows if books.leverage_of(row.symbol)[1] == "isolated"]
    given = {row.symbol: abs(row.cost) / books.leverage_of(row.symbol)[0] for row in isolated}
    doomed = [row for row in isolated if _left(given[row.symbol], [row], marks, maintenance) < 0]
    cross = [row for row in rows if row not in isolated]
    if cross and _left(books.wallet.balance, cross, marks, maintenance) < 0:
        doomed += cross
    return doomed


def _left(backing: Decimal, rows: list[PaperPosition], marks: Marks, maintenance: Decimal) -> Decimal:
    gained = sum((unrealised(row, marks(row.symbol)) for row in rows), ZERO)
    value = sum((abs(row.amount) * marks(row.symbol) for row in rows), ZERO)
    return left(backing, gained, value, maintenance)


def _symbols(books: Books) -> set[str]:
    return {row.symbol for row in books.open_positions()} | {order.symbol for order in books.working()}
