"""Orders on their way to the venue: each sent once, both legs at the same time, every outcome booked."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from bots import journal, leases
from exchanges.adapters.base import OrderReport, OrderRequest, Venue
from exchanges.errors import AuthFailed, DuplicateOrder, ExchangeError, NotSent, RateLimited, Rejected
from trading import crash_points, ledger
from trading.core.order_state import OrderStatus
from trading.models import LogType, Order
from trading.tick import Tick

logger = logging.getLogger(__name__)

_senders = ThreadPoolExecutor(max_workers=32, thread_name_prefix="order")

PROVEN_UNSENT = (AuthFailed, RateLimited)
"""Answers given before an order is looked at."""


def orders_send(tick: Tick, orders: Sequence[Order]) -> None:
    """`pending` orders to their venues, all at once. Raises LeaseLost before anything is sent."""
    leases.renew(tick.lease)
    tick.sent = True
    crash_points.here("before_submit")
    ledger.orders_submit(tick.lease, orders)
    crash_points.here("after_submit")
    answers = [_senders.submit(_send, tick.venue(order.leg), _request(order)) for order in orders]
    results = [answer.result() for answer in answers]
    crash_points.here("after_answer")
    for order, result in zip(orders, results, strict=True):
        outcome_book(tick, order, result)
    crash_points.here("after_answer_commit")


def outcome_book(tick: Tick, order: Order, result: OrderReport | Exception) -> None:
    """Anything but a report or a proven refusal leaves the order `unknown`: it may have reached the venue."""
    if isinstance(result, OrderReport):
        ledger.report_apply(order, result)
        return
    kind = type(result).__name__
    text = result.message if isinstance(result, ExchangeError) else kind
    if isinstance(result, NotSent):
        ledger.order_mark(order, OrderStatus.DENIED, text)
        return
    refused = isinstance(result, (Rejected, *PROVEN_UNSENT)) and not isinstance(result, DuplicateOrder)
    ledger.order_mark(order, OrderStatus.REJECTED if refused else OrderStatus.UNKNOWN, text)
    journal.write(
        tick.bot,
        "order_rejected" if refused else "order_unknown",
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        action=order.side,
        amount=order.amount,
        symbol=order.symbol,
        reason=text,
    )


def _request(order: Order) -> OrderRequest:
    if order.send_by is None:
        raise ValueError("only a submitted order may be sent")
    return OrderRequest(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        type=order.order_type,
        amount=order.amount,
        price=order.price,
        reduce_only=order.reduce_only,
        send_by=order.send_by,
        margin_mode="isolated" if order.bot and order.bot.margin_mode == "isolated" else "cross",
    )


def _send(venue: Venue, request: OrderRequest) -> OrderReport | Exception:
    try:
        crash_points.here("between_legs")
        return venue.create_order(request)
    except ExchangeError as error:
        return error
    except Exception as error:  # whatever broke after the order may have left: its outcome is unknown
        logger.exception("Order %s", request.client_order_id)
        return error
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()
