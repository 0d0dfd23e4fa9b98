"""What became of an order, by its venue's word alone: of a bot's order and of one that was placed by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from exchanges.adapters.base import Venue
from exchanges.adapters.venues import VENUES
from exchanges.errors import ExchangeError, OrderNotFound
from trading import ledger
from trading.core.order_state import OrderStatus
from trading.models import Order


@dataclass(frozen=True, slots=True)
class Finding:
    """`certain`: nothing about the order is in doubt now, though it may still work.

    `is_forgotten`: the venue may not know it any more although it was there, so that a person has to look.
    `never_arrived`: proven, and booked. `failure`: the venue did not answer.
    """

    order: Order
    certain: bool
    is_forgotten: bool = False
    never_arrived: bool = False
    failure: ExchangeError | None = None


def order_find(venue: Venue, order: Order) -> Finding:
    """Asks the venue about an order that was sent, and books what it says."""
    try:
        report = venue.fetch_order(
            order.symbol,
            client_order_id=order.client_order_id,
            exchange_order_id=order.exchange_order_id,
            is_stop=order.order_type == "stop",
        )
    except OrderNotFound:
        if forgotten(venue.exchange, order):
            return Finding(order, certain=False, is_forgotten=True)
        if order.status == OrderStatus.UNKNOWN and _proven_absent(venue, order):
            denied = ledger.order_mark(order, OrderStatus.DENIED, "never reached the venue")
            return Finding(denied, certain=True, never_arrived=True)
        return Finding(order, certain=False)
    except ExchangeError as error:
        return Finding(order, certain=False, failure=error)
    row = ledger.report_apply(order, report)
    return Finding(row, certain=row.status != OrderStatus.UNKNOWN)


def forgotten(exchange: str, order: Order) -> bool:
    """Sent so long ago that the venue may not know it any more although it was there: not found proves nothing."""
    venue = VENUES.get(exchange)
    if venue is None or order.submitted_at is None:
        return False
    return timezone.now() > order.submitted_at + timedelta(seconds=venue.keeps_unfilled_s)


def _proven_absent(venue: Venue, order: Order) -> bool:
    """Proof that an unknown order does not exist: its time is over, and three different questions find nothing.

    (reliability.md, invariant 2.) Any question that fails proves nothing.
    """
    ended = Now() - _time_of_proof(venue.exchange, order)  # by the clock that set it: this host's may have jumped
    if not Order.objects.filter(pk=order.pk, send_by__lte=ended).exists():
        return False
    try:
        since = _sent_at(venue, order) - timedelta(seconds=settings.ORDER_PROOF_S)
        resting = {report.client_order_id for report in venue.open_orders(order.symbol)}
        filled = {fill.client_order_id for fill in venue.fills(order.symbol, since=since)}
    except ExchangeError:
        return False
    return order.client_order_id not in resting | filled


def _sent_at(venue: Venue, order: Order) -> datetime:
    """No later, by this venue's clock: an order's market time is by the clock of its bot's first leg. Raises
    ExchangeError."""
    age = timezone.now() - (order.submitted_at or order.created_at)
    return min(order.market_time, venue.clock() - age)


def _time_of_proof(exchange: str, order: Order) -> timedelta:
    """How long after `send_by` it may still arrive. A stop has no time of expiry at some venues: it is taken as long as
    its signature is."""
    venue = VENUES.get(exchange)
    signature_s = venue.clock_error_ms / 1000 if venue and order.order_type == "stop" else 0.0
    return timedelta(seconds=settings.ORDER_PROOF_S + signature_s)
