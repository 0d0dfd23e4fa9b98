"""Fills as a CSV file that a spreadsheet opens without executing anything: one row for each execution."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.csv_cells import safe_cell
from bots.amounts import decimal_text
from trading.models import Fill
from trading.pages.csv_response import SentWhileRead, csv_response


def fills_csv(name: str, fills: Iterable[Fill]) -> SentWhileRead:
    """Times in UTC. Realised P&L is without the fee, which stands beside it."""
    return csv_response(name, _columns(), map(_row, fills))


def _columns() -> list[str]:
    return [
        _("Time (UTC)"),
        _("Exchange"),
        _("Account"),
        _("Bot"),
        pgettext("what is traded", "Market"),
        _("Side"),
        _("Amount"),
        _("Price"),
        _("Value"),
        _("Fee"),
        _("Fee currency"),
        _("Realised P&L"),
        _("Cycle"),
        _("Level"),
        _("Leg"),
        _("Purpose"),
        _("Exchange trade id"),
        _("Exchange order id"),
        _("Client order id"),
    ]


def _row(fill: Fill) -> list[str]:
    order = fill.order
    texts = [
        f"{fill.at:%Y-%m-%d %H:%M:%S}",
        fill.account.exchange,
        fill.account.label,
        order.bot.bot_name if order.bot else "",
        fill.symbol,
        fill.side,
    ]
    figures = [fill.amount, fill.price, fill.amount * fill.price, fill.fee]
    places = [str(order.cycle_number), str(order.dca_level), str(order.leg), order.purpose]
    ids = [fill.trade_id, order.exchange_order_id, order.client_order_id]
    return [
        *map(safe_cell, texts),
        *map(decimal_text, figures),
        safe_cell(fill.fee_currency),
        decimal_text(fill.realised_pnl),
        *map(safe_cell, places + ids),
    ]
