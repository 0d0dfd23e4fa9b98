"""Orders of an account as its venue has them, beside those of our own books."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from exchanges.adapters.base import OrderReport
from exchanges.adapters.venues import Kind
from exchanges.models import ExchangeAccount
from exchanges.registry import desks_of, venue_for
from exchanges.symbols import kind_of
from trading.core.order_state import TERMINAL, UNSETTLED
from trading.models import Order

SYMBOLS_MOST = 10
CLOSED_SINCE = timedelta(days=1)
CLOSED_LONGEST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """`id` and `bot` are None for an order that was placed elsewhere. Where both know it, the venue's word counts."""

    id: int | None
    account: int
    bot: int | None
    bot_name: str
    purpose: str
    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: str
    order_type: str
    price: Decimal | None
    trigger_price: Decimal | None
    average_price: Decimal | None
    amount: Decimal
    filled_amount: Decimal
    status: str
    reduce_only: bool
    post_only: bool
    reason: str
    updated_at: datetime

    @property
    def left(self) -> Decimal:
        return self.amount - self.filled_amount


def orders_open(account: ExchangeAccount, symbol: str | None = None, *, kind: Kind = "swap") -> list[OrderLine]:
    """What works at the venue and ours that are not settled yet: of markets of one kind, or of the symbol.

    Raises DomainError for a kind that is not traded there, ExchangeError.
    """
    desks = [venue_for(account, symbol)] if symbol else desks_of(account, kind)
    reports = [report for desk in desks for report in desk.open_orders(symbol)]
    ours = _of_symbol(Order.objects.filter(account=account, status__in=UNSETTLED), symbol)
    return _lines(account, reports, [order for order in ours if symbol or kind_of(order.symbol) == kind])


def orders_closed(
    account: ExchangeAccount, symbol: str | None, *, since: datetime | None, limit: int, now: datetime
) -> list[OrderLine]:
    """What ended since then (the last day, unless told; three months at most), newest first.

    Without a symbol those markets are asked about in which this account has had orders of ours in that time, ten at
    most: venues are asked market by market. Raises ExchangeError.
    """
    begin = max(since or now - CLOSED_SINCE, now - CLOSED_LONGEST)
    ours = Order.objects.filter(account=account, status__in=TERMINAL)
    ours = _of_symbol(ours.filter(Q(created_at__gte=begin) | Q(market_time__gte=begin)), symbol)
    rows = list(ours[:limit])
    reports: list[OrderReport] = []
    for name in [symbol] if symbol else list(dict.fromkeys(row.symbol for row in rows))[:SYMBOLS_MOST]:
        reports += venue_for(account, name).closed_orders(name, since=begin)
    lines = _lines(account, reports, rows)
    return sorted(lines, key=lambda line: line.updated_at, reverse=True)[:limit]


def line_of(order: Order) -> OrderLine:
    """Of one order of ours, as our books have it."""
    return _of_order(order)


def foreign_line_of(account: ExchangeAccount, report: OrderReport) -> OrderLine:
    """Of one that only the venue has."""
    return _of_report(account, report, None)


def _of_symbol(orders: QuerySet[Order], symbol: str | None) -> QuerySet[Order]:
    found = orders.filter(symbol=symbol) if symbol else orders
    return found.select_related("bot")


def _lines(account: ExchangeAccount, reports: Sequence[OrderReport], ours: Iterable[Order]) -> list[OrderLine]:
    names = [report.client_order_id for report in reports if report.client_order_id]
    known = {order.client_order_id: order for order in _with_bots(account, names)}
    told = [_of_report(account, report, known.get(report.client_order_id)) for report in reports]
    listed = {line.client_order_id for line in told}
    return [*told, *(_of_order(order) for order in ours if order.client_order_id not in listed)]


def _with_bots(account: ExchangeAccount, names: Sequence[str]) -> Iterable[Order]:
    return Order.objects.filter(account=account, client_order_id__in=names).select_related("bot")


def _of_report(account: ExchangeAccount, report: OrderReport, order: Order | None) -> OrderLine:
    bot = order.bot if order else None
    return OrderLine(
        id=order.pk if order else None,
        account=account.pk,
        bot=bot.pk if bot else None,
        bot_name=bot.bot_name if bot else "",
        purpose=order.purpose if order else "",
        client_order_id=report.client_order_id,
        exchange_order_id=report.exchange_order_id,
        symbol=report.symbol,
        side=report.side,
        order_type=report.type,
        price=report.price,
        trigger_price=report.trigger_price,
        average_price=report.average_price,
        amount=report.amount,
        filled_amount=report.filled,
        status=report.status.value,
        reduce_only=report.reduce_only,
        post_only=report.post_only,
        reason=report.reason,
        updated_at=report.at,
    )


def _of_order(order: Order) -> OrderLine:
    return OrderLine(
        id=order.pk,
        account=order.account_id,
        bot=order.bot_id,
        bot_name=order.bot.bot_name if order.bot else "",
        purpose=order.purpose,
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        price=order.price,
        trigger_price=order.trigger_price,
        average_price=order.average_price,
        amount=order.amount,
        filled_amount=order.filled_amount,
        status=order.status,
        reduce_only=order.reduce_only,
        post_only=order.post_only,
        reason=order.reason,
        updated_at=order.updated_at,
    )
