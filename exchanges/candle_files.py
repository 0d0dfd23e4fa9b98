"""Reading files of candles and of funding rates, and refusing what is wrong with them by name and line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from exchanges.candles import COLUMNS, FUNDING_COLUMNS
from exchanges.timeframes import timeframe_ms
from trading.core.candles import FIRST_LINE, Candles, Floats, Ints, Problem, ProblemKind, validate

NAMED_PROBLEMS = 20

SENTENCES = {
    ProblemKind.DISORDER: "opens before the bar above it",
    ProblemKind.DUPLICATE: "repeats the bar above it",
    ProblemKind.OFF_GRID: "does not open on the timeframe's grid",
    ProblemKind.GAP: "comes after a gap",
    ProblemKind.IMPOSSIBLE: "is impossible: low, open, close and high must be above 0 and in that order",
}


class FileRefused(Exception):
    """`problems` holds one line of text for each thing that is wrong, the first NAMED_PROBLEMS of them."""

    def __init__(self, path: Path, problems: Sequence[str], count: int) -> None:
        super().__init__(f"{path.name}: {count} problems")
        self.path = path
        self.problems = tuple(problems)
        self.count = count


@dataclass(frozen=True, slots=True)
class Checked:
    """A series that may be stored, and what was let pass."""

    candles: Candles
    gaps: int
    missing_bars: int
    flat_bars: int


def read_candles(path: Path, timeframe: str, *, allow_gaps: bool = False) -> Checked:
    """CSV, CSV.gz or Parquet with `timestamp` (ms UTC), open, high, low, close, volume. Raises FileRefused."""
    frame = _frame(path, COLUMNS)
    times, *prices = (frame[name].to_numpy() for name in COLUMNS)
    candles = Candles(times, *prices)
    problems = validate(candles, timeframe_ms(timeframe))
    gaps = [problem for problem in problems if problem.kind is ProblemKind.GAP]
    refused = [p for p in problems if p.refuses and not (allow_gaps and p.kind is ProblemKind.GAP)]
    if refused:
        raise FileRefused(path, [_sentence(path, problem) for problem in refused[:NAMED_PROBLEMS]], len(refused))
    flat = sum(problem.kind is ProblemKind.OUTAGE for problem in problems)
    return Checked(candles, len(gaps), sum(problem.missing for problem in gaps), flat)


def read_funding(path: Path) -> tuple[Ints, Floats]:
    """`timestamp` (ms UTC) and `funding_rate` (fraction), in order. Raises FileRefused."""
    frame = _frame(path, FUNDING_COLUMNS)
    stamps, rates = (frame[name].to_numpy() for name in FUNDING_COLUMNS)
    late = np.flatnonzero(np.diff(stamps) <= 0) + 1
    absurd = np.flatnonzero(~(np.abs(rates) < 1))
    found = [f"{path.name}, line {FIRST_LINE + int(i)}: is not after the line above it" for i in late]
    found += [f"{path.name}, line {FIRST_LINE + int(i)}: is not a rate" for i in absurd]
    if found:
        raise FileRefused(path, found[:NAMED_PROBLEMS], len(found))
    return stamps, rates


def _frame(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    types: Any = {name: pl.Int64 if name == "timestamp" else pl.Float64 for name in columns}
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path, columns=list(columns)).cast(types)
        else:
            frame = pl.read_csv(path, columns=list(columns), schema_overrides=types)
    except FileNotFoundError:
        raise FileRefused(path, [f"{path}: there is no such file"], 1) from None
    except (pl.exceptions.PolarsError, OSError) as error:
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise FileRefused(path, [f"{path.name}: cannot be read: {text[0]}"], 1) from error
    return _complete(path, frame.select(columns))


def _complete(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    if frame.is_empty():
        raise FileRefused(path, [f"{path.name}: has no lines"], 1)
    holes = frame.with_row_index("row").filter(pl.any_horizontal(pl.exclude("row").is_null()))["row"].to_list()
    if holes:
        named = [f"{path.name}, line {FIRST_LINE + row}: a value is missing" for row in holes[:NAMED_PROBLEMS]]
        raise FileRefused(path, named, len(holes))
    return frame


def _sentence(path: Path, problem: Problem) -> str:
    text = f"{path.name}, line {problem.line}: the bar of {problem.time} {SENTENCES[problem.kind]}"
    return f"{text} of {problem.missing}" if problem.missing else text
