"""What an order gets from one look at the market. Pure; rates and slippage are fractions."""

from dataclasses import dataclass, replace
from decimal import Context, Decimal, localcontext

from trading.core.position import BUY, LEDGER_UNIT
from trading.core.sizing import round_down

SLIPPAGE_MAX = Decimal("0.1")
WALK = Decimal("0.0001")
"""Least worsening of the price for each further helping of depth that a market order eats."""

_EXACT = Context(prec=100)


@dataclass(frozen=True, slots=True)
class Book:
    """`depth` is the notional that rests at the touch (None: more than anybody asks for)."""

    slippage: Decimal
    depth: Decimal | None


@dataclass(frozen=True, slots=True)
class Chance:
    """What a taker pays or gets before slippage, and how far each side of the book went."""

    buy: Decimal
    sell: Decimal
    lowest_ask: Decimal
    highest_bid: Decimal


@dataclass(frozen=True, slots=True)
class Execution:
    amount: Decimal
    price: Decimal
    maker: bool


@dataclass(frozen=True, slots=True)
class Want:
    """`limit` is None for market orders; `fresh`: the order meets the market for the first time."""

    type: str
    side: str
    amount: Decimal
    limit: Decimal | None
    step: Decimal
    fresh: bool


def executions(want: Want, chance: Chance, book: Book) -> list[Execution]:
    """Empty where nothing fills. A taker's price is worse than the chance's by the slippage; a maker gets his limit."""
    if want.limit is None:
        return _walk(want, chance, book)
    if want.type == "ioc":
        price = _slipped(want.side, chance, book.slippage)
        return _at(want, price, book, maker=False) if _within(want.side, price, want.limit) else []
    if want.fresh and _within(want.side, chance.buy if want.side == BUY else chance.sell, want.limit):
        price = _slipped(want.side, chance, book.slippage)
        return _at(want, price if _within(want.side, price, want.limit) else want.limit, book, maker=False)
    if _within(want.side, chance.lowest_ask if want.side == BUY else chance.highest_bid, want.limit):
        return _at(want, want.limit, book, maker=True)
    return []


def triggered(side: str, trigger: Decimal, chance: Chance) -> Chance | None:
    """What a stop's market order meets: the worse of its trigger and the book; None where it was not reached."""
    if side == BUY:
        return replace(chance, buy=max(trigger, chance.buy)) if chance.highest_bid >= trigger else None
    return replace(chance, sell=min(trigger, chance.sell)) if chance.lowest_ask <= trigger else None


def _walk(want: Want, chance: Chance, book: Book) -> list[Execution]:
    """All of a market order: the touch first, the rest at the mean of what the further helpings cost."""
    first = _at(want, _slipped(want.side, chance, book.slippage), book, maker=False)
    rest = want.amount - sum((execution.amount for execution in first), Decimal(0))
    if not rest or book.depth is None:
        return first
    touch = chance.buy if want.side == BUY else chance.sell
    helpings = rest * touch / book.depth
    slippage = book.slippage + max(book.slippage, WALK) * (helpings + 1) / 2
    return [*first, Execution(rest, _slipped(want.side, chance, min(slippage, SLIPPAGE_MAX)), False)]


def _at(want: Want, price: Decimal, book: Book, *, maker: bool) -> list[Execution]:
    amount = want.amount
    if book.depth is not None:
        amount = min(amount, round_down(book.depth / price, want.step))
    return [Execution(amount, price, maker)] if amount > 0 else []


def _slipped(side: str, chance: Chance, slippage: Decimal) -> Decimal:
    with localcontext(_EXACT):
        price = chance.buy * (1 + slippage) if side == BUY else chance.sell * (1 - slippage)
        return price.quantize(LEDGER_UNIT)


def _within(side: str, price: Decimal, limit: Decimal) -> bool:
    return price <= limit if side == BUY else price >= limit
