"""JSON of orders by hand and of an account's orders at its venue."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from exchanges.api.fields import MoneyField
from exchanges.symbols import canonical
from trading.by_hand.checks import TYPES
from trading.core.order_state import OrderStatus

SIDES = ["buy", "sell"]


KINDS = ["swap", "spot", "future"]


class KindOfMarket(serializers.Serializer):
    """`symbol` is read as `type` spells it, and is in the one spelling afterwards."""

    type = serializers.ChoiceField(
        choices=KINDS, default="swap", help_text="Kind of market. Paper accounts: perpetual swaps only."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "symbol" in attrs:
            try:
                attrs["symbol"] = canonical(attrs["symbol"], attrs["type"])
            except ValueError:
                raise serializers.ValidationError({"symbol": [_("Enter a market, such as GALA/USDT.")]}) from None
        return attrs


class ManualOrderSettings(KindOfMarket):
    """An order by hand. Markets claimed by a bot are refused with the bot's name."""

    symbol = serializers.CharField(max_length=40)
    side = serializers.ChoiceField(choices=SIDES)
    order_type = serializers.ChoiceField(
        choices=list(TYPES),
        help_text="ioc: a limit order of which the rest is canceled at once. stop: waits until the mark price reaches "
        "its trigger, then trades at the market; with reduce_only it only closes, else it opens. Not for spot.",
    )
    amount = MoneyField(help_text="Coins, not contracts; of inverse contracts (BTC/USD:BTC) quote currency.")
    price = MoneyField(required=False, allow_null=True, help_text="Of limit and ioc orders.")
    trigger_price = MoneyField(required=False, allow_null=True, help_text="Of stop orders.")
    post_only = serializers.BooleanField(default=False, help_text="Limit orders: canceled instead of filled at once.")
    reduce_only = serializers.BooleanField(default=False, help_text="A sale of coins (spot) always is.")
    idempotency_key = serializers.CharField(
        required=False,
        max_length=64,
        help_text="Or the header Idempotency-Key. The same key again answers with the same order and sends nothing.",
    )


class AccountOrderQuery(KindOfMarket):
    symbol = serializers.CharField(max_length=40, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)
    before = serializers.IntegerField(required=False, min_value=1, help_text="Only orders with a smaller id.")


class OpenOrderQuery(KindOfMarket):
    symbol = serializers.CharField(max_length=40, required=False)


class ForeignOrderQuery(KindOfMarket):
    """Of an order that the exchange has and our books do not."""

    symbol = serializers.CharField(max_length=40)
    stop = serializers.BooleanField(default=False, help_text="It is a stop: some exchanges keep those apart.")


class ClosedOrderQuery(KindOfMarket):
    symbol = serializers.CharField(
        max_length=40, required=False, help_text="Without it: markets with own orders in that time, ten at most."
    )
    since = serializers.DateTimeField(required=False, help_text="Else the last day; three months at most.")
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)


class AccountOrderSerializer(serializers.Serializer):
    """As the venue has it, or as our books do where the venue does not list it."""

    id = serializers.IntegerField(allow_null=True, help_text="Null: it was placed elsewhere.")
    account = serializers.IntegerField()
    bot = serializers.IntegerField(allow_null=True)
    purpose = serializers.CharField(allow_blank=True)
    client_order_id = serializers.CharField(allow_blank=True)
    exchange_order_id = serializers.CharField(allow_blank=True)
    symbol = serializers.CharField()
    side = serializers.ChoiceField(choices=SIDES)
    order_type = serializers.ChoiceField(choices=list(TYPES))
    price = MoneyField(allow_null=True)
    trigger_price = MoneyField(allow_null=True)
    average_price = MoneyField(allow_null=True)
    amount = MoneyField()
    filled_amount = MoneyField()
    status = serializers.ChoiceField(choices=[status.value for status in OrderStatus])
    reduce_only = serializers.BooleanField()
    post_only = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    updated_at = serializers.DateTimeField()
