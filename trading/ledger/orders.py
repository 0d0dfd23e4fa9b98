"""Orders as rows: written before they are sent, marked as sent under the lease, and moved from state to state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction

from bots.feed import events as feed
from bots.intents import asked_by_person
from bots.leases import Lease, LeaseLost, locked_bot, locked_bots, renewed_bot
from bots.models import Bot
from bots.ready_insert import ReadyInsert
from trading.core.order_state import OrderStatus, advance
from trading.installation import new_client_order_id, new_client_order_ids
from trading.kill_switch.switches import denial, lets_out, strictest_of
from trading.models import Fill, Order, Purpose, Trade, TradingState
from trading.rows import order_row


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """One order to write. `amount` in base units; `price` None for a plain market order."""

    leg: int
    purpose: Purpose
    side: str
    order_type: str
    amount: Decimal
    price: Decimal | None
    reduce_only: bool
    attempt: int = 1
    trigger_price: Decimal | None = None


def orders_write(bot: Bot, trade: Trade, plans: Iterable[OrderPlan], *, market_time: datetime) -> list[Order]:
    """Rows in state `pending`. To be committed before anything is sent; the caller holds the bot's lock."""
    return orders_write_for(bot, trade, trade.cycle_number, trade.level, plans, market_time=market_time)


def orders_write_for(
    bot: Bot, trade: Trade | None, cycle_number: int, level: int, plans: Iterable[OrderPlan], *, market_time: datetime
) -> list[Order]:
    """The same for orders outside any trade."""
    rows = [_order(bot, trade, cycle_number, level, plan, market_time) for plan in plans]
    return _written(rows)


@dataclass(frozen=True, slots=True)
class OrderPart:
    """Orders of one trade among many."""

    bot: Bot
    trade: Trade
    plans: Sequence[OrderPlan]
    market_time: datetime


def orders_write_all(parts: Sequence[OrderPart]) -> list[list[Order]]:
    """`orders_write` for many trades in one statement; the caller holds the bots' locks."""
    rows = [
        [
            _order(part.bot, part.trade, part.trade.cycle_number, part.trade.level, plan, part.market_time)
            for plan in part.plans
        ]
        for part in parts
    ]
    _written([order for of_trade in rows for order in of_trade])
    return rows


def _written(orders: list[Order]) -> list[Order]:
    """With client order ids of their own."""
    for order, name in zip(orders, new_client_order_ids(len(orders)) if orders else [], strict=True):
        order.client_order_id = name
    return _ORDERS.write(orders)


_ORDERS = ReadyInsert(Order)


def _order(
    bot: Bot, trade: Trade | None, cycle_number: int, level: int, plan: OrderPlan, market_time: datetime
) -> Order:
    return Order(
        account_id=bot.account_id_of(plan.leg),
        bot=bot,
        trade=trade,
        cycle_number=cycle_number,
        dca_level=level,
        leg=plan.leg,
        purpose=plan.purpose,
        attempt=plan.attempt,
        symbol=bot.symbol_of(plan.leg),
        side=plan.side,
        order_type=plan.order_type,
        price=plan.price,
        amount=plan.amount,
        reduce_only=plan.reduce_only,
        trigger_price=plan.trigger_price,
        market_time=market_time,
    )


def orders_add(lease: Lease, trade: Trade, plans: Iterable[OrderPlan], *, market_time: datetime) -> list[Order]:
    """More orders of a trade that is under way. Raises LeaseLost."""
    with transaction.atomic():
        bot = locked_bot(lease)
        return orders_write(bot, trade, plans, market_time=market_time)


def stops_add(lease: Lease, plans: Iterable[OrderPlan], *, market_time: datetime) -> list[Order]:
    """Orders of the cycle outside any trade: what protects it at the venue. Raises LeaseLost."""
    with transaction.atomic():
        bot = locked_bot(lease)
        return orders_write_for(bot, None, bot.current_cycle, bot.level, plans, market_time=market_time)


def orders_submit(lease: Lease, orders: Sequence[Order]) -> bool:
    """`pending` becomes `submitted`, all or none, under the lease's token; the lease begins anew.

    Sets `send_by`, past which no adapter may sign. False where the kill switch forbids one of them: all are denied
    then. Raises LeaseLost.
    """
    with transaction.atomic():
        bot = renewed_bot(lease)
        switch = strictest_of(bot)
        if switch is not None and not _let_out(TradingState(switch.state), bot, orders):
            for order in orders:
                order_mark(order, OrderStatus.DENIED, denial(switch))
            return False
        rows = _submitted([lease], orders)
        if len(rows) != len(orders):
            raise LeaseLost
    _mark_submitted(orders, rows)
    return True


def flatten_submit(leases: Sequence[Lease], orders: Sequence[Order]) -> list[Order]:
    """The same for the kill switch's own closing orders of many bots, which no switch keeps back. Those to be sent: of
    a bot all or none."""
    with transaction.atomic():
        locked_bots(leases)
        rows = _submitted(leases, orders)
    left = {order.bot_id for order in orders if order.pk not in rows}
    sent = [order for order in orders if order.bot_id not in left]
    _mark_submitted(sent, rows)
    return sent


def _mark_submitted(orders: Iterable[Order], rows: Mapping[int, tuple[datetime, datetime]]) -> None:
    for order in orders:
        order.status = OrderStatus.SUBMITTED
        order.submitted_at, order.send_by = rows[order.pk]


def _let_out(state: TradingState, bot: Bot, orders: Sequence[Order]) -> bool:
    """By what they are, why their trade closes, whether something of it is filled and whether a person asked."""
    trades = {order.trade_id for order in orders if order.trade_id}
    reasons = dict(Trade.objects.filter(pk__in=trades).values_list("pk", "reason"))
    begun = set(Fill.objects.filter(order__trade__in=trades).values_list("order__trade", flat=True))
    asked = asked_by_person(bot).exists()
    return all(
        lets_out(
            state,
            purpose=order.purpose,
            reduce_only=order.reduce_only,
            reason=reasons.get(order.trade_id or 0, ""),
            is_begun=asked or order.trade_id in begun,
        )
        for order in orders
    )


def _submitted(leases: Sequence[Lease], orders: Sequence[Order]) -> dict[int, tuple[datetime, datetime]]:
    """(submitted_at, send_by) by id of those that were marked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders o SET status = 'submitted',"
            " submitted_at = clock_timestamp(), updated_at = clock_timestamp(),"
            " send_by = clock_timestamp() + make_interval(secs => %(send_by)s)"
            " FROM bot_instances b JOIN unnest(%(bots)s::bigint[], %(tokens)s::bigint[]) AS l (bot_id, token)"
            "  ON b.id = l.bot_id AND b.lease_token = l.token"
            " WHERE o.id = ANY(%(ids)s) AND o.status = 'pending' AND b.id = o.bot_id"
            " AND b.lease_until > clock_timestamp() + make_interval(secs => %(send_by)s)"
            " RETURNING o.id, o.submitted_at, o.send_by",
            {
                "ids": [order.pk for order in orders],
                "bots": [lease.bot_id for lease in leases],
                "tokens": [lease.token for lease in leases],
                "send_by": settings.ORDER_SEND_BY_S,
            },
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def order_mark(order: Order, status: OrderStatus, reason: str = "") -> Order:
    """A change that brings no fills: denied, rejected, unknown. Repeating it changes nothing."""
    with transaction.atomic():
        row = Order.objects.select_for_update(of=("self",)).select_related("bot").get(pk=order.pk)
        new = advance(OrderStatus(row.status), status)
        if new != row.status:
            row.status, row.reason = new, reason[:300]
            row.save(update_fields=["status", "reason", "updated_at"])
            order_publish(row)
    return row


def order_mark_if(order: Order, expected: OrderStatus, status: OrderStatus, reason: str = "") -> Order:
    """The same where nobody holds a lease: only while the row is still as expected. The row as it is then."""
    with transaction.atomic():
        row = Order.objects.select_for_update(of=("self",)).select_related("bot").get(pk=order.pk)
        return order_mark(row, status, reason) if row.status == expected else row


def order_write_alone(order: Order) -> Order:
    """An order without a bot, in state `pending`. To be committed before anything is sent."""
    order.client_order_id = new_client_order_id()
    order.status = OrderStatus.PENDING
    order.save(force_insert=True)
    return order


def order_submit_alone(order: Order) -> bool:
    """`pending` becomes `submitted` for an order without a bot; sets `send_by`, past which no adapter may sign.

    False when it is `pending` no more: then it is not to be sent. The caller holds the account's lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders SET status = 'submitted', submitted_at = clock_timestamp(), updated_at = clock_timestamp(),"
            " send_by = clock_timestamp() + make_interval(secs => %s)"
            " WHERE id = %s AND status = 'pending' AND bot_id IS NULL RETURNING submitted_at, send_by",
            [settings.ORDER_SEND_BY_S, order.pk],
        )
        row = cursor.fetchone()
    if row is None:
        return False
    order.status = OrderStatus.SUBMITTED
    order.submitted_at, order.send_by = row
    return True


def order_publish(row: Order) -> None:
    if row.bot:
        feed.publish_on_commit(row.bot.pk, row.bot.owner_id, "order_update", order_row(row))
