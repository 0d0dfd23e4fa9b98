"""Scores over two parameters, cell by cell. Long ranges are cut into stretches, so that a cell stays to be seen."""

from collections.abc import Mapping
from statistics import median
from typing import Any, Final

from trading.searches.space import Dimension, Value

CELLS_MOST: Final = 30
"""Along one side."""
STRETCHES: Final = 20


class HeatMap:
    """Sets are added in the order of their numbers; of equal scores the first one gives its number to the cell."""

    def __init__(self, x: Dimension, y: Dimension) -> None:
        self._x, self._y = x, y
        self._cells: dict[tuple[int, int], list[tuple[float, int]]] = {}
        self._sets: dict[tuple[int, int], int] = {}

    def add(self, number: int, values: Mapping[str, Value], score: float | None) -> None:
        cell = _step(self._x, values[self._x.name]), _step(self._y, values[self._y.name])
        self._sets[cell] = self._sets.get(cell, 0) + 1
        if score is not None:
            self._cells.setdefault(cell, []).append((score, -number))

    def as_json(self, statistic: str) -> dict[str, Any]:
        return {
            "x": self._x.name,
            "y": self._y.name,
            "xs": _labels(self._x),
            "ys": _labels(self._y),
            "cells": [[x, y, *self._cell((x, y), statistic)] for x, y in sorted(self._sets)],
        }

    def _cell(self, cell: tuple[int, int], statistic: str) -> tuple[float | None, int, int | None]:
        """Score, how many sets, and the number of the best one."""
        scores = self._cells.get(cell)
        if not scores:
            return None, self._sets[cell], None
        top, number = max(scores)
        value = top if statistic == "max" else median(score for score, _number in scores)
        return value, self._sets[cell], -number


def _is_cut(dimension: Dimension) -> bool:
    return dimension.count > CELLS_MOST and dimension.is_ordered


def _step(dimension: Dimension, value: Value) -> int:
    place = dimension.place(value)
    return place * STRETCHES // dimension.count if _is_cut(dimension) else place


def _labels(dimension: Dimension) -> list[Any]:
    """The values themselves, or the value in the middle of each stretch."""
    if not _is_cut(dimension):
        return [dimension.value(place) for place in range(dimension.count)]
    middles = [(2 * step + 1) * dimension.count // (2 * STRETCHES) for step in range(STRETCHES)]
    return [float(f"{dimension.value(place):.4g}") for place in middles]
