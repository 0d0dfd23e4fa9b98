"""Part of the books: what became of a bot's legs at the venue without an order of ours, and what was told too late.

Each of these is an order row like any other, with fills of its own, so that positions, cycles and money are sums of
fills whoever traded. Its client order id is made of the account and the venue's number: the same order is booked once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from bots.leases import Lease, locked_bot
from bots.models import Bot
from exchanges.adapters.base import FillReport, FundingPayment, OrderReport
from exchanges.models import ExchangeAccount
from exchanges.symbols import settle_of
from trading.core.order_state import OrderStatus
from trading.ledger.fills import fill_book, fills_unbooked, report_apply
from trading.ledger.orders import OrderPlan, orders_write_for
from trading.models import (
    Cycle,
    Fill,
    LedgerLine,
    LineKind,
    Order,
    Position,
    Purpose,
    Trade,
    TradeStatus,
)

OUTSIDE_REASON = "placed at the exchange"
ADJUSTED = "adjusted"
"""Cause of what was booked without fills, on a person's word."""


@dataclass(frozen=True, slots=True)
class OutsideOrder:
    """Fills of one order that our books do not have.

    `cause`: as of a `FillReport`, ADJUSTED, or `lost` (we sent it before a backup was put back); empty: a person did.
    """

    number: str
    symbol: str
    side: str
    cause: str
    fills: tuple[FillReport, ...]

    @property
    def amount(self) -> Decimal:
        """Signed: positive buys."""
        total = sum((fill.amount for fill in self.fills), Decimal(0))
        return total if self.side == "buy" else -total


def outside_book(lease: Lease, leg: int, orders: Sequence[OutsideOrder]) -> list[Order]:
    """Books them to the bot's leg; what is known already is not booked again. Raises LeaseLost."""
    with transaction.atomic():
        bot = locked_bot(lease)
        trade = Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).first()
        rows = [_booked(bot, trade, leg, order) for order in orders]
        Bot.objects.filter(pk=bot.pk).update(updated_at=max(row.updated_at for row in rows))  # decided anew
    return rows


def outside_alone_book(account: ExchangeAccount, orders: Sequence[OutsideOrder]) -> int:
    """Books them to the account, without a bot; what is known already is not booked again. How many were new."""
    return sum(_booked_alone(account, order) for order in sorted(orders, key=lambda order: order.fills[0].at))


def funding_alone_book(account_id: int, payment: FundingPayment) -> bool:
    """On a position without a bot; False when it was booked before."""
    _line, is_new = LedgerLine.objects.get_or_create(
        account_id=account_id,
        kind=LineKind.FUNDING,
        external_id=payment.payment_id,
        defaults={
            "symbol": payment.symbol,
            "amount": payment.amount,
            "currency": payment.currency,
            "at": payment.at,
        },
    )
    return is_new


def late_fills_book(order: Order, fills: Sequence[FillReport]) -> Order:
    """Fills of an order of ours that counted as finished: its status stays, unless they filled it."""
    filled = order.filled_amount + sum((fill.amount for fill in fills), Decimal(0))
    status = OrderStatus(order.status)
    if filled == order.amount and status in (OrderStatus.CANCELED, OrderStatus.EXPIRED):
        status = OrderStatus.CLOSED
    report = OrderReport(
        client_order_id=order.client_order_id,
        exchange_order_id=fills[-1].exchange_order_id,
        symbol=order.symbol,
        status=status,
        amount=order.amount,
        filled=filled,
        at=fills[-1].at,
        fills=tuple(fills),
    )
    return report_apply(order, report)


def order_alone_write(
    lease: Lease, position: Position, plans: Sequence[OrderPlan], *, market_time: datetime
) -> list[Order]:
    """Orders on one leg outside any trade, `pending`, into the cycle that the position belongs to. Raises LeaseLost."""
    with transaction.atomic():
        bot = locked_bot(lease)
        return orders_write_for(bot, None, position.cycle_number, bot.level, plans, market_time=market_time)


def conversion_book(fee: LedgerLine, price: Decimal) -> LedgerLine | None:
    """What a fee in another coin was worth, as a line of its own beside it; None when that was booked before."""
    with transaction.atomic():
        Fill.objects.select_for_update().filter(lines=fee.pk).first()
        if LedgerLine.objects.filter(fill=fee.fill_id, kind=LineKind.CONVERSION).exists():
            return None
        value = (fee.amount * price).quantize(Decimal("1e-12"))
        line = LedgerLine.objects.create(
            account_id=fee.account_id,
            bot_id=fee.bot_id,
            cycle_number=fee.cycle_number,
            symbol=fee.symbol,
            kind=LineKind.CONVERSION,
            amount=value,
            currency=settle_of(fee.symbol),
            fill_id=fee.fill_id,
            external_id=f"{fee.pk}@{price.normalize():f}",
            at=fee.at,
        )
        _fee_counted(fee, value)
    return line


def transfer_book(account_id: int, amount: Decimal, currency: str, *, at: datetime, reference: str) -> LedgerLine:
    """What moved the wallet of an account and is neither fill nor fee nor funding."""
    return LedgerLine.objects.create(
        account_id=account_id,
        symbol="",
        kind=LineKind.TRANSFER,
        amount=amount,
        currency=currency,
        external_id=reference,
        at=at,
    )


def outside_id(account_id: int, number: str) -> str:
    """No id that was ever sent, and always the same for one order."""
    return f"out{hashlib.sha256(f'{account_id}:{number}'.encode()).hexdigest()[:28]}"


def _booked(bot: Bot, trade: Trade | None, leg: int, order: OutsideOrder) -> Order:
    account = bot.account_of(leg)
    row, _ = Order.objects.select_for_update().get_or_create(
        client_order_id=outside_id(account.pk, order.number),
        defaults={
            "account": account,
            "bot": bot,
            "trade": trade,
            "cycle_number": bot.current_cycle,
            "dca_level": bot.level,
            "leg": leg,
            "purpose": _purpose(bot, trade, leg, order),
            "exchange_order_id": order.number if order.cause != ADJUSTED else "",
            "symbol": order.symbol,
            "side": order.side,
            "order_type": "market",
            "amount": abs(order.amount),
            "status": OrderStatus.CLOSED,
            "reason": order.cause or OUTSIDE_REASON,
            "market_time": order.fills[0].at,
        },
    )
    fills = fills_unbooked(row, order.fills)
    row.amount = max(row.amount, row.filled_amount + sum((fill.amount for fill in fills), Decimal(0)))
    row.bot, row.account, row.trade = bot, account, row.trade
    for fill in fills:
        fill_book(row, fill, kind=LineKind.ADJUSTMENT if order.cause == ADJUSTED else LineKind.REALISED)
    row.save()
    return row


def _booked_alone(account: ExchangeAccount, order: OutsideOrder) -> bool:
    with transaction.atomic():
        row, _ = Order.objects.select_for_update().get_or_create(
            client_order_id=outside_id(account.pk, order.number),
            defaults={
                "account": account,
                "purpose": Purpose.MANUAL,
                "exchange_order_id": order.number,
                "symbol": order.symbol,
                "side": order.side,
                "order_type": "market",
                "amount": abs(order.amount),
                "status": OrderStatus.CLOSED,
                "reason": order.cause or OUTSIDE_REASON,
                "market_time": order.fills[0].at,
            },
        )
        row.account = account
        fills = fills_unbooked(row, order.fills)
        for fill in fills:
            fill_book(row, fill)
        row.amount = max(row.amount, row.filled_amount)
        row.save()
    return bool(fills)


def _purpose(bot: Bot, trade: Trade | None, leg: int, order: OutsideOrder) -> Purpose:
    """As the trade under way has to count it: towards its target, or back from it."""
    held = Position.objects.filter(bot=bot, cycle_number=bot.current_cycle, leg=leg).first()
    signed = held.signed_amount if held else Decimal(0)
    reduces = signed * order.amount < 0
    if trade is None:
        return Purpose.CLOSE if reduces else Purpose.MANUAL
    if trade.action == Purpose.CLOSE:
        return Purpose.CLOSE if reduces else Purpose.UNWIND
    return Purpose.UNWIND if reduces else Purpose(trade.action)


def _fee_counted(fee: LedgerLine, value: Decimal) -> None:
    """The sums that are kept beside a bot's lines."""
    if fee.bot_id is None:
        return
    order = Order.objects.get(fills=fee.fill_id)
    Bot.objects.filter(pk=fee.bot_id).update(total_profit=F("total_profit") + value)
    Cycle.objects.filter(bot=fee.bot_id, number=fee.cycle_number).update(
        realised_pnl=F("realised_pnl") + value, fees=F("fees") - value
    )
    Position.objects.filter(bot=fee.bot_id, cycle_number=fee.cycle_number, leg=order.leg).update(fees=F("fees") - value)
