"""How lists of scans and of their pairs can be narrowed and ordered."""

from typing import Any, Final

import django_filters
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from exchanges.api.filters_data import VENUES
from exchanges.models import JobStatus
from trading.api.filters import CreatedFilter
from trading.models import PairScan, ScannedPair
from trading.scans.selectors import BEST_FIRST

ORDERED: Final = (
    "score",
    "score_in",
    "score_out",
    "correlation",
    "p_value",
    "q_value",
    "johansen_p",
    "johansen_q",
    "oos_p_value",
    "hedge_ratio",
    "half_life_bars",
    "hurst",
    "spread_deviation_pct",
    "spread_volatility_pct",
    "carry_long_pct",
    "slippage_pct",
    "z_score",
    "common_since",
    "number",
)
ORDERINGS: Final = ("best", *(f"{sign}{name}" for name in ORDERED for sign in ("", "-")))


class ScanFilter(CreatedFilter):
    status = django_filters.ChoiceFilter(choices=JobStatus.choices)
    exchange = django_filters.ChoiceFilter(choices=VENUES)

    class Meta:
        model = PairScan
        fields = ["status", "exchange", "timeframe"]


class ScannedPairFilter(django_filters.FilterSet):
    verdict = django_filters.ChoiceFilter(choices=ScannedPair.Verdict.choices)
    symbol = django_filters.CharFilter(method="with_symbol", help_text="Beginning of either market.")
    min_score = django_filters.NumberFilter(field_name="score", lookup_expr="gte")
    max_q = django_filters.NumberFilter(field_name="q_value", lookup_expr="lte")
    min_correlation = django_filters.NumberFilter(field_name="correlation", lookup_expr="gte")
    max_half_life_bars = django_filters.NumberFilter(field_name="half_life_bars", lookup_expr="lte")
    min_carry = django_filters.NumberFilter(
        method="with_carry", help_text="Percent a year that the better of both sides earns at least."
    )
    max_slippage = django_filters.NumberFilter(field_name="slippage_pct", lookup_expr="lte")

    class Meta:
        model = ScannedPair
        fields = ["verdict"]

    def with_symbol(self, pairs: QuerySet[ScannedPair], name: str, text: str) -> QuerySet[ScannedPair]:
        return pairs.filter(Q(market1__istartswith=text) | Q(market2__istartswith=text))

    def with_carry(self, pairs: QuerySet[ScannedPair], name: str, least: Any) -> QuerySet[ScannedPair]:
        return pairs.filter(Q(carry_long_pct__gte=least) | Q(carry_long_pct__lte=-least))


def ordered(pairs: QuerySet[ScannedPair], wish: str) -> QuerySet[ScannedPair]:
    """`wish` of ORDERINGS. Pairs without the figure come last, whichever way."""
    if wish == "best":
        return pairs.order_by(*BEST_FIRST)
    figure = F(wish.removeprefix("-"))
    first: OrderBy = figure.desc(nulls_last=True) if wish[0] == "-" else figure.asc(nulls_last=True)
    return pairs.order_by(first, "number")
