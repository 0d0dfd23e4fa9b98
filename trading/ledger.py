"""The books: the only writer of orders, fills, positions and ledger lines.

Every function is one short transaction (or joins the caller's) and makes no call to a venue. Applying the same report
twice changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from bots.feed import events as feed
from bots.intents import asked_by_person
from bots.journal import lines as journal
from bots.leases import Lease, LeaseLost, locked_bot, locked_bots, renewed_bot
from bots.models import Bot
from bots.ready_insert import ReadyInsert
from exchanges.account_locks import accounts_lock
from exchanges.adapters.base import FillReport, FundingPayment, OrderReport
from exchanges.symbols import is_inverse, settle_of
from trading.by_hand.positions import by_hand_after, position_by_hand
from trading.core import position as core
from trading.core.inverse import coin_value
from trading.core.order_state import OrderStatus, advance
from trading.installation import new_client_order_id, new_client_order_ids
from trading.kill_switch.switches import denial, lets_out, strictest_of
from trading.ledger_spot import coins_moved, fee_in_money, is_spot, spot_amounts
from trading.models import Cycle, Fill, LedgerLine, LineKind, LogType, Order, Position, Purpose, Trade, TradingState
from trading.rows import order_row, position_row

ELSEWHERE_QUIET = timedelta(hours=1)
"""A bot says once in this time that its fees are paid in a coin that is not counted."""


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
            _publish_order(row)
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
            _publish_order(row)
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
    position.fees += _counted(row.symbol, report.fee, report.fee_currency)
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
    fee = _counted(row.symbol, fill.fee, fill.fee_currency)
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
    return _counted(symbol, report.fee, report.fee_currency)


def _counted(symbol: str, amount: Decimal, currency: str) -> Decimal:
    """What of it enters a sum in the market's own currency: nothing of another coin, which is kept as its own line."""
    return amount if currency in ("", settle_of(symbol)) else Decimal(0)


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


def cycle_money(bot_id: int, cycle_number: int) -> dict[str, Decimal]:
    """What the ledger holds of a cycle so far: `realised_pnl` (all lines), `fees` (paid, positive), `funding`.

    Of the currency that is settled in; lines in another coin are left out.
    """
    sums = dict.fromkeys(LineKind.values, Decimal(0))
    lines = (
        LedgerLine.objects.filter(bot=bot_id, cycle_number=cycle_number)
        .values("kind", "symbol", "currency")
        .annotate(total=Sum("amount"))
    )
    for line in lines.order_by():
        sums[line["kind"]] += _counted(line["symbol"], line["total"], line["currency"])
    return {
        "realised_pnl": sum(sums.values(), Decimal(0)),
        "fees": -sums[LineKind.FEE] - sums[LineKind.CONVERSION],
        "funding": sums[LineKind.FUNDING],
    }


def funding_book(position: Position, payment: FundingPayment) -> bool:
    """A funding payment on a leg, into the cycle that held it; False when it was booked before."""
    with transaction.atomic():
        position = Position.objects.select_for_update(of=("self",)).select_related("bot").get(pk=position.pk)
        known = LedgerLine.objects.filter(
            account=position.account_id, kind=LineKind.FUNDING, external_id=payment.payment_id
        )
        if known.exists():
            return False
        LedgerLine.objects.create(
            account_id=position.account_id,
            bot=position.bot,
            cycle_number=position.cycle_number,
            symbol=position.symbol,
            kind=LineKind.FUNDING,
            amount=payment.amount,
            currency=payment.currency,
            external_id=payment.payment_id,
            at=payment.at,
        )
        amount = _counted(position.symbol, payment.amount, payment.currency)
        position.funding += amount
        position.save(update_fields=["funding", "updated_at"])
        Bot.objects.filter(pk=position.bot_id).update(total_profit=F("total_profit") + amount)
        Cycle.objects.filter(bot=position.bot_id, number=position.cycle_number).update(
            realised_pnl=F("realised_pnl") + amount, funding=F("funding") + amount
        )
        feed.publish_on_commit(position.bot_id, position.bot.owner_id, "position_update", position_row(position))
    return True


def positions_mark(marks: Sequence[tuple[Position, Decimal]]) -> None:
    """Current price and unrealised P&L of open positions, for lists and the API; live pages compute their own."""
    for position, price in marks:
        held = core.Position(position.signed_amount, position.cost)
        position.current_price, position.unrealized_pnl = price, held.unrealised(price)
        position.updated_at = timezone.now()
    if marks:
        rows = [position for position, _ in marks]
        Position.objects.bulk_update(rows, ["current_price", "unrealized_pnl", "updated_at"])


def cycle_lows_note(lows: Sequence[tuple[int, int, float]]) -> None:
    """(bot, cycle, P&L if closed now) of bots in position: a cycle keeps the lowest."""
    if not lows:
        return
    bots, cycles, pnls = zip(*lows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cycles c SET lowest_pnl = v.pnl"
            " FROM unnest(%s::bigint[], %s::int[], %s::float8[]) AS v (bot_id, number, pnl)"
            " WHERE c.bot_id = v.bot_id AND c.number = v.number AND c.lowest_pnl > v.pnl",
            [list(bots), list(cycles), list(pnls)],
        )


def _publish_order(row: Order) -> None:
    if row.bot:
        feed.publish_on_commit(row.bot.pk, row.bot.owner_id, "order_update", order_row(row))
