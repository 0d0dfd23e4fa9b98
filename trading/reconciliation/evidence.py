"""What a venue says of an account. An answer that fails proves nothing: the caller gets the error, nothing else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from exchanges.adapters.base import Balance, FillReport, OrderReport, Venue, VenuePosition
from exchanges.models import ExchangeAccount
from trading.core.order_state import UNSETTLED
from trading.installation import is_ours
from trading.ledger.outside import OutsideOrder
from trading.models import Fill, Order
from trading.questions import ask_together

LOST = "lost"
"""Cause of an order that we sent and do not know: our books were put back to an earlier day."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`at`: the venue's clock before the first question. `positions`: every row of a symbol (two in hedge mode)."""

    at: datetime
    balance: Balance
    positions: Mapping[str, tuple[VenuePosition, ...]]
    orders: tuple[OrderReport, ...]

    def held(self, symbol: str) -> Decimal:
        return sum((row.amount for row in self.positions.get(symbol, ())), Decimal(0))


@dataclass(frozen=True, slots=True)
class FillsSeen:
    """Fills of one symbol that our books lack: of orders of ours, and of orders that are not (oldest first)."""

    ours: tuple[tuple[Order, tuple[FillReport, ...]], ...]
    outside: tuple[OutsideOrder, ...]

    @property
    def outside_amount(self) -> Decimal:
        return sum((order.amount for order in self.outside), Decimal(0))


def evidence_of(venue: Venue) -> Evidence:
    """Raises ExchangeError."""
    at = venue.clock()
    orders, balance, held = _told(venue)
    positions: dict[str, tuple[VenuePosition, ...]] = {}
    for row in held:
        positions[row.symbol] = (*positions.get(row.symbol, ()), row)
    return Evidence(at, balance, positions, tuple(orders))


def _told(venue: Venue) -> Sequence[Any]:
    """A paper venue is rows of our own database, which is asked by one thread."""
    questions = (venue.open_orders, venue.balance, venue.positions)
    return [question() for question in questions] if venue.is_paper else ask_together(questions)


def fills_seen(account: ExchangeAccount, venue: Venue, symbol: str, since: datetime) -> FillsSeen:
    """Raises ExchangeError."""
    told = venue.fills(symbol, since=since)
    numbers = [fill.trade_id for fill in told]
    known = Fill.objects.filter(account=account, symbol=symbol, trade_id__in=numbers)
    booked = set(known.values_list("trade_id", flat=True))
    missing = [fill for fill in told if fill.trade_id not in booked]
    orders = _orders_of(account, missing)
    ours: dict[int, list[FillReport]] = {}
    outside: dict[str, list[FillReport]] = {}
    for fill in missing:
        order = orders.get(fill.client_order_id) or orders.get(fill.exchange_order_id)
        if order is not None:
            ours.setdefault(order.pk, []).append(fill)
        else:
            outside.setdefault(fill.exchange_order_id, []).append(fill)
    by_pk = {order.pk: order for order in orders.values()}
    return FillsSeen(
        tuple((by_pk[pk], tuple(fills)) for pk, fills in ours.items()),
        tuple(_outside(number, fills) for number, fills in outside.items()),
    )


def strangers(account: ExchangeAccount, orders: Sequence[OrderReport], symbols: Collection[str]) -> list[OrderReport]:
    """Resting orders on these symbols that nobody here has sent, or that count as ended here."""
    there = [order for order in orders if order.symbol in symbols]
    alive = {name for name, order in _orders_of(account, there).items() if order.status in UNSETTLED}
    return [o for o in there if o.client_order_id not in alive and o.exchange_order_id not in alive]


def _orders_of(account: ExchangeAccount, told: Sequence[FillReport | OrderReport]) -> dict[str, Order]:
    """Our orders by either of their names."""
    ids = {row.client_order_id for row in told} - {""}
    numbers = {row.exchange_order_id for row in told} - {""}
    rows = Order.objects.filter(Q(client_order_id__in=ids) | Q(exchange_order_id__in=numbers), account=account)
    found: dict[str, Order] = {}
    for order in rows.exclude(client_order_id__startswith="out").select_related("bot"):
        found[order.client_order_id] = order
        if order.exchange_order_id:
            found[order.exchange_order_id] = order
    return found


def _outside(number: str, fills: Sequence[FillReport]) -> OutsideOrder:
    cause = next((fill.cause for fill in fills if fill.cause), "")
    if not cause and any(is_ours(fill.client_order_id) for fill in fills):
        cause = LOST
    return OutsideOrder(number, fills[0].symbol, fills[0].side, cause, tuple(fills))
