"""How lists of orders, positions, logs and spread points can be narrowed."""

import django_filters
from django.db.models import QuerySet
from django_filters import ChoiceFilter, NumberFilter

from bots.journal.search import TEXT_MAX, with_text
from exchanges.api.filters import InstantFilter
from trading.core.order_state import OrderStatus
from trading.models import LogType, Order, Position, Purpose, SpreadHistory, SpreadKind, TradeLog


class CreatedFilter(django_filters.FilterSet):
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")


class OrderFilter(CreatedFilter):
    status = ChoiceFilter(choices=[(status.value, status.value) for status in OrderStatus])
    purpose = ChoiceFilter(choices=Purpose.choices)
    side = ChoiceFilter(choices=[("buy", "buy"), ("sell", "sell")])
    symbol = django_filters.CharFilter()
    cycle_number = NumberFilter()

    class Meta:
        model = Order
        fields = ["status", "purpose", "side", "symbol", "cycle_number"]


class OwnOrderFilter(OrderFilter):
    bot = NumberFilter(field_name="bot_id")
    account = NumberFilter(field_name="account_id")


class PositionFilter(django_filters.FilterSet):
    is_open = django_filters.BooleanFilter()
    cycle_number = NumberFilter()
    symbol = django_filters.CharFilter()
    opened_after = InstantFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = InstantFilter(field_name="opened_at", lookup_expr="lt")

    class Meta:
        model = Position
        fields = ["is_open", "cycle_number", "symbol"]


class LogFilter(CreatedFilter):
    log_type = ChoiceFilter(choices=LogType.choices)
    code = django_filters.CharFilter(field_name="details__code", help_text="Name of the event, `details.code`.")
    text = django_filters.CharFilter(
        method="with_text", max_length=TEXT_MAX, help_text="Every word, in English or in the reader's language."
    )

    class Meta:
        model = TradeLog
        fields = ["log_type"]

    def with_text(self, lines: QuerySet[TradeLog], name: str, text: str) -> QuerySet[TradeLog]:
        return with_text(lines, text)


class SpreadPointFilter(django_filters.FilterSet):
    kind = ChoiceFilter(choices=SpreadKind.choices)
    recorded_after = InstantFilter(field_name="recorded_at", lookup_expr="gte")
    recorded_before = InstantFilter(field_name="recorded_at", lookup_expr="lt")

    class Meta:
        model = SpreadHistory
        fields = ["kind"]
