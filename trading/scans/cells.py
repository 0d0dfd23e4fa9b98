"""A scan's pairs in cells: which are open, and taking one so that nobody else measures it too."""

from collections.abc import Iterator
from typing import Final

from django.db import connection
from django.db.models import Count, F

from trading.models import PairScan, ScannedPair

CELL: Final = 64
"""Pairs: about a tenth of a second of work for a year of hours."""
WHOLE: Final = -1
"""In place of a cell's number: what comes once all pairs are there."""


def open_cells(scan: PairScan) -> Iterator[int]:
    """That are not complete, the lowest first."""
    rows = ScannedPair.objects.filter(scan=scan).order_by()
    found = dict(rows.values_list(F("number") / CELL).annotate(Count("pk")))
    for cell in range(-(-scan.total // CELL)):
        if found.get(cell, 0) < len(numbers_of(scan, cell)):
            yield cell


def numbers_of(scan: PairScan, cell: int) -> range:
    return range(cell * CELL, min((cell + 1) * CELL, scan.total))


def missing(scan: PairScan, cell: int) -> list[int]:
    numbers = numbers_of(scan, cell)
    rows = ScannedPair.objects.filter(scan=scan, number__gte=numbers.start, number__lt=numbers.stop)
    there = set(rows.values_list("number", flat=True))
    return [number for number in numbers if number not in there]


def cell_take(scan_id: int, cell: int) -> bool:
    """Whether the cell is this transaction's until it ends, in whatever way: a killed worker keeps nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"scan {scan_id} cell {cell}"])
        return bool(cursor.fetchone()[0])
