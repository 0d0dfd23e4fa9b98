"""Every fault at every step of opening, adding and closing: a seeded part here, all of it by `benchmarks.fault_matrix`.

`MATRIX_LIVES=all` runs everything, `MATRIX_RESULTS` names a file for the cases (a JSON object a line; what it holds
already is not run again) and `MATRIX_SECONDS` bounds the time of each venue.
"""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from trading.tests.matrix.lives import Case, Life, all_lives, iterate
from trading.tests.matrix.worlds import PAPER, WORLDS

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

SEED = int(os.environ.get("MATRIX_SEED", "11"))
LIVES = os.environ.get("MATRIX_LIVES", "")
RESULTS = os.environ.get("MATRIX_RESULTS", "")
FAULTS = [name for name in os.environ.get("MATRIX_FAULTS", "").split(";") if name]
"""Names of those to run, separated by semicolons: all cases of them."""
SECONDS = float(os.environ.get("MATRIX_SECONDS", "600"))
A_FEW = {PAPER: 6}
A_FEW_ELSEWHERE = 3


def chosen(name: str) -> list[Life]:
    lives = [life for life in all_lives() if life.world == name]
    random.Random(f"{SEED} {name}").shuffle(lives)
    if FAULTS:
        return [life for life in lives if life.fault.name in FAULTS]
    if LIVES != "all":
        return lives[: A_FEW.get(name, A_FEW_ELSEWHERE)]
    known = {(case["world"], case["fault"], case["step"]) for case in before()}
    return [life for life in lives if (life.world, life.fault.name, life.step) not in known]


def before() -> list[dict[str, Any]]:
    """Cases that an earlier run has kept."""
    if not RESULTS or not Path(RESULTS).exists():
        return []
    return [json.loads(line) for line in Path(RESULTS).read_text().splitlines()]


def kept(cases: list[Case]) -> None:
    if RESULTS:
        with Path(RESULTS).open("a") as file:
            file.writelines(json.dumps(case.row()) + "\n" for case in cases)


@pytest.mark.parametrize("name", WORLDS)
def test_invariants_hold_after_every_case(name: str) -> None:
    failed = []
    for cases in iterate(chosen(name), until=time.monotonic() + SECONDS):
        kept(cases)
        failed += [f"{c.fault}, {c.step}, {c.action}: {c.error}" for c in cases if c.error]
    assert not failed, "\n".join(failed)
