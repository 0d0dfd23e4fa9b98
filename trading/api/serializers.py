"""JSON of orders, positions, logs and spread points: `trading.rows` makes the values, the fields describe them."""

from functools import partial

from rest_framework import serializers

from bots.rows import fields_of
from exchanges.api.fields import RowSerializer
from trading.models import Order, Position, SpreadHistory, TradeLog
from trading.rows import log_row, order_row, position_row

SPREAD_FIELDS = [
    "kind",
    "recorded_at",
    "market1_price",
    "market2_price",
    "spread_percentage",
    "spread_open",
    "spread_high",
    "spread_low",
]


class OrderSerializer(RowSerializer):
    class Meta:
        model = Order
        fields = list(order_row(Order()))
        row = staticmethod(order_row)


class PositionSerializer(RowSerializer):
    class Meta:
        model = Position
        fields = list(position_row(Position()))
        row = staticmethod(position_row)


class LogSerializer(RowSerializer):
    """`message` is in the reader's language; `details` holds its code and figures."""

    details = serializers.DictField(read_only=True)

    class Meta:
        model = TradeLog
        fields = list(log_row(TradeLog()))
        row = staticmethod(log_row)


class SpreadPointSerializer(RowSerializer):
    class Meta:
        model = SpreadHistory
        fields = SPREAD_FIELDS
        row = staticmethod(partial(fields_of, names=SPREAD_FIELDS))
