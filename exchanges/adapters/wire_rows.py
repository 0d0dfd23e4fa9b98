"""Reading a venue's rows: what is missing or of another form than documented is an unreadable answer, never a guess."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

from exchanges.adapters.market_dialect import rows_of
from exchanges.errors import Unavailable

Row = Mapping[str, Any]


def table(payload: object, *path: str) -> list[Row]:
    """The list of objects at the end of the path. Raises Unavailable."""
    rows = rows_of(payload, *path)
    if not all(isinstance(row, dict) for row in rows):
        raise Unavailable("the answer has another form than documented", code="unreadable")
    return list(rows)  # type: ignore[arg-type]


@contextmanager
def as_documented() -> Iterator[None]:
    """Around the reading of fields. Raises Unavailable for what is missing or is no number."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, InvalidOperation):
        raise Unavailable("the answer has another form than documented", code="unreadable") from None


def number(text: Any) -> Decimal:
    """Of a text, where an empty one means zero."""
    return Decimal(str(text)) if text not in (None, "") else Decimal(0)
