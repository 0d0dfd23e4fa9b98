"""Orders without a bot: asked for at their venue until nothing about them is in doubt. No lease is needed.

Whoever else books the same outcome meanwhile changes nothing: the ledger books each fill once, and a status only moves
forward.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from exchanges.models import ExchangeAccount
from exchanges.registry import venue_for, venue_of
from trading import ledger
from trading.core.order_state import UNSETTLED, OrderStatus
from trading.models import Order
from trading.order_lookup import order_find

PENDING_S = 60.0
"""So long a row may lie there unsent: whoever wrote it is gone then, and can mark it `submitted` no more."""


def account_orders_settle(account: ExchangeAccount, now: datetime) -> bool:
    """Asks the venue about every unfinished order of the account that no bot looks after.

    True when none of them is in doubt. Raises ExchangeError and ValidationError where the venue cannot be had at all.
    """
    return orders_settle_alone(account, orders_alone(account), now)


def orders_settle_alone(account: ExchangeAccount, orders: Iterable[Order], now: datetime) -> bool:
    """`submitted` is left to whoever sends it until it may not be sent any more and its answer is overdue."""
    certain = True
    venue_of(account)
    for order in orders:
        if order.status == OrderStatus.PENDING:
            certain &= _deny_old(order, now)
            continue
        if order.status == OrderStatus.SUBMITTED:
            if not _is_overdue(order, now):
                certain = False
                continue
            order = ledger.order_mark_if(order, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN, "sent, no answer kept")
        certain &= order_find(venue_for(account, order.symbol), order).certain
    return certain


def orders_alone(account: ExchangeAccount) -> list[Order]:
    return list(Order.objects.filter(account=account, bot=None, status__in=UNSETTLED).order_by("id"))


def accounts_unsettled() -> list[ExchangeAccount]:
    """Those with an unfinished order that no bot looks after."""
    alone = Order.objects.filter(bot=None, status__in=UNSETTLED).order_by()
    return list(ExchangeAccount.objects.filter(pk__in=alone.values("account")).defer("api_secret", "passphrase"))


def _deny_old(order: Order, now: datetime) -> bool:
    if now < order.created_at + timedelta(seconds=PENDING_S):
        return False
    row = ledger.order_mark_if(order, OrderStatus.PENDING, OrderStatus.DENIED, "never sent")
    return row.status == OrderStatus.DENIED


def _is_overdue(order: Order, now: datetime) -> bool:
    patience = timedelta(seconds=settings.EXCHANGE_TIMEOUT_S + settings.ORDER_SEND_BY_S)
    return order.send_by is None or now > order.send_by + patience
