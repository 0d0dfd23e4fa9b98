"""New rows of a model by an INSERT that is made once in a process, as `bots.ready_query` makes questions."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Field, Model

Row = TypeVar("Row", bound=Model)


class ReadyInsert(Generic[Row]):
    """What `bulk_create` does; of models whose values are all made here and whose key the database counts."""

    def __init__(self, model: type[Row]) -> None:
        self._model = model

    def write(self, rows: Sequence[Row]) -> list[Row]:
        """The same rows, with their keys; nothing is sent for none."""
        if not rows:
            return []
        head, places = self._sql
        values: list[Any] = [
            field.get_db_prep_save(field.pre_save(row, True), connection) for row in rows for field in self._fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(f"{head} {', '.join([places] * len(rows))} RETURNING {self._key}", values)
            keys = cursor.fetchall()
        for row, (key,) in zip(rows, keys, strict=True):
            row.pk, row._state.adding, row._state.db = key, False, connection.alias
        return list(rows)

    @cached_property
    def _fields(self) -> list["Field[Any, Any]"]:
        fields = [field for field in self._model._meta.local_concrete_fields if not field.primary_key]
        if any(field.generated or field.has_db_default() for field in fields):
            raise TypeError(f"{self._model.__name__} has values that the database makes")
        return fields

    @cached_property
    def _sql(self) -> tuple[str, str]:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(field.column)) for field in self._fields)
        places = ", ".join(["%s"] * len(self._fields))
        return f"INSERT INTO {quote(self._model._meta.db_table)} ({columns}) VALUES", f"({places})"

    @cached_property
    def _key(self) -> str:
        key = self._model._meta.pk
        assert key is not None
        return connection.ops.quote_name(str(key.column))
