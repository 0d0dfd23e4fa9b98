"""Parts of serializers that several apps use."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import models
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, inline_serializer
from rest_framework import serializers

from bots.amounts import decimal_text

NUMBER_TEXT = {"type": "string", "format": "decimal", "pattern": r"^-?\d+(\.\d+)?$", "example": "100.5"}


class MoneyField(serializers.DecimalField):
    """An exact number as text: no exponent, no trailing zeros."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 32, "decimal_places": 12} | options)

    def to_representation(self, value: Any) -> str:
        return decimal_text(Decimal(value))


class MoneySchema(OpenApiSerializerFieldExtension):
    target_class = MoneyField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return dict(NUMBER_TEXT)


class RowSerializer(serializers.ModelSerializer):
    """For output only. `Meta.row` makes the dictionary, the fields describe it."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {models.DecimalField: MoneyField}

    def to_representation(self, instance: models.Model) -> dict[str, Any]:
        row: Callable[[Any], dict[str, Any]] = self.Meta.row
        return row(instance)

    def get_extra_kwargs(self) -> dict[str, Any]:
        return {name: {"read_only": True} for name in self.Meta.fields}


@cache
def data_of(serializer: type[serializers.Serializer], *, many: bool = False) -> serializers.Serializer:
    """`{"data": …}`, the envelope of market data and account paths. One component of the schema for each."""
    name = serializer.__name__.removesuffix("Serializer") + ("List" if many else "") + "Data"
    return inline_serializer(name, {"data": serializer(many=many)})
