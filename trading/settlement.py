"""The first step of every tick, and the whole of recovery: what became of the orders that are not finished?"""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from bots import services
from bots.holdings import RESTING_STOP
from bots.journal import lines as journal
from bots.models import BotStatus
from exchanges.errors import DomainError
from trading import ledger
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.models import LogType, Order, Purpose
from trading.order_lookup import forgotten, order_find
from trading.tick import QUIET, Tick


def orders_settle(tick: Tick) -> bool:
    """Asks the venue about every unfinished order of the bot; True when none is left in doubt.

    `pending` was never sent (nobody else holds the lease): it is denied. `submitted` outlived the tick that sent
    it: its outcome is unknown until the venue tells.
    """
    certain = True
    unfinished = Order.objects.filter(bot=tick.bot, status__in=UNSETTLED).exclude(RESTING_STOP)
    for order in unfinished.select_related("bot").order_by("id"):
        if order.status == OrderStatus.PENDING:
            ledger.order_mark(order, OrderStatus.DENIED, "never sent")
            continue
        if order.status == OrderStatus.SUBMITTED:
            order = ledger.order_mark(order, OrderStatus.UNKNOWN, "sent, no answer kept")
        certain &= _ask(tick, order) or order.purpose == Purpose.PROTECT  # which keeps nothing waiting
    return certain


def order_declare(*, actor: User, order: Order) -> Order:
    """A named person says that an order which its venue cannot remember any more holds nothing beyond what is booked.

    Raises DomainError for an order that is settled or that is still asked for by itself.
    """
    exchange, owner_id = Order.objects.values_list("account__exchange", "account__owner").get(pk=order.pk)
    if order.status not in UNSETTLED or not forgotten(exchange, order):
        raise DomainError(_("This order is settled without you."), "not_forgotten")
    if not actor.is_superuser and owner_id != actor.pk:
        raise DomainError(_("There is no such order."), "unknown_order")
    ended = OrderStatus.DENIED if order.status == OrderStatus.UNKNOWN else OrderStatus.CANCELED
    text = f"not at the exchange, says {actor.get_username()}"
    with transaction.atomic():
        row = ledger.order_mark(order, ended, text)
        if order.bot is None:
            return row
        journal.write(
            order.bot,
            "order_settled_unknown",
            log_type=LogType.WARNING,
            symbol=row.symbol,
            status=text,
            filled=row.filled_amount,
        )
    return row


def _ask(tick: Tick, order: Order) -> bool:
    found = order_find(tick.venue(order.leg), order)
    if found.is_forgotten:
        _leave_to_a_person(tick)
    elif found.failure is not None:
        journal.write_seldom(
            tick.bot,
            "venue_unavailable",
            log_type=LogType.WARNING,
            quiet=QUIET,
            market_time=tick.market_time,
            reason=found.failure.message,
        )
    elif found.never_arrived:
        journal.write(
            tick.bot,
            "order_settled_unknown",
            log_type=LogType.INFO,
            market_time=tick.market_time,
            symbol=order.symbol,
            status="never reached the venue",
            filled=order.filled_amount,
        )
    return found.certain


def _leave_to_a_person(tick: Tick) -> None:
    if (tick.bot.status, tick.bot.status_reason) != (BotStatus.ERROR, "order_unknown"):
        services.bot_fail(bot=tick.bot, reason="order_unknown", now=tick.now)
        tick.reload()
