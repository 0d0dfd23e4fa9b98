"""The books: the only writer of orders, fills, positions and ledger lines.

Every function is one short transaction (or joins the caller's) and makes no call to a venue. Applying the same report
twice changes nothing. What happened outside of bots is booked by `trading.ledger.outside`.
"""

from trading.ledger.fills import fill_book, fills_unbooked, report_apply
from trading.ledger.marks import cycle_lows_note, positions_mark
from trading.ledger.money import cycle_money, funding_book
from trading.ledger.orders import (
    OrderPart,
    OrderPlan,
    flatten_submit,
    order_mark,
    order_mark_if,
    order_submit_alone,
    order_write_alone,
    orders_add,
    orders_submit,
    orders_write,
    orders_write_all,
    stops_add,
)

__all__ = [
    "OrderPart",
    "OrderPlan",
    "cycle_lows_note",
    "cycle_money",
    "fill_book",
    "fills_unbooked",
    "flatten_submit",
    "funding_book",
    "order_mark",
    "order_mark_if",
    "order_submit_alone",
    "order_write_alone",
    "orders_add",
    "orders_submit",
    "orders_write",
    "orders_write_all",
    "positions_mark",
    "report_apply",
    "stops_add",
]
