"""How the list of downloads can be narrowed."""

import django_filters

from exchanges.history.download_data import EXCHANGES
from exchanges.models import CandleDownload, JobStatus, shelf_name

VENUES = [(name, shelf_name(name)) for name in EXCHANGES]


class DownloadFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=JobStatus.choices)
    exchange = django_filters.ChoiceFilter(choices=VENUES)
    symbol = django_filters.CharFilter(lookup_expr="istartswith")
    kind = django_filters.ChoiceFilter(choices=CandleDownload.Kind.choices)

    class Meta:
        model = CandleDownload
        fields = ["status", "exchange", "symbol", "kind"]
