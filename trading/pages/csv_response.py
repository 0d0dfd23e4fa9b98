"""A long table as a CSV file that is sent while it is read: it takes the memory of one part, however long it is."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

ROWS_A_PART: Final = 500

Row = Sequence[str]


class SentWhileRead(StreamingHttpResponse):
    """Each part is read when the last one has gone: Django itself reads all of a plain iterator first."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = iter(self)
        while (part := await sync_to_async(_next)(parts)) is not None:
            yield part


def csv_response(name: str, columns: Row, rows: Iterable[Row]) -> SentWhileRead:
    """UTF-8 with a byte order mark, which spreadsheets need to read names in Chinese. The rows are read when the
    reader's language and time zone no longer hold: `columns` are words already."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return SentWhileRead(_parts(columns, iter(rows)), content_type="text/csv; charset=utf-8", headers=headers)


def _next(parts: Iterator[bytes]) -> bytes | None:
    """A StopIteration would not come through a thread."""
    return next(parts, None)


def _parts(columns: Row, rows: Iterator[Row]) -> Iterator[str]:
    yield "\ufeff" + _written([columns])
    while part := list(islice(rows, ROWS_A_PART)):
        yield _written(part)


def _written(rows: Sequence[Row]) -> str:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue()
