"""What venues report of orders, booked once: fills, the positions after them, and their lines of money."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from bots.feed import events as feed
from bots.journal import lines as journal
from bots.models import Bot
from exchanges.account_locks import accounts_lock
from exchanges.adapters.base import FillReport, OrderReport
from exchanges.symbols import is_inverse, settle_of
from trading.by_hand.positions import by_hand_after, position_by_hand
from trading.core import position as core
from trading.core.inverse import coin_value
from trading.core.order_state import OrderStatus, advance
from trading.ledger.money import counted
from trading.ledger.orders import order_publish
from trading.ledger_spot import coins_moved, fee_in_money, is_spot, spot_amounts
from trading.models import Cycle, Fill, LedgerLine, LineKind, LogType, Order, Position
from trading.rows import position_row

ELSEWHERE_QUIET = timedelta(hours=1)
"""A bot says once in this time that its fees are paid in a coin that is not counted."""


def report_apply(order: Order, report: OrderReport) -> Order:
    """Books what the venue says of an order: new fills once each, then the status.

    An order that the venue calls finished stays unsettled here until the fills add up to what it says was filled.
    """
    with transaction.atomic():
        row = Order.objects.select_for_update(of=("self",)).select_related("bot", "trade", "account").get(pk=order.pk)
        before = (row.status, row.filled_amount, row.exchange_order_id)
        for fill in fills_unbooked(row, report.fills):
            fill_book(row, fill)
        row.status = _status_after(row, report)
        row.exchange_order_id = report.exchange_order_id or row.exchange_order_id
        if report.reason:
            row.reason = report.reason[:300]
        if (row.status, row.filled_amount, row.exchange_order_id) != before:
            row.save()
            order_publish(row)
    return row


def _status_after(row: Order, report: OrderReport) -> OrderStatus:
    status = report.status
    if report.filled > row.filled_amount and status not in (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED):
        status = OrderStatus.PARTIALLY_FILLED if row.filled_amount else OrderStatus.OPEN
    return advance(OrderStatus(row.status), status)


def fills_unbooked(row: Order, fills: Sequence[FillReport]) -> list[FillReport]:
    if not fills:
        return []
    known = set(
        Fill.objects.filter(
            account=row.account, symbol=row.symbol, trade_id__in=[fill.trade_id for fill in fills]
        ).values_list("trade_id", flat=True)
    )
    return [fill for fill in fills if fill.trade_id not in known]


def fill_book(row: Order, report: FillReport, *, kind: LineKind = LineKind.REALISED) -> None:
    """One fill: its row, the order's sums, the position, the money (what it realised as a line of this kind).

    The caller has locked the order's row and saves it.
    """
    position, realised = _position_after(row, report) if row.bot else (None, _realised_by_hand(row, report))
    fill = Fill.objects.create(
        order=row,
        account=row.account,
        symbol=row.symbol,
        trade_id=report.trade_id,
        side=report.side,
        price=report.price,
        amount=report.amount,
        fee=report.fee,
        fee_currency=report.fee_currency,
        realised_pnl=realised,
        at=report.at,
    )
    row.filled_amount += report.amount
    row.cost += _worth(row.symbol, report)
    row.average_price = _average(row)
    row.fee += _fee_of(row.symbol, report)
    row.fee_currency = settle_of(row.symbol)
    row.filled_at = max(row.filled_at or report.at, report.at)
    _lines_book(row, fill, realised, kind)
    if row.bot and position:
        _sums_book(row, row.bot, fill, realised)
        feed.publish_on_commit(row.bot.pk, row.bot.owner_id, "position_update", position_row(position))


def _position_after(row: Order, report: FillReport) -> tuple[Position, Decimal]:
    opening_side = "long" if report.side == "buy" else "short"
    position, created = Position.objects.select_for_update().get_or_create(
        bot=row.bot,
        cycle_number=row.cycle_number,
        leg=row.leg,
        defaults={
            "account": row.account,
            "symbol": row.symbol,
            "side": opening_side,
            "amount": 0,
            "cost": 0,
            "entry_price": report.price,
            "opened_at": report.at,
        },
    )
    held = core.Position(
        position.signed_amount if not created else core.ZERO, position.cost if not created else core.ZERO
    )
    if not held.amount:  # after a failed entry of this cycle the bot may have got another pair
        position.account, position.symbol = row.account, row.symbol
    after, realised = core.apply_fill(held, report.side, report.amount, report.price)
    if after.amount:
        position.side = "long" if after.amount > 0 else "short"
        position.entry_price = (after.cost / after.amount).quantize(core.LEDGER_UNIT)
    position.amount, position.cost = abs(after.amount), after.cost
    position.is_open = bool(after.amount)
    position.closed_at = None if after.amount else report.at
    position.current_price = report.price
    position.unrealized_pnl = after.unrealised(report.price) if after.amount else core.ZERO
    position.realized_pnl += realised
    position.fees += counted(row.symbol, report.fee, report.fee_currency)
    position.save()
    return position, realised


def _realised_by_hand(row: Order, report: FillReport) -> Decimal:
    """Against what was bought and sold by hand before; what was opened elsewhere has no cost here."""
    accounts_lock([row.account_id])
    held = position_by_hand(row.account, row.symbol)
    coins = report.amount
    if is_spot(row.symbol):
        coins = coins_moved(row.symbol, report.side, coins, report.fee, report.fee_currency)
    inverse = is_inverse(row.symbol)
    return by_hand_after(held, report.side, coins, report.price, reduce_only=row.reduce_only, inverse=inverse)[1]


def _worth(symbol: str, report: FillReport) -> Decimal:
    """In what the market settles in: of inverse contracts coins."""
    value = coin_value if is_inverse(symbol) else core.ledger_value
    return value(report.amount, report.price)


def _average(row: Order) -> Decimal:
    price = row.filled_amount / row.cost if is_inverse(row.symbol) else row.cost / row.filled_amount
    return price.quantize(core.LEDGER_UNIT)


def _lines_book(row: Order, fill: Fill, realised: Decimal, kind: LineKind) -> None:
    settle = settle_of(row.symbol)
    amounts = {kind: (realised, settle), LineKind.FEE: (-fill.fee, fill.fee_currency or settle)}
    if is_spot(row.symbol):
        amounts = spot_amounts(row.account.exchange, fill, realised)
    LedgerLine.objects.bulk_create(
        LedgerLine(
            account=row.account,
            bot=row.bot,
            cycle_number=row.cycle_number,
            symbol=row.symbol,
            kind=kind,
            amount=amount,
            currency=currency,
            fill=fill,
            at=fill.at,
        )
        for kind, (amount, currency) in amounts.items()
        if amount
    )


def _sums_book(row: Order, bot: Bot, fill: Fill, realised: Decimal) -> None:
    """What is kept beside the lines of a bot."""
    fee = counted(row.symbol, fill.fee, fill.fee_currency)
    if fee != fill.fee:
        _say_elsewhere(bot, row.symbol, fill.fee, fill.fee_currency, fill.at)
    total = realised - fee
    Bot.objects.filter(pk=bot.pk).update(total_profit=F("total_profit") + total)
    Cycle.objects.filter(bot=bot, number=row.cycle_number).update(
        realised_pnl=F("realised_pnl") + total, fees=F("fees") + fee
    )


def _fee_of(symbol: str, report: FillReport) -> Decimal:
    if is_spot(symbol):
        return fee_in_money(symbol, report.fee, report.fee_currency, report.price) or Decimal(0)
    return counted(symbol, report.fee, report.fee_currency)


def _say_elsewhere(bot: Bot, symbol: str, fee: Decimal, coin: str, at: datetime) -> None:
    journal.write_seldom(
        bot,
        "fee_elsewhere",
        log_type=LogType.WARNING,
        quiet=ELSEWHERE_QUIET,
        market_time=at,
        symbol=symbol,
        fee=fee,
        coin=coin,
    )
