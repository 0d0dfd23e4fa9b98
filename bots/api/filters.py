"""How the list of bots can be narrowed."""

import django_filters
from django.db.models import Q, QuerySet

from bots.models import Bot, BotStatus
from exchanges.api.filters import InstantFilter


class BotFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=BotStatus.choices)
    exchange_account = django_filters.NumberFilter(field_name="exchange_account_id")
    symbol = django_filters.CharFilter(method="with_symbol", help_text="In either market.")
    in_position = django_filters.BooleanFilter(field_name="level", method="holding")
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Bot
        fields = ["status", "strategy"]

    def with_symbol(self, bots: QuerySet[Bot], name: str, text: str) -> QuerySet[Bot]:
        return bots.filter(Q(market1_symbol__istartswith=text) | Q(market2_symbol__istartswith=text))

    def holding(self, bots: QuerySet[Bot], name: str, wanted: bool) -> QuerySet[Bot]:
        return bots.filter(level__gt=0) if wanted else bots.filter(level=0)
