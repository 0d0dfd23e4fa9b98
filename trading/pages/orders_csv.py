"""Orders as a CSV file that a spreadsheet opens without executing anything."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.csv_cells import safe_cell
from bots.amounts import decimal_text
from trading.models import Order
from trading.pages.csv_response import SentWhileRead, csv_response

ZERO: Final = Decimal(0)


def orders_csv(name: str, orders: Iterable[Order]) -> SentWhileRead:
    """`orders` of `trading.pages.forms_orders`, with what each realised before its fee; times in UTC."""
    return csv_response(name, _columns(), map(_row, orders))


def _columns() -> list[str]:
    return [
        _("Created (UTC)"),
        _("Filled (UTC)"),
        _("Exchange"),
        _("Account"),
        _("Bot"),
        _("Cycle"),
        _("Level"),
        _("Leg"),
        _("Purpose"),
        pgettext("what is traded", "Market"),
        _("Side"),
        _("Type"),
        _("Price"),
        _("Amount"),
        _("Filled"),
        _("Average price"),
        _("Value"),
        _("Fee"),
        _("Fee currency"),
        _("Realised P&L"),
        _("Status"),
        _("Reason"),
        _("Client order id"),
        _("Exchange order id"),
    ]


def _row(order: Order) -> list[str]:
    texts = [
        f"{order.created_at:%Y-%m-%d %H:%M:%S}",
        f"{order.filled_at:%Y-%m-%d %H:%M:%S}" if order.filled_at else "",
        order.account.exchange,
        order.account.label,
        order.bot.bot_name if order.bot else "",
        str(order.cycle_number),
        str(order.dca_level),
        str(order.leg),
        order.purpose,
        order.symbol,
        order.side,
        order.order_type,
    ]
    figures = [order.price, order.amount, order.filled_amount, order.average_price, order.cost, order.fee]
    ids = [order.status, order.reason, order.client_order_id, order.exchange_order_id]
    numbers = ["" if figure is None else decimal_text(figure) for figure in figures]
    money = [safe_cell(order.fee_currency), decimal_text(getattr(order, "realised", None) or ZERO)]
    return [*map(safe_cell, texts), *numbers, *money, *map(safe_cell, ids)]
