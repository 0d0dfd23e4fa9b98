"""Closes what is known to be held while an order of the bot is still in doubt, instead of waiting for the doubt.

Every order is reduce-only, and none asks for more than the books hold less what orders on their way may still close.
What an entry under way has filled is unwound as part of that trade; the rest leaves by orders of its own, which the
cycle counts as any other. Whatever the doubt turns out to have done is closed by the next looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings

from trading import ledger, trades
from trading.closing import positions_of
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.core.two_legs import EXIT_ATTEMPTS
from trading.execution import RETRY_HURRIED_S, exit_plans
from trading.ledger import OrderPlan
from trading.ledger.outside import order_alone_write
from trading.models import Order, Position, Purpose, Trade
from trading.reconciliation.closable import closable
from trading.sending import Answer, answers_book, orders_dispatch
from trading.tick import Tick

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Leg:
    """`unwind`: what the entry under way has filled, `close`: the rest of what is held. Base units."""

    position: Position
    side: str
    unwind: Decimal
    close: Decimal
    tried: Order | None


def known_close(tick: Tick) -> None:
    """Sends and books. Raises LeaseLost, ExchangeError."""
    orders = known_orders(tick)
    answers_book(tick, orders, known_dispatch(tick, orders))


def known_dispatch(tick: Tick, orders: Sequence[Order]) -> list[Answer]:
    return orders_dispatch(tick, orders) if orders else []


def known_orders(tick: Tick) -> list[Order]:
    """Written, not sent. Raises LeaseLost, ExchangeError."""
    for order in Order.objects.filter(bot=tick.bot, status=OrderStatus.PENDING):
        ledger.order_mark(order, OrderStatus.DENIED, "never sent")
    trade = trades.working_trade(tick.bot)
    written: list[Order] = []
    for leg in _legs(tick, trade):
        if not _is_due(tick, leg):
            continue
        if plans := _plans(tick, leg, Purpose.UNWIND, leg.unwind):
            assert trade is not None
            written += ledger.orders_add(tick.lease, trade, plans, market_time=tick.market_time)
        if not (plans := _plans(tick, leg, Purpose.CLOSE, leg.close)):
            continue
        if trade is not None and trade.action == Purpose.CLOSE:
            written += ledger.orders_add(tick.lease, trade, plans, market_time=tick.market_time)
        else:
            written += order_alone_write(tick.lease, leg.position, plans, market_time=tick.market_time)
    return written


def _legs(tick: Tick, trade: Trade | None) -> list[_Leg]:
    mine = Order.objects.filter(bot=tick.bot, cycle_number=tick.bot.current_cycle).order_by("id")
    orders = [order for order in mine if order.purpose != Purpose.PROTECT]
    held = [position for position in positions_of(tick.bot).values() if position.is_open]
    return [leg for leg in (_leg(position, orders, trade) for position in held) if leg.unwind or leg.close]


def _leg(position: Position, orders: Sequence[Order], trade: Trade | None) -> _Leg:
    side = "sell" if position.side == "long" else "buy"
    mine = [order for order in orders if order.leg == position.leg]
    closing = [order for order in mine if order.reduce_only and order.side == side]
    on_the_way = sum((order.amount - order.filled_amount for order in closing if order.status in UNSETTLED), ZERO)
    known = max(position.amount - on_the_way, ZERO)
    unwind = min(known, _entered(mine, trade))
    return _Leg(position, side, unwind, known - unwind, closing[-1] if closing else None)


def _entered(orders: Sequence[Order], trade: Trade | None) -> Decimal:
    """What the entry under way holds of the leg, less what is being unwound of it."""
    if trade is None or trade.action == Purpose.CLOSE:
        return ZERO
    entered = ZERO
    for order in orders:
        if order.trade_id != trade.pk:
            continue
        is_back = order.purpose == Purpose.UNWIND
        leaves = order.amount if order.status in UNSETTLED else order.filled_amount
        entered += -leaves if is_back else order.filled_amount
    return max(entered, ZERO)


def _is_due(tick: Tick, leg: _Leg) -> bool:
    """A venue that goes on refusing is asked again after a pause."""
    last = leg.tried
    if last is None or last.status != OrderStatus.REJECTED or last.attempt < EXIT_ATTEMPTS:
        return True
    pause = min(settings.CLOSE_RETRY_S * 2 ** min(last.attempt - EXIT_ATTEMPTS, 8), RETRY_HURRIED_S)
    return tick.now >= (last.submitted_at or last.created_at) + timedelta(seconds=pause)


def _plans(tick: Tick, leg: _Leg, purpose: Purpose, amount: Decimal) -> list[OrderPlan]:
    attempt = leg.tried.attempt + 1 if leg.tried is not None else 1
    amount = closable(tick, leg.position.leg, leg.side, amount, attempt) if amount else ZERO
    return exit_plans(tick, leg.position.leg, purpose, leg.side, amount, attempt) if amount > 0 else []
