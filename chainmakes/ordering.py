"""Order of every list in the API."""

from collections.abc import Sequence

from django.db.models import QuerySet
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.views import APIView


class StableOrdering(OrderingFilter):
    """Rows that are equal in the wished order follow by id, so that no row is on two pages or on none."""

    def get_ordering(self, request: Request, queryset: QuerySet, view: APIView) -> Sequence[str] | None:
        wished = super().get_ordering(request, queryset, view)
        return wished if not wished or {"id", "-id"} & set(wished) else [*wished, "-id"]
