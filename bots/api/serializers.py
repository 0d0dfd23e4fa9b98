"""JSON of bots. `bots.settings.validation` reads and checks what is sent; `bots.api.settings_schema` describes it."""

from typing import Any

from django.db.models import Model
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from bots.api.settings_schema import settings_schema
from bots.models import Bot, Intent
from bots.rows import bot_row
from exchanges.api.fields import MoneyField, RowSerializer


class LevelSerializer(serializers.Serializer):
    times = serializers.IntegerField()
    spread = serializers.FloatField()
    multiplier = serializers.FloatField()


class BotSerializer(RowSerializer):
    """`figures`: the last live figures (spread, P&L, exposure, triggers, what it waits for), null before the first."""

    # given as context `figures`, by bot id
    dca_config = LevelSerializer(many=True, read_only=True)
    strategy_params = serializers.DictField(read_only=True)
    figures = serializers.DictField(read_only=True, allow_null=True)

    class Meta:
        model = Bot
        fields = [*bot_row(Bot()), "figures"]
        row = staticmethod(bot_row)

    def to_representation(self, instance: Model) -> dict[str, Any]:
        return super().to_representation(instance) | {"figures": self.context["figures"].get(instance.pk)}


class BotSettings(serializers.Serializer):
    """Settings of a new bot, or all of them anew."""


class BotChanges(serializers.Serializer):
    """Settings to change; what is left out stays."""


class BotSettingsSchema(OpenApiSerializerExtension):
    target_class = BotSettings

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return settings_schema()


class BotChangesSchema(OpenApiSerializerExtension):
    target_class = BotChanges

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return settings_schema(partial=True)


class StartSerializer(serializers.Serializer):
    reset_reference = serializers.BooleanField(
        default=False, help_text="Flat bots: moves count from the spread of now instead of the last trade's."
    )


class CloseSerializer(serializers.Serializer):
    idempotency_key = serializers.CharField(
        required=False, max_length=64, help_text="The same key closes once, however often it is sent."
    )
    stop = serializers.BooleanField(default=False, help_text="Stop the bot afterwards.")


class IntentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Intent
        fields = ["id", "bot", "kind", "status", "result", "idempotency_key", "created_at", "settled_at"]
        read_only_fields = fields


class StrategySerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    markets = serializers.IntegerField(help_text="How many it trades, 1 or 2.")
    parameters = serializers.DictField(help_text="JSON schema.")


class LevelCountSerializer(serializers.Serializer):
    level = serializers.IntegerField()
    cycles = serializers.IntegerField()
    pnl = MoneyField()


class StatisticsSerializer(serializers.Serializer):
    """Of closed cycles; money in the settle currency, net of fees and funding; null: nothing to tell it from yet."""

    total_profit = MoneyField(help_text="Everything booked so far, the open cycle too.")
    trades = serializers.IntegerField()
    cycles = serializers.IntegerField()
    wins = serializers.IntegerField()
    win_rate = serializers.FloatField(allow_null=True, help_text="Percent.")
    stop_losses = serializers.IntegerField()
    realised = MoneyField()
    average = MoneyField(allow_null=True)
    best = MoneyField(allow_null=True)
    worst = MoneyField(allow_null=True)
    fees = MoneyField()
    funding = MoneyField()
    deepest_fall = serializers.FloatField(help_text="Largest fall from a peak, 0 or negative.")
    average_held_s = serializers.FloatField(allow_null=True)
    longest_held_s = serializers.FloatField(allow_null=True)
    naked_longest_ms = serializers.IntegerField(allow_null=True)
    naked_average_ms = serializers.FloatField(allow_null=True)
    naked_value_worst = MoneyField(allow_null=True, help_text="The most that one leg had beyond the other.")
    levels = LevelCountSerializer(many=True)


class PreviewQuery(serializers.Serializer):
    range = serializers.ChoiceField(choices=["24h", "7d", "30d", "start"], default="start")
    bot = serializers.IntegerField(required=False, min_value=1, help_text="A bot whose settings would change so.")


class PreviewSerializer(serializers.Serializer):
    """`markets`, `spread`, `totals` and `history` are null as long as the settings do not say enough for them."""

    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )
    markets = serializers.ListField(child=serializers.DictField(), allow_null=True)
    spread = serializers.DictField(allow_null=True)
    levels = serializers.ListField(child=serializers.DictField())
    totals = serializers.DictField(allow_null=True)
    warnings = serializers.ListField(child=serializers.DictField())
    history = serializers.DictField(allow_null=True)
