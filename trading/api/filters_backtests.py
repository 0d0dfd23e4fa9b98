"""How the list of back-tests can be narrowed."""

import django_filters
from django.db.models import Q, QuerySet

from exchanges.api.filters_data import VENUES
from exchanges.models import JobStatus
from trading.api.filters import CreatedFilter
from trading.models import Backtest


class BacktestFilter(CreatedFilter):
    kind = django_filters.ChoiceFilter(choices=Backtest.Kind.choices)
    status = django_filters.ChoiceFilter(choices=JobStatus.choices)
    exchange = django_filters.ChoiceFilter(choices=VENUES)
    bot = django_filters.NumberFilter(field_name="bot_id")
    symbol = django_filters.CharFilter(method="with_symbol", help_text="In either market.")

    class Meta:
        model = Backtest
        fields = ["kind", "status", "strategy", "exchange", "timeframe"]

    def with_symbol(self, backtests: QuerySet[Backtest], name: str, text: str) -> QuerySet[Backtest]:
        return backtests.filter(Q(market1_symbol__istartswith=text) | Q(market2_symbol__istartswith=text))
