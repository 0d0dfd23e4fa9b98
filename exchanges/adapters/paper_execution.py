"""Orders meeting the market: what they get, what becomes of them, and who is closed out."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from exchanges.adapters import paper_margin
from exchanges.adapters.paper_books import Books
from exchanges.adapters.paper_matching import Book, Chance, Want, executions, triggered
from exchanges.paper_models import WORKING, PaperOrder
from trading.core.order_state import OrderStatus
from trading.core.position import BUY, SELL
from trading.core.sizing import MarketRules, round_down


class Matcher:
    """`maintenance`: the share of a position's value that its margin may not fall below."""

    def __init__(self, rules: Mapping[str, MarketRules], book: Book, maintenance: Decimal) -> None:
        self._rules = rules
        self._book = book
        self._maintenance = maintenance

    def try_order(self, books: Books, order: PaperOrder, chance: Chance | None, *, fresh: bool, at: datetime) -> None:
        """One chance of one working order; None: no price. What must fill at once and does not is cancelled."""
        if order.hold_steps:
            books.order_change(order, hold_steps=order.hold_steps - 1)
            return
        if order.trigger_price is not None:
            chance = triggered(order.side, order.trigger_price, chance) if chance else None
            if chance is None:
                return
        rules = self._rules[order.symbol]
        amount, clipped = self._wanted(books, order)
        if chance is not None and amount > 0:
            want = Want(order.type, order.side, amount, order.price, rules.amount_step, fresh)
            for execution in executions(want, chance, self._book):
                rate = rules.maker_fee if execution.maker else rules.taker_fee
                books.fill(order, amount=execution.amount, price=execution.price, fee_rate=rate, at=at)
        if order.status in WORKING:
            self._end_if_over(books, order, chance, clipped)

    def liquidate(self, books: Books, marks: paper_margin.Marks) -> None:
        """Closes what is past its margin, at the mark, after cancelling everything that still works."""
        doomed = paper_margin.to_liquidate(books, marks, self._maintenance)
        if not doomed:
            return
        for order in books.working():
            books.order_end(order, OrderStatus.CANCELED, "liquidation")
        for row in doomed:
            self._close_out(books, row.symbol, marks(row.symbol))

    def close_out(self, books: Books, symbol: str, price: Decimal) -> None:
        """As a liquidation does it, whatever the margin."""
        self._close_out(books, symbol, price)

    def _end_if_over(self, books: Books, order: PaperOrder, chance: Chance | None, clipped: bool) -> None:
        if clipped and not _reducible(books, order):
            books.order_end(order, OrderStatus.CANCELED, "reduce-only: nothing left to reduce")
        elif order.type != "limit":
            books.order_end(order, OrderStatus.CANCELED, "not filled at once" if chance else "no price")

    def _wanted(self, books: Books, order: PaperOrder) -> tuple[Decimal, bool]:
        """What the order may fill now, and whether reduce-only clipped it."""
        amount = order.amount - order.filled
        clipped = False
        if order.reduce_only and (reducible := _reducible(books, order)) < amount:
            amount, clipped = reducible, True
        if order.fill_share is not None:
            most = round_down(order.amount * order.fill_share, self._rules[order.symbol].amount_step)
            amount = min(amount, most - order.filled)
        return amount, clipped

    def _close_out(self, books: Books, symbol: str, price: Decimal) -> None:
        held, number = books.held(symbol), books.next_number()
        order = PaperOrder(
            account_id=books.wallet.account_id,
            number=number,
            client_order_id=f"liquidation{number}",
            symbol=symbol,
            side=SELL if held > 0 else BUY,
            type="market",
            amount=abs(held),
            filled=Decimal(0),
            reduce_only=True,
            status=OrderStatus.OPEN.value,
            reason="liquidation",
            accepted_at=books.now,
            updated_at=books.now,
        )
        books.order_add(order)
        books.fill(order, amount=abs(held), price=price, fee_rate=self._rules[symbol].taker_fee, at=books.now)


def _reducible(books: Books, order: PaperOrder) -> Decimal:
    held = books.held(order.symbol)
    return max(-held if order.side == BUY else held, Decimal(0))
