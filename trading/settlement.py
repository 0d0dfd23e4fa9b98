"""The first step of every tick, and the whole of recovery: what became of the orders that are not finished?"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bots import journal, services
from bots.models import BotStatus
from exchanges.adapters.venues import VENUES
from exchanges.errors import DomainError, ExchangeError, OrderNotFound
from trading import ledger
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.models import LogType, Order
from trading.tick import QUIET, Tick


def orders_settle(tick: Tick) -> bool:
    """Asks the venue about every unfinished order of the bot; True when none is left in doubt.

    `pending` was never sent (nobody else holds the lease): it is denied. `submitted` outlived the tick that sent
    it: its outcome is unknown until the venue tells.
    """
    certain = True
    for order in Order.objects.filter(bot=tick.bot, status__in=UNSETTLED).select_related("bot").order_by("id"):
        if order.status == OrderStatus.PENDING:
            ledger.order_mark(order, OrderStatus.DENIED, "never sent")
            continue
        if order.status == OrderStatus.SUBMITTED:
            order = ledger.order_mark(order, OrderStatus.UNKNOWN, "sent, no answer kept")
        certain &= _ask(tick, order)
    return certain


def order_declare(*, actor: User, order: Order) -> Order:
    """A named person says that an order which its venue cannot remember any more holds nothing beyond what is booked.

    Raises DomainError for an order that is settled or that the bot still asks for itself.
    """
    bot = order.bot
    exchange = Order.objects.values_list("account__exchange", flat=True).get(pk=order.pk)
    if order.status not in UNSETTLED or bot is None or not _forgotten(exchange, order):
        raise DomainError(_("The bot settles this order by itself."), "not_forgotten")
    if not actor.is_superuser and bot.owner_id != actor.pk:
        raise DomainError(_("There is no such order."), "unknown_order")
    ended = OrderStatus.DENIED if order.status == OrderStatus.UNKNOWN else OrderStatus.CANCELED
    text = f"not at the exchange, says {actor.get_username()}"
    with transaction.atomic():
        row = ledger.order_mark(order, ended, text)
        journal.write(
            bot,
            "order_settled_unknown",
            log_type=LogType.WARNING,
            symbol=row.symbol,
            status=text,
            filled=row.filled_amount,
        )
    return row


def _ask(tick: Tick, order: Order) -> bool:
    venue = tick.venue(order.leg)
    try:
        report = venue.fetch_order(
            order.symbol, client_order_id=order.client_order_id, exchange_order_id=order.exchange_order_id
        )
    except OrderNotFound:
        if _forgotten(tick.venue(order.leg).exchange, order):
            _leave_to_a_person(tick)
            return False
        return order.status == OrderStatus.UNKNOWN and _never_arrived(tick, order)
    except ExchangeError as error:
        journal.write_seldom(
            tick.bot,
            "venue_unavailable",
            log_type=LogType.WARNING,
            quiet=QUIET,
            market_time=tick.market_time,
            reason=error.message,
        )
        return False
    return ledger.report_apply(order, report).status != OrderStatus.UNKNOWN


def _forgotten(exchange: str, order: Order) -> bool:
    """Sent so long ago that the venue may not know it any more although it was there: not found proves nothing."""
    venue = VENUES.get(exchange)
    if venue is None or order.submitted_at is None:
        return False
    return timezone.now() > order.submitted_at + timedelta(seconds=venue.keeps_unfilled_s)


def _leave_to_a_person(tick: Tick) -> None:
    if (tick.bot.status, tick.bot.status_reason) != (BotStatus.ERROR, "order_unknown"):
        services.bot_fail(bot=tick.bot, reason="order_unknown", now=tick.now)
        tick.reload()


def _never_arrived(tick: Tick, order: Order) -> bool:
    """Proof that an unknown order does not exist: its time is over, and three different questions find nothing.

    (reliability.md, invariant 2.) Any question that fails proves nothing.
    """
    if order.send_by is None or timezone.now() < order.send_by + timedelta(seconds=settings.ORDER_PROOF_S):
        return False
    venue = tick.venue(order.leg)
    since = order.market_time - timedelta(seconds=settings.ORDER_PROOF_S)
    try:
        resting = {report.client_order_id for report in venue.open_orders(order.symbol)}
        filled = {fill.client_order_id for fill in venue.fills(order.symbol, since=since)}
    except ExchangeError:
        return False
    if order.client_order_id in resting | filled:
        return False
    ledger.order_mark(order, OrderStatus.DENIED, "never reached the venue")
    journal.write(
        tick.bot,
        "order_settled_unknown",
        log_type=LogType.INFO,
        market_time=tick.market_time,
        symbol=order.symbol,
        status="never reached the venue",
        filled=order.filled_amount,
    )
    return True
