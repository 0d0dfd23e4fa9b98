"""How lists can be narrowed: instants for everybody, and the list of exchange accounts."""

import django_filters

from accounts.api.filters import InstantFilter
from exchanges.models import Exchange, ExchangeAccount

__all__ = ["ExchangeAccountFilter", "InstantFilter"]


class ExchangeAccountFilter(django_filters.FilterSet):
    exchange = django_filters.ChoiceFilter(choices=Exchange.choices)
    is_active = django_filters.BooleanFilter()
    is_testnet = django_filters.BooleanFilter()

    class Meta:
        model = ExchangeAccount
        fields = ["exchange", "is_active", "is_testnet"]
