"""The books of one paper account, open under the lock of its wallet: what happens there is written when they close."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Context, Decimal, localcontext
from functools import cached_property

from exchanges.adapters.base import FillReport, MarginMode, OrderReport
from exchanges.adapters.paper_source import FundingRate, from_ms
from exchanges.paper_models import WORKING, PaperFill, PaperFunding, PaperOrder, PaperPosition, PaperWallet
from trading.core.order_state import OrderStatus
from trading.core.position import LEDGER_UNIT, Position, apply_fill

DEFAULT_LEVERAGE = 10
DEFAULT_MARGIN_MODE: MarginMode = "cross"
NUMBER_DIGITS_MAX = 18
BY_ITSELF = ("liquidation", "adl")
"""Reasons of orders that the venue placed itself."""

_EXACT = Context(prec=100)


class Books:
    """Lives inside one transaction on the `paper` connection; `now` is the venue's time, `moment` the source's
    (ms) at which prices are looked up. `close` writes what changed."""

    def __init__(self, wallet: PaperWallet, moment: int, now: datetime) -> None:
        self.wallet = wallet
        self.moment = moment
        self.now = now
        self._orders: dict[int, PaperOrder] = {}
        self._changed_orders: dict[int, PaperOrder] = {}
        self._changed_positions: dict[str, PaperPosition] = {}
        self._fills: list[PaperFill] = []
        self._funding: list[PaperFunding] = []
        self._wallet_fields: set[str] = set()

    # --- reading ---

    @cached_property
    def positions(self) -> dict[str, PaperPosition]:
        rows = PaperPosition.objects.filter(account_id=self.wallet.account_id)
        return {row.symbol: row for row in rows}

    @cached_property
    def _working(self) -> list[PaperOrder]:
        rows = PaperOrder.objects.filter(account_id=self.wallet.account_id, status__in=WORKING).order_by("number")
        return [self._known(row) for row in rows]

    def working(self) -> list[PaperOrder]:
        """Orders that may still fill, in the order in which they came."""
        return [order for order in self._working if order.status in WORKING]

    def held(self, symbol: str) -> Decimal:
        """Signed base units."""
        row = self.positions.get(symbol)
        return row.amount if row else Decimal(0)

    def open_positions(self) -> list[PaperPosition]:
        return [row for row in self.positions.values() if row.amount]

    def by_client_id(self, client_order_id: str) -> PaperOrder | None:
        row = PaperOrder.objects.filter(account_id=self.wallet.account_id, client_order_id=client_order_id).first()
        return self._known(row) if row else None

    def by_number(self, number: str) -> PaperOrder | None:
        if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_DIGITS_MAX:
            return None
        row = PaperOrder.objects.filter(account_id=self.wallet.account_id, number=int(number)).first()
        return self._known(row) if row else None

    def leverage_of(self, symbol: str) -> tuple[int, MarginMode]:
        leverage, mode = self.wallet.leverage.get(symbol, (DEFAULT_LEVERAGE, DEFAULT_MARGIN_MODE))
        return leverage, mode

    # --- writing ---

    def wallet_set(self, **values: object) -> None:
        for name, value in values.items():
            if getattr(self.wallet, name) != value:
                setattr(self.wallet, name, value)
                self._wallet_fields.add(name)

    def next_number(self) -> int:
        self.wallet_set(sequence=self.wallet.sequence + 1)
        return self.wallet.sequence

    def order_add(self, order: PaperOrder) -> PaperOrder:
        self._working.append(self._known(order))
        self._changed_orders[order.number] = order
        return order

    def order_change(self, order: PaperOrder, **values: object) -> None:
        for name, value in values.items():
            setattr(order, name, value)
        self._changed_orders[order.number] = order

    def order_end(self, order: PaperOrder, status: OrderStatus, reason: str = "") -> None:
        self.order_change(order, status=status.value, reason=reason, updated_at=self.now)

    def fill(self, order: PaperOrder, *, amount: Decimal, price: Decimal, fee_rate: Decimal, at: datetime) -> None:
        """Books one execution: order, position and balance, all in ledger units."""
        row = self.positions.setdefault(
            order.symbol,
            PaperPosition(account_id=order.account_id, symbol=order.symbol, amount=Decimal(0), cost=Decimal(0)),
        )
        position, realised = apply_fill(Position(row.amount, row.cost), order.side, amount, price)
        row.amount, row.cost = position.amount, position.cost
        self._changed_positions[order.symbol] = row
        fee = _in_ledger_units(amount, price, fee_rate)
        self._fills.append(
            PaperFill(
                account_id=order.account_id,
                number=self.next_number(),
                order=order,
                symbol=order.symbol,
                side=order.side,
                price=price,
                amount=amount,
                fee=fee,
                realised=realised,
                at=at,
            )
        )
        self.wallet_set(balance=self.wallet.balance + realised - fee)
        filled = order.filled + amount
        done = filled == order.amount
        status = OrderStatus.CLOSED if done else OrderStatus.PARTIALLY_FILLED
        self.order_change(order, filled=filled, status=status.value, updated_at=at)

    def fund(self, symbol: str, rate: FundingRate, mark: Decimal, *, held: Decimal | None = None) -> None:
        """A long position pays its value times the rate, a short one receives it. `held` then, if it was not as now."""
        held = self.held(symbol) if held is None else held
        if not held:
            return
        amount = _in_ledger_units(-held, mark, rate.rate)
        row = PaperFunding(
            account_id=self.wallet.account_id, symbol=symbol, rate=rate.rate, amount=amount, at=from_ms(rate.at_ms)
        )
        self._funding.append(row)
        self.wallet_set(balance=self.wallet.balance + amount)

    def close(self) -> None:
        for order in self._changed_orders.values():
            order.save()
        PaperFill.objects.bulk_create(self._fills)
        for position in self._changed_positions.values():
            position.save()
        PaperFunding.objects.bulk_create(self._funding)
        if self._wallet_fields:
            self.wallet.save(update_fields=self._wallet_fields)

    def _known(self, order: PaperOrder) -> PaperOrder:
        """One object for each order, however it was found."""
        return self._orders.setdefault(order.number, order)


def report_of(order: PaperOrder, fills: Sequence[PaperFill], currency: str) -> OrderReport:
    return OrderReport(
        client_order_id=order.client_order_id,
        exchange_order_id=str(order.number),
        symbol=order.symbol,
        status=OrderStatus(order.status),
        amount=order.amount,
        filled=order.filled,
        at=order.updated_at,
        reason=order.reason,
        fills=tuple(fill_report(fill, order, currency) for fill in fills),
        side=order.side,
        type=order.type,
        price=order.price,
        average_price=_average(fills),
        trigger_price=order.trigger_price,
        reduce_only=order.reduce_only,
        post_only=order.post_only,
    )


def reports_of(orders: Sequence[PaperOrder], currency: str) -> list[OrderReport]:
    """With every fill, in one query; orders that are stored already."""
    filled = [order for order in orders if order.filled]
    fills: dict[int, list[PaperFill]] = {}
    if filled:
        for fill in PaperFill.objects.filter(order__in=filled).order_by("number"):
            fills.setdefault(fill.order_id, []).append(fill)
    return [report_of(order, fills.get(order.pk, ()), currency) for order in orders]


def fill_report(fill: PaperFill, order: PaperOrder, currency: str) -> FillReport:
    return FillReport(
        trade_id=str(fill.number),
        client_order_id=order.client_order_id,
        exchange_order_id=str(order.number),
        symbol=fill.symbol,
        side="buy" if fill.side == "buy" else "sell",
        price=fill.price,
        amount=fill.amount,
        fee=fill.fee,
        fee_currency=currency,
        at=fill.at,
        cause=order.reason if order.reason in BY_ITSELF else "",
    )


def _average(fills: Sequence[PaperFill]) -> Decimal | None:
    amount = sum((fill.amount for fill in fills), Decimal(0))
    return sum((fill.price * fill.amount for fill in fills), Decimal(0)) / amount if amount else None


def _in_ledger_units(amount: Decimal, price: Decimal, rate: Decimal) -> Decimal:
    with localcontext(_EXACT):
        return (amount * price * rate).quantize(LEDGER_UNIT)
