"""JSON of rounds of reconciliation, of differences and of choices about them, and of the sum of the money."""

from typing import Any

from rest_framework import serializers

from bots.rows import fields_of
from exchanges.api.fields import MoneyField, RowSerializer
from trading.models import Difference
from trading.reconciliation.choices import NOTE_LENGTH, Choice, choices_of, wish_waiting

_DIFFERENCE = (
    "id",
    "account",
    "bot",
    "kind",
    "symbol",
    "reference",
    "ours",
    "theirs",
    "delta",
    "status",
    "found_at",
    "seen_at",
    "settled_at",
    "settled_by",
    "note",
)


def difference_row(difference: Difference) -> dict[str, Any]:
    asked = wish_waiting(difference) if difference.pk else None
    return fields_of(difference, _DIFFERENCE) | {
        "choices": [choice.value for choice in choices_of(difference)] if difference.pk else [],
        "asked": str(asked.details.get("choice", "")) if asked else "",
    }


class DifferenceSerializer(RowSerializer):
    """`ours` and `theirs` are figures as text; `choices` is what can be done now, `asked` what waits to be done."""

    choices = serializers.ListField(child=serializers.ChoiceField(Choice.choices), read_only=True)
    asked = serializers.CharField(read_only=True)

    class Meta:
        model = Difference
        fields = list(difference_row(Difference()))
        row = staticmethod(difference_row)


class SettleRequest(serializers.Serializer):
    choice = serializers.ChoiceField(Choice.choices)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=NOTE_LENGTH)


class OutcomeSerializer(serializers.Serializer):
    """What one round came to. `suspects` were seen once and count when they are seen again."""

    is_ok = serializers.BooleanField(allow_null=True)
    message = serializers.CharField(allow_blank=True)
    opened = serializers.IntegerField()
    gone = serializers.IntegerField()
    suspects = serializers.IntegerField()
    booked = serializers.IntegerField()
    skipped = serializers.ListField(child=serializers.CharField())


class EquationQuery(serializers.Serializer):
    since = serializers.DateTimeField()


class EquationSerializer(serializers.Serializer):
    """Money since a moment: `equity_change` is the sum of all the others; `rest` is what nothing explains."""

    currency = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    equity_change = MoneyField()
    realised = MoneyField()
    unrealised_change = MoneyField()
    fees = MoneyField()
    funding = MoneyField()
    transfers = MoneyField()
    adjustments = MoneyField()
    rest = MoneyField()
