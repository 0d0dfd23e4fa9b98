"""A search in files: parameters, spaces and earlier results as JSON, ranges as they are typed, results to read."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from trading.backtests.errors import BacktestRefused
from trading.searches.evaluation import Outcome
from trading.searches.plan import Plan

ASKED: Final = (
    "strategy",
    "parameters",
    "method",
    "sets",
    "seed",
    "objective",
    "folds",
    "out_of_sample_pct",
    "min_cycles",
)


def read_object(path: Path) -> dict[str, Any]:
    """Raises BacktestRefused."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BacktestRefused([f"{path}: there is no such file"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BacktestRefused([f"{path}: cannot be read: {error}"]) from error
    except (ValueError, RecursionError) as error:
        raise BacktestRefused([f"{path}: is not JSON that can be used: {error}"]) from error
    if not isinstance(found, dict):
        raise BacktestRefused([f"{path}: must hold one JSON object"])
    return found


def typed_range(text: str) -> tuple[str, dict[str, Any]]:
    """`name=low:high`, `name=low:high:step` or `name=a,b,c` as name and range. Raises BacktestRefused."""
    name, found, about = text.partition("=")
    name = name.strip()
    if not found or not name or not about.strip():
        raise BacktestRefused([f"--vary {text}: must be name=low:high, name=low:high:step or name=a,b,c"])
    parts = [_scalar(part.strip()) for part in about.split(":")]
    if len(parts) == 1:
        return name, {"values": [_scalar(part.strip()) for part in about.split(",")]}
    if len(parts) > 3:
        raise BacktestRefused([f"--vary {text}: must be name=low:high, name=low:high:step or name=a,b,c"])
    return name, dict(zip(("low", "high", "step"), parts, strict=False))


def result_of(
    plan: Plan, space: Mapping[str, Any], outcomes: Iterable[Outcome], summary: Mapping[str, Any]
) -> dict[str, Any]:
    """JSON-ready; `done` of `sets` are there. `summary` is empty for a search that was stopped."""
    trials = [asdict(found) | {"values": dict(found.values)} for found in outcomes]
    asked = {name: getattr(plan, name) for name in ASKED} | {"space": dict(space)}
    return {**asked, "parameters": dict(plan.parameters), "done": len(trials), **summary, "trials": trials}


def known_of(path: Path, plan: Plan, space: Mapping[str, Any], data: Mapping[str, Any]) -> list[Outcome]:
    """The sets of a result that this search goes on with. Raises BacktestRefused for one of another search."""
    found = read_object(path)
    asked = {name: getattr(plan, name) for name in ASKED} | {"space": dict(space), **data}
    other = [name for name, value in json.loads(json.dumps(asked)).items() if found.get(name) != value]
    if other:
        raise BacktestRefused([f"{path}: is the result of another search, with different {', '.join(other)}"])
    try:
        return [Outcome(**row) for row in found["trials"]]
    except (KeyError, TypeError):
        raise BacktestRefused([f"{path}: has no sets to go on with"]) from None


def _scalar(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, bool | int | float) else text
