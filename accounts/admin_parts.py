"""What the back office's lists are made of: rows to look at, figures and times in one spelling."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import display_for_field
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import BooleanField, DateTimeField, DecimalField, Field, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from accounts.admin_words import COLUMNS

MINUS = "\u2212"
NOTHING = "–"
EXACT_UP_TO = 10_000

Column = Callable[[Any], str | SafeString]
Words = Mapping[Any, Any]
"""What codes of the database are called."""


class CountedOnce(Paginator):
    """Rows of a table that only grows are estimated by the planner while nothing narrows them, and counted up to a
    limit otherwise: counting a million costs more than showing a page of them."""

    @cached_property
    def count(self) -> int:
        query = cast(QuerySet[Any], self.object_list).query
        if query.where or query.distinct:
            return cast(QuerySet[Any], self.object_list).order_by()[:EXACT_UP_TO].count()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [query.get_meta().db_table]
            )
            estimate = int(cursor.fetchone()[0])
        return estimate if estimate > EXACT_UP_TO else int(super().count)


class LookOnly(ModelAdmin):
    """Rows that nobody writes here."""

    list_per_page = 30
    show_full_result_count = False
    paginator = CountedOnce
    words: Mapping[str, Words] = {}
    """Of columns whose codes the model does not name itself."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """Every column, figures and times as the lists write them."""
        return list(_written(self.model._meta.concrete_fields, set(self.exclude or ()), self.words))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return self.get_fields(request, obj)


def figure(name: str, title: Any, *, places: int | None = None, signed: bool = False) -> Column:
    """A column of amounts: grouped, without idle zeros or with `places`; `signed` for P&L."""

    @admin.display(description=title, ordering=name)
    def column(row: Any) -> SafeString:
        value = getattr(row, name)
        return format_html('<span class="figure">{}</span>', amount_text(value, places=places, signed=signed))

    return column


def moment(name: str, title: Any) -> Column:
    """A column of times in the zone of who looks."""

    @admin.display(description=title, ordering=name)
    def column(row: Any) -> SafeString:
        return format_html('<span class="figure">{}</span>', moment_text(getattr(row, name)))

    return column


def text(name: str, title: Any, words: Words | None = None) -> Column:
    """A column as it stands, under a title of its own."""

    @admin.display(description=title, ordering=name)
    def column(row: Any) -> str:
        found = getattr(row, f"get_{name}_display", None)
        value = getattr(row, name) if words or found is None else found()
        return NOTHING if value in (None, "") else str(words.get(value, value) if words else value)

    return column


def chosen_by(name: str, title: Any, words: Words) -> type[admin.SimpleListFilter]:
    """A filter with these codes. One that looks for them in the table reads all of it."""

    class Chosen(admin.SimpleListFilter):
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return list(words.items())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{name: self.value()}) if self.value() in words else queryset

    Chosen.title = title
    return Chosen


def amount_text(value: Decimal | float | None, *, places: int | None = None, signed: bool = False) -> str:
    if value is None:
        return NOTHING
    written = f"{abs(value):,.{12 if places is None else places}f}"
    if places is None:
        written = written.rstrip("0").rstrip(".")
    if not any(digit in written for digit in "123456789"):
        return NOTHING if signed else written
    return (MINUS if value < 0 else "+" if signed else "") + written


def moment_text(value: datetime | None) -> str:
    return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}" if value else NOTHING


def _written(fields: Iterable[Field], hidden: set[str], words: Mapping[str, Words]) -> Iterable[str | Column]:
    for field in fields:
        if field.name in hidden:
            continue
        title = COLUMNS.get(field.name) or str(field.verbose_name).capitalize()
        if field.name in words:
            yield text(field.name, title, words[field.name])
        elif isinstance(field, DecimalField):
            yield figure(field.name, title)
        elif isinstance(field, DateTimeField):
            yield moment(field.name, title)
        elif field.name in COLUMNS:
            yield _as_it_is(field, title)
        else:
            yield field.name


def _as_it_is(field: Field, title: Any) -> Column:
    """As the library would write it, under our title."""
    is_flag = isinstance(field, BooleanField)

    @admin.display(description=title, boolean=is_flag)
    def column(row: Any) -> Any:
        value = getattr(row, field.name)
        return value if is_flag else display_for_field(value, field, NOTHING)

    return column
