"""Orders on their way to the venue: each sent once, both legs at the same time, every outcome booked."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.db import connections

from bots.journal import lines as journal
from exchanges import margin
from exchanges.adapters.base import OrderReport, OrderRequest, Venue
from exchanges.adapters.departure import Departure, leaving
from exchanges.errors import AuthFailed, DuplicateOrder, ExchangeError, NotSent, RateLimited, Rejected
from exchanges.log_context import about
from trading import crash_points, ledger
from trading.core.order_state import OrderStatus
from trading.kill_switch.switches import state_of
from trading.metrics import order_answered
from trading.models import LogType, Order
from trading.tick import Tick

logger = logging.getLogger(__name__)

Answer = Future[OrderReport | Exception]

_senders = ThreadPoolExecutor(max_workers=128, thread_name_prefix="order")

PROVEN_UNSENT = (AuthFailed, RateLimited)
"""Answers given before an order is looked at."""


def orders_send(tick: Tick, orders: Sequence[Order]) -> None:
    """`pending` orders to their venues, all at once; none where the kill switch forbids it, which ends the decision.

    Raises LeaseLost before anything is sent.
    """
    answers = orders_dispatch(tick, orders)
    wait(answers)
    try:
        tick.catch_up()  # with the positions of before
    finally:  # whatever went wrong with what people see
        answers_book(tick, orders, answers)


def orders_dispatch(tick: Tick, orders: Sequence[Order]) -> list[Answer]:
    """Hands them over and does not wait; an answer for each, none at all where the kill switch forbids it.

    Raises LeaseLost.
    """
    tick.sent = True
    crash_points.here("before_submit")
    if not ledger.orders_submit(tick.lease, orders):
        tick.switch = state_of(tick.bot)
        return []
    crash_points.here("after_submit")
    return orders_hand_over(tick, orders)


def orders_hand_over(tick: Tick, orders: Sequence[Order]) -> list[Answer]:
    """Orders that are marked `submitted`, each once: they leave together."""
    departure = Departure(len(orders))
    answers = [_senders.submit(_send, tick.venue(order.leg), request_of(order), departure) for order in orders]
    _margin_note(orders)
    return answers


def answers_book(tick: Tick, orders: Sequence[Order], answers: Sequence[Answer]) -> None:
    """Waits for them, and books all of them."""
    if not answers:
        return
    results = [answer.result() for answer in answers]
    _margin_note(orders)
    crash_points.here("after_answer")
    for order, result in zip(orders, results, strict=True):
        outcome_book(tick, order, result)
    crash_points.here("after_answer_commit")


def _margin_note(orders: Sequence[Order]) -> None:
    for account_id in {order.account_id for order in orders if not order.reduce_only}:
        margin.orders_sent(account_id)


def outcome_book(tick: Tick, order: Order, result: OrderReport | Exception) -> None:
    """Books what came back, and says in the bot's journal what went wrong."""
    status, text = result_book(order, result)
    order_answered(tick.bot.account_of(order.leg).exchange, order.purpose, status)
    if status not in (OrderStatus.REJECTED, OrderStatus.UNKNOWN):
        return
    journal.write(
        tick.bot,
        "order_rejected" if status == OrderStatus.REJECTED else "order_unknown",
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        action=order.side,
        amount=order.amount,
        symbol=order.symbol,
        reason=text,
    )


def result_book(order: Order, result: OrderReport | Exception) -> tuple[OrderStatus | None, str]:
    """Anything but a report or a proven refusal leaves the order `unknown`: it may have reached the venue.

    What was marked and why; None where the venue's report was booked.
    """
    if isinstance(result, OrderReport):
        ledger.report_apply(order, result)
        return None, ""
    text = result.message if isinstance(result, ExchangeError) else type(result).__name__
    if isinstance(result, NotSent):
        status = OrderStatus.DENIED
    elif isinstance(result, (Rejected, *PROVEN_UNSENT)) and not isinstance(result, DuplicateOrder):
        status = OrderStatus.REJECTED
    else:
        status = OrderStatus.UNKNOWN
    ledger.order_mark(order, status, text)
    return status, text


def send_alone(venue: Venue, request: OrderRequest) -> OrderReport | Exception:
    """One order without a bot, once; the caller's thread waits for the answer and keeps its connections."""
    return _senders.submit(_send, venue, request, Departure(1)).result()


def request_of(order: Order) -> OrderRequest:
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
        post_only=order.post_only,
        trigger_price=order.trigger_price,
    )


class _Door:
    """Where one order leaves by, with the others of its departure."""

    def __init__(self, departure: Departure) -> None:
        self._departure = departure
        self._is_open = False

    def leave(self) -> None:
        """When it is signed, just before it is sent."""
        self.open()
        self._departure.wait()
        crash_points.here("between_legs")

    def open(self) -> None:
        """Once: also for an order that has ended without leaving."""
        if not self._is_open:
            self._is_open = True
            self._departure.ready()


def _send(venue: Venue, request: OrderRequest, departure: Departure) -> OrderReport | Exception:
    door = _Door(departure)
    try:
        if venue.is_paper:
            door.leave()
        with about(order=request.client_order_id), leaving(door.leave):
            report = venue.create_order(request)
        crash_points.here("after_send")
        return report
    except ExchangeError as error:
        return error
    except Exception as error:  # whatever broke after the order may have left: its outcome is unknown
        logger.exception("Order %s", request.client_order_id)
        return error
    finally:
        door.open()
        for connection in connections.all(initialized_only=True):
            connection.close()
