"""Queries that every look puts: made into SQL once in a process, since building them costs more than their answer."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=Model)

STAND_IN = 2_071_935_260
"""The first of the numbers that stand for the values while the SQL is made: too odd to be anybody's own."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """`order`: at each place of the SQL the number of the value that goes there."""

    sql: str
    order: tuple[int, ...]
    converters: Iterable[Any]
    names: Sequence[str]
    columns: slice
    related: Sequence[Any]
    annotations: Sequence[tuple[str, int]]


class ReadyQuery(Generic[Row]):
    """`build` makes the query of so many whole numbers (ids); everything else in it is the same every time.

    None among the values matches nothing; where the query says `__in=[number]` a list of them is given. Relations of
    `select_related` and annotations are filled in.
    """

    def __init__(self, build: Callable[..., QuerySet[Row, Any]], values: int) -> None:
        self._build = build
        self._values = values

    def rows(self, *values: int | Sequence[int] | None) -> list[Any]:
        ready = self._ready
        with connection.cursor() as cursor:
            given: list[Any] = [values[place] for place in ready.order]
            cursor.execute(ready.sql, given)
            found = cursor.fetchall()
        return [self._made(ready, list(row)) for row in found]

    def _made(self, ready: _Ready, row: list[Any]) -> Any:
        for place, (converters, expression) in ready.converters:
            for convert in converters:
                row[place] = convert(row[place], expression, connection)
        made: Any = self._model.from_db(connection.alias, ready.names, row[ready.columns])
        for related in ready.related:
            related.populate(row, made)
        for name, place in ready.annotations:
            setattr(made, name, row[place])
        return made

    @cached_property
    def _model(self) -> type[Row]:
        return self._query.model

    @cached_property
    def _query(self) -> QuerySet[Row, Any]:
        return self._build(*range(STAND_IN, STAND_IN + self._values))

    @cached_property
    def _ready(self) -> _Ready:
        compiler = self._query.query.get_compiler(connection.alias)
        sql, params = compiler.as_sql()
        whole = connection.ops.compose_sql(sql, params)  # type: ignore[attr-defined]
        text, order = _with_places(whole, self._values)
        info, select = compiler.klass_info, compiler.select
        fields = info["select_fields"]
        columns = slice(fields[0], fields[-1] + 1)
        return _Ready(
            text,
            order,
            tuple(compiler.get_converters([column for column, _sql, _alias in select]).items()),
            [column.target.attname for column, _sql, _alias in select[columns]],
            columns,
            get_related_populators(info, select, connection.alias),  # type: ignore[call-arg]
            tuple((compiler.annotation_col_map or {}).items()),
        )


def _with_places(sql: str, values: int) -> tuple[str, tuple[int, ...]]:
    """The SQL with a place for each stand-in, and which value goes there."""
    if not values:
        return sql.replace("%", "%%"), ()
    numbers = {str(STAND_IN + number): number for number in range(values)}
    any_of = "|".join(numbers)
    lists = re.sub(rf"IN \(({any_of})\)", r"= ANY(\1)", sql.replace("%", "%%"))
    pieces = re.split(f"({any_of})", lists)
    return "%s".join(pieces[::2]), tuple(numbers[name] for name in pieces[1::2])
