"""How lists can be narrowed: instants for everybody, and the list of exchange accounts."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField

from exchanges.models import Exchange, ExchangeAccount


class InstantField(IsoDateTimeField):
    """In UTC: PostgreSQL does not take every offset that ISO 8601 can write."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class InstantFilter(django_filters.IsoDateTimeFilter):
    field_class = InstantField


class ExchangeAccountFilter(django_filters.FilterSet):
    exchange = django_filters.ChoiceFilter(choices=Exchange.choices)
    is_active = django_filters.BooleanFilter()
    is_testnet = django_filters.BooleanFilter()

    class Meta:
        model = ExchangeAccount
        fields = ["exchange", "is_active", "is_testnet"]
