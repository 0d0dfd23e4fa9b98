"""Rows of orders, positions, trades, cycles and the journal as JSON carries them (`bots.rows`)."""

from bots.journal.lines import sentence
from bots.rows import Row, bot_row, fields_of, plain, shown_fields
from trading.models import Cycle, Order, Position, Trade, TradeLog

__all__ = ["bot_row", "cycle_row", "log_row", "order_row", "position_row", "trade_row"]

_ORDER = shown_fields(Order, hidden=("send_by",))
_POSITION = shown_fields(Position, hidden=("cost",))
_TRADE = shown_fields(Trade, hidden=("planned1", "planned2", "target1", "target2", "sent_at"))
_CYCLE = shown_fields(Cycle, hidden=())
_LOG = shown_fields(TradeLog, hidden=())


def order_row(order: Order) -> Row:
    return fields_of(order, _ORDER)


def position_row(position: Position) -> Row:
    return fields_of(position, _POSITION)


def trade_row(trade: Trade) -> Row:
    return fields_of(trade, _TRADE)


def cycle_row(cycle: Cycle) -> Row:
    return fields_of(cycle, _CYCLE)


def log_row(log: TradeLog) -> Row:
    """The message is in the language that is active now."""
    return fields_of(log, _LOG) | {"message": plain(sentence(log))}
