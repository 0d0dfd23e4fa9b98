"""Pages of every list in the API."""

import hashlib
from typing import Any, Final

from django.core.exceptions import EmptyResultSet, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from exchanges import shared

LONG: Final = 10_000
COUNT_KEPT_S: Final = 15


class LongCounted(Paginator):
    """How many there are, of more than LONG rows as they were a moment ago: counting a million of them costs more than
    a page."""

    @cached_property
    def count(self) -> int:
        if not isinstance(self.object_list, QuerySet):
            return int(super().count)
        try:
            key = _key(self.object_list)
        except EmptyResultSet:
            return 0
        known = shared.found(key)
        if known is not None:
            return int(known)
        count = int(super().count)
        if count > LONG:
            shared.keep(key, count, COUNT_KEPT_S)
        return count


def _key(rows: QuerySet[Any]) -> str:
    """The question with its values: the user is among them."""
    sql, values = rows.order_by().query.sql_with_params()
    return f"count:{hashlib.sha256(repr((sql, values)).encode()).hexdigest()[:32]}"


class Pages(PageNumberPagination):
    django_paginator_class = LongCounted
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int:
        """More than `max_page_size` means that many; what is no size at all is refused instead of ignored."""
        text = request.query_params.get("page_size", str(self.page_size))
        if not (text.isascii() and text.isdigit() and int(text[:9])):
            raise ValidationError({"page_size": [_("Enter a whole number above 0.")]})
        return min(int(text[:9]), self.max_page_size)
