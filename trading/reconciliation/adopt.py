"""Books what the venue holds, on a named person's word: a wish, carried out under the bot's lease before anything else.

The venue is asked again first: what a person agreed to is what they saw. Fills that the venue tells are booked as they
were; what it holds without telling fills is booked at its mark price, as an adjustment.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction

from accounts import audit
from bots import intents
from bots.journal import lines as journal
from bots.leases import locked_bot
from bots.models import Intent, IntentStatus
from exchanges.adapters.base import FillReport
from exchanges.errors import ExchangeError
from trading.closing import say_unavailable
from trading.ledger.outside import ADJUSTED, OutsideOrder, outside_book
from trading.models import CloseReason, Difference, DifferenceKind, DifferenceStatus, LogType, Position
from trading.reconciliation.asking import rest_ask
from trading.reconciliation.claimed import leg_of
from trading.reconciliation.evidence import fills_seen
from trading.tick import Tick

LOOK_BACK = timedelta(days=7)
CLOSE = "close"
"""`details["choice"]` where what is too much is to be closed again once it is booked."""


@dataclass(frozen=True, slots=True)
class Told:
    """The venue's word now: the orders whose fills the person saw, what is held (signed), the price it counts at."""

    orders: tuple[OutsideOrder, ...]
    theirs: Decimal
    mark: Decimal | None

    @property
    def filled(self) -> Decimal:
        return sum((order.amount for order in self.orders), Decimal(0))


def adopt(tick: Tick, intent: Intent) -> bool:
    """True when nothing of it is left to do. Raises LeaseLost."""
    difference = Difference.objects.filter(pk=intent.details.get("difference")).select_related("account").first()
    if difference is None or difference.status != DifferenceStatus.OPEN or difference.bot_id != tick.bot.pk:
        return _refused(tick, intent, "settled already")
    leg = leg_of(tick.bot, difference.account, difference.symbol)
    try:
        told = _told(tick, difference, leg)
    except ExchangeError as error:
        say_unavailable(tick, error)
        return False
    with transaction.atomic():
        locked_bot(tick.lease)
        ours = _held(tick, difference)
        if not _still_so(difference, told, ours):
            journal.write(tick.bot, "adopt_refused", log_type=LogType.WARNING, symbol=difference.symbol)
            return _refused(tick, intent, "changed")
        _book(tick, difference, leg, told, told.theirs - ours)
        _settle(tick, difference, intent, ours, told.theirs)
        _go_on(tick, difference, intent, ours, told.theirs)
    tick.reload()
    return True


def _told(tick: Tick, difference: Difference, leg: int) -> Told:
    """Raises ExchangeError."""
    venue, symbol, seen = tick.venue(leg), difference.symbol, set(difference.details.get("fills", ()))
    missing = fills_seen(difference.account, venue, symbol, tick.market_time - LOOK_BACK) if seen else None
    orders = tuple(only for order in missing.outside if (only := _only(order, seen))) if missing else ()
    rows = [row for row in venue.positions() if row.symbol == symbol]
    quote = None if rows else venue.quotes([symbol]).get(symbol)
    mark = rows[0].mark_price if rows else quote.mid if quote else None
    return Told(orders, sum((row.amount for row in rows), Decimal(0)), mark)


def _only(order: OutsideOrder, seen: set[str]) -> OutsideOrder | None:
    fills = tuple(fill for fill in order.fills if fill.trade_id in seen)
    return OutsideOrder(order.number, order.symbol, order.side, order.cause, fills) if fills else None


def _held(tick: Tick, difference: Difference) -> Decimal:
    rows = Position.objects.filter(bot=tick.bot, account=difference.account, symbol=difference.symbol, is_open=True)
    return sum((row.signed_amount for row in rows), Decimal(0))


def _still_so(difference: Difference, told: Told, ours: Decimal) -> bool:
    """What the person agreed to: the same figures, and every fill that they saw."""
    fills = [fill.trade_id for order in told.orders for fill in order.fills]
    if set(fills) != set(difference.details.get("fills", ())):
        return False
    wanted = difference.delta if difference.kind == DifferenceKind.POSITION else Decimal(0)
    rest = told.theirs - ours - told.filled
    return told.theirs - ours == wanted and (not rest or told.mark is not None)


def _book(tick: Tick, difference: Difference, leg: int, told: Told, delta: Decimal) -> None:
    orders, rest = list(told.orders), delta - told.filled
    if rest and told.mark is not None:
        orders.append(_adjustment(tick, difference, rest, told.mark))
    if orders:
        outside_book(tick.lease, leg, orders)


def _adjustment(tick: Tick, difference: Difference, amount: Decimal, price: Decimal) -> OutsideOrder:
    name, side = f"adjustment{difference.pk}", "buy" if amount > 0 else "sell"
    fill = FillReport(
        trade_id=name,
        client_order_id="",
        exchange_order_id=name,
        symbol=difference.symbol,
        side=side,
        price=price,
        amount=abs(amount),
        fee=Decimal(0),
        fee_currency="",
        at=tick.market_time,
    )
    return OutsideOrder(name, difference.symbol, side, ADJUSTED, (fill,))


def _settle(tick: Tick, difference: Difference, intent: Intent, ours: Decimal, theirs: Decimal) -> None:
    closes = intent.details.get("choice") == CLOSE
    difference.status = DifferenceStatus.CLOSED if closes else DifferenceStatus.ADOPTED
    difference.settled_at, difference.settled_by_id = tick.now, intent.user_id
    difference.note = str(intent.details.get("note", ""))[:300]
    difference.save(update_fields=["status", "settled_at", "settled_by", "note"])
    figures = {"symbol": difference.symbol, "books": ours, "venue": theirs}
    journal.write(tick.bot, "adopted", log_type=LogType.WARNING, market_time=tick.market_time, **figures)
    details = {"symbol": difference.symbol, "ours": str(ours), "theirs": str(theirs), "choice": difference.status}
    audit.record(actor=intent.user, action="difference.booked", target=tick.bot, details=details)


def _go_on(tick: Tick, difference: Difference, intent: Intent, ours: Decimal, theirs: Decimal) -> None:
    """Less than before: what is left of the pair is closed. More, and not wanted: closed down to what it was."""
    key, bot = f"rest-{difference.pk}", tick.bot
    if ours * theirs < 0:
        rest_ask(bot, f"turned-{difference.pk}", user_id=intent.user_id, symbol=difference.symbol, keep="0")
        rest_ask(bot, key, user_id=intent.user_id, reason=CloseReason.OUTSIDE)
    elif abs(theirs) < abs(ours):
        rest_ask(bot, key, user_id=intent.user_id, reason=CloseReason.OUTSIDE)
    elif abs(theirs) > abs(ours) and intent.details.get("choice") == CLOSE:
        rest_ask(bot, key, user_id=intent.user_id, symbol=difference.symbol, keep=str(abs(ours)))


def _refused(tick: Tick, intent: Intent, result: str) -> bool:
    intents.intent_settle(intent, IntentStatus.REFUSED, now=tick.now, result=result)
    return True
