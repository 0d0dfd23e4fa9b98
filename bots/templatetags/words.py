"""Codes of the database as a trader's words."""

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exchanges import symbols
from trading.core.order_state import OrderStatus

register = template.Library()

ORDER_STATUS = {
    OrderStatus.PENDING: _("Waiting"),
    OrderStatus.SUBMITTED: _("Sent"),
    OrderStatus.OPEN: pgettext_lazy("status of an order", "Open"),
    OrderStatus.PARTIALLY_FILLED: _("Partly filled"),
    OrderStatus.CLOSED: _("Filled"),
    OrderStatus.CANCELED: _("Cancelled"),
    OrderStatus.EXPIRED: _("Expired"),
    OrderStatus.DENIED: _("Not sent"),
    OrderStatus.REJECTED: _("Refused"),
    OrderStatus.UNKNOWN: _("Not known"),
}
WARNING = {OrderStatus.UNKNOWN, OrderStatus.REJECTED, OrderStatus.DENIED}


@register.filter
def order_status(status: str) -> str:
    return str(ORDER_STATUS[OrderStatus(status)])


@register.filter
def order_status_tone(status: str) -> str:
    return "warn" if status in WARNING else "" if status == OrderStatus.CLOSED else "soft"


@register.filter
def short_symbol(symbol: str) -> str:
    """`GALA/USDT`."""
    return symbols.short(symbol)


@register.filter
def base(symbol: str) -> str:
    return symbols.base_of(symbol)


@register.filter
def settle(symbol: str) -> str:
    return symbols.settle_of(symbol)


@register.filter
def monogram(symbol: str) -> str:
    """Two letters for a coin without a logo."""
    return symbols.base_of(symbol)[:2]
