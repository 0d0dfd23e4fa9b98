"""Filters of the lists of differences."""

from django_filters import rest_framework as filters

from trading.models import Difference, DifferenceKind, DifferenceStatus

STATUSES = [choice for choice in DifferenceStatus.choices if choice[0] != DifferenceStatus.SUSPECT]


class DifferenceFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=STATUSES)
    kind = filters.ChoiceFilter(choices=DifferenceKind.choices)

    class Meta:
        model = Difference
        fields = ["status", "kind", "bot", "symbol"]
