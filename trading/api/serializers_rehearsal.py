"""JSON of rehearsals."""

from rest_framework import serializers

from exchanges.api.fields import MoneyField
from trading.api.serializers import LogSerializer
from trading.rehearsal import DELAY_MAX_S, MINUTES_MAX, ORDERS_MAX, Kind, Wish


class RehearsalRequest(serializers.Serializer):
    kind = serializers.ChoiceField(Kind.choices)
    strength = serializers.DecimalField(
        max_digits=6,
        decimal_places=2,
        required=False,
        allow_null=True,
        help_text="Per cent of the orders (reject, timeout_…), per cent that fills (partial), seconds up to "
        f"{DELAY_MAX_S:g} (delay).",
    )
    orders = serializers.IntegerField(
        min_value=1, max_value=ORDERS_MAX, required=False, allow_null=True, help_text="So many; none: all that follow."
    )
    minutes = serializers.IntegerField(
        min_value=1, max_value=MINUTES_MAX, required=False, allow_null=True, help_text="Of market time; none: no end."
    )
    symbol = serializers.CharField(
        max_length=40, required=False, allow_blank=True, default="", help_text="Empty: every market."
    )

    def wish(self) -> Wish:
        values = self.validated_data
        numbers = {name: values.get(name) for name in ("strength", "orders", "minutes")}
        return Wish(kind=Kind(values["kind"]), symbol=values["symbol"], **numbers)


class RehearsedSerializer(serializers.Serializer):
    """One thing that was asked for."""

    kind = serializers.ChoiceField(Kind.choices)
    strength = serializers.CharField(allow_null=True)
    orders = serializers.IntegerField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)
    symbol = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class RehearsalLeftSerializer(serializers.Serializer):
    """What is still to come; `next` null: until it is stopped or its time is over."""

    fault = serializers.CharField()
    symbol = serializers.CharField(allow_null=True)
    next = serializers.IntegerField(allow_null=True)


class RehearsalSerializer(serializers.Serializer):
    """What the account's bots did since it began. Naked: one leg of a pair held without the other."""

    id = serializers.IntegerField(source="rehearsal.pk")
    exchange_account = serializers.IntegerField(source="rehearsal.account_id")
    is_running = serializers.BooleanField()
    started_at = serializers.DateTimeField(source="rehearsal.started_at")
    stopped_at = serializers.DateTimeField(source="rehearsal.stopped_at", allow_null=True)
    plan = RehearsedSerializer(source="rehearsal.plan", many=True)
    left = RehearsalLeftSerializer(many=True)
    trades = serializers.IntegerField(help_text="That ended since.")
    under_way = serializers.IntegerField(help_text="Trades that are not ended yet.")
    naked_trades = serializers.IntegerField()
    naked_ms_worst = serializers.IntegerField()
    naked_ms_total = serializers.IntegerField()
    naked_value_worst = MoneyField(help_text="The largest difference of the legs' values, in the settle currency.")
    lowest_equity = MoneyField(allow_null=True)
    alone = serializers.SerializerMethodField(help_text="Bots that hold one leg only now.")
    warning_lines = serializers.IntegerField(source="warnings")
    error_lines = serializers.IntegerField(source="errors")
    agrees = serializers.BooleanField(
        allow_null=True, help_text="Books and exchange at the last comparison since; null: not compared since."
    )
    compared_at = serializers.DateTimeField(allow_null=True)
    differences = serializers.IntegerField(help_text="Open ones.")
    lines = LogSerializer(many=True, help_text="Newest lines of the bots' journals since.")

    def get_alone(self, result: object) -> list[int]:
        return [bot.pk for bot in result.alone]  # type: ignore[attr-defined]
