"""The sets of a search as rows: what is known, what is missing, and adding what was found."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection
from django.db.models import Count, F

from trading.models import Search, Trial
from trading.searches.evaluation import Outcome
from trading.searches.plan import Plan
from trading.searches.space import Value

FETCHED = 1_000
"""Rows in memory at a time, of a search of any size."""


def outcomes_of(search_id: int) -> Iterator[Outcome]:
    """In the order of their numbers."""
    rows = Trial.objects.filter(search_id=search_id).order_by("number")
    for row in rows.iterator(chunk_size=FETCHED):
        yield outcome_of(row)


def outcome_of(row: Trial) -> Outcome:
    return Outcome(row.number, row.values, row.score, row.oos_score, row.in_sample, row.out_of_sample, row.problem)


def scores_of(search_id: int) -> Iterator[tuple[int, Mapping[str, Value], float | None, float | None]]:
    """(number, values, score, out-of-sample score), in the order of their numbers."""
    rows = Trial.objects.filter(search_id=search_id).order_by("number")
    return rows.values_list("number", "values", "score", "oos_score").iterator(chunk_size=FETCHED)


def best_first(search_id: int) -> Any:
    """Sets with a score; of equal ones the one that was tried first."""
    return Trial.objects.filter(search_id=search_id, score__isnull=False).order_by("-score", "number")


def known(search_id: int, below: int) -> list[tuple[Mapping[str, Value], float | None]]:
    """Values and score of the sets with smaller numbers, as an adaptive method is told of them."""
    rows = Trial.objects.filter(search_id=search_id, number__lt=below).order_by("number")
    return list(rows.values_list("values", "score"))


def count(search_id: int) -> int:
    return Trial.objects.filter(search_id=search_id).count()


def open_cells(search_id: int, plan: Plan) -> Iterator[int]:
    """Cells that can be run now and are not complete, the lowest first."""
    rows = Trial.objects.filter(search_id=search_id).order_by()
    found = dict(rows.values_list(F("number") / plan.cell).annotate(Count("pk")))
    for cell in plan.cells_of_wave(sum(found.values())):
        if found.get(cell, 0) < len(plan.numbers(cell)):
            yield cell


def missing(search_id: int, numbers: range) -> list[int]:
    rows = Trial.objects.filter(search_id=search_id, number__gte=numbers.start, number__lt=numbers.stop)
    there = set(rows.values_list("number", flat=True))
    return [number for number in numbers if number not in there]


def cell_take(search_id: int, cell: int) -> bool:
    """Whether the cell is this transaction's to run until it ends, in whatever way: a killed worker keeps nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"search {search_id} cell {cell}"])
        return bool(cursor.fetchone()[0])


def add(search: Search, outcomes: Iterable[Outcome]) -> int:
    rows = [
        Trial(
            search=search,
            number=found.number,
            values=dict(found.values),
            score=found.score,
            oos_score=found.oos_score,
            in_sample=list(found.in_sample),
            out_of_sample=list(found.out_of_sample),
            problem=found.problem,
        )
        for found in outcomes
    ]
    return len(Trial.objects.bulk_create(rows))
