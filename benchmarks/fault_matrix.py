"""Every fault at every step of opening, adding and closing, at the paper venue and at the three wire-format servers.

`python -m benchmarks.fault_matrix [--seconds 900] [--results FILE] [--only-page]`, with the development database in the
environment: runs what `trading/tests/matrix` holds in full and writes docs/fault-matrix.md. With a file of results it
goes on where the run that wrote them ended.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "fault-matrix.md"
TEST = "trading/tests/matrix/test_fault_matrix.py"
STEPS = ("before send", "after send", "after the answer", "before commit", "after commit")
ACTIONS = ("open", "add", "close")
Row = dict[str, Any]

INTRODUCTION = """# Fault matrix

Each case is one bot with two legs that opens, adds or closes while one fault strikes at one step: *before send* (the
orders are marked as sent, nothing has left), *after send* (the venue has an order, its answer is not read), *after the
answer* (read, not written), *before commit* (the trade is booked in a transaction that is not committed), *after
commit*. The bot is then looked at as its ticks would until nothing is under way, and invariants 1 to 10 are checked by
one function, `invariants_hold`. Time-outs and lease times are settings: seconds in production, hundredths of a second
here.

The columns of the steps count the cases of opening · adding · closing that passed (and say of how many where some did
not; –: none was run). A case in which the bot never came to the step (an entry that was given up) is not counted.
*Naked* is how long one leg was filled and the other was not, in ms of these short times, over the cases in which one
was, by the venue's times of its fills (a venue's clock that jumps an hour between the legs shows as an hour). Written
by `python -m benchmarks.fault_matrix`; the test suite runs a seeded part of it.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=900, help="at most so long for each venue")
    parser.add_argument("--results", type=Path, help="cases, one a line; those that it holds are not run again")
    parser.add_argument("--only-page", action="store_true", help="write the page from the results, run nothing")
    options = parser.parse_args()
    results = options.results or Path(tempfile.mkdtemp()) / "cases.jsonl"
    status = 0 if options.only_page else run_cases(results, options.seconds)
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    text = page(rows, lives_in_all())
    PAGE.write_text(text)
    print(text)
    return status


def run_cases(results: Path, seconds: float) -> int:
    environment = os.environ | {
        "MATRIX_LIVES": "all",
        "MATRIX_RESULTS": str(results),
        "MATRIX_SECONDS": str(seconds),
    }
    command = [sys.executable, "-m", "pytest", TEST, "-q", "-n", "0", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def lives_in_all() -> int:
    """Asked of a process that has loaded Django's apps."""
    code = "import django; django.setup(); from trading.tests.matrix.lives import all_lives; print(len(all_lives()))"
    return int(subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True).stdout)


def page(rows: Sequence[Row], whole: int) -> str:
    struck = [row for row in rows if row["struck"] or row["error"]]
    failed = [row for row in struck if row["error"]]
    worlds = sorted({row["world"] for row in rows})
    took = sum(row["took_ms"] for row in rows) / 1000
    lines = [
        INTRODUCTION,
        f"Run of {datetime.now(UTC):%Y-%m-%d}: {len(struck):,} cases in {took:.0f} s"
        f" ({', '.join(f'{name} {_count(struck, name):,}' for name in worlds)}),"
        f" {len(struck) - len(failed):,} passed, {len(failed)} failed. Run so far: {len(_lives(rows)):,} of"
        f" {whole:,} bots' lives of up to three cases; `--results` goes on where a run ended.",
        "",
    ]
    for title, wanted in (("Paper venue", _is_paper), ("Wire-format servers: OKX, Binance, Bybit", _is_wire)):
        lines += [f"## {title}", "", *_table([row for row in struck if wanted(row)]), ""]
    if failed:
        lines += ["## Failed", "", *(f"- {_name(row)}: {row['error']}" for row in failed), ""]
    return "\n".join(lines)


def _lives(rows: Iterable[Row]) -> set[tuple[str, str, str]]:
    return {(row["world"], row["fault"], row["step"]) for row in rows}


def _table(rows: Sequence[Row]) -> list[str]:
    head = ["fault", *STEPS, "naked cases", "p50", "p95", "max"]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    for fault in dict.fromkeys(sorted(row["fault"] for row in rows)):
        of_fault = [row for row in rows if row["fault"] == fault]
        lines.append(f"| {' | '.join([fault, *(_passed(of_fault, step) for step in STEPS), *_naked(of_fault)])} |")
    lines.append(f"| **all** | {' | '.join([*(_passed(rows, step) for step in STEPS), *_naked(rows)])} |")
    return lines


def _passed(rows: Iterable[Row], step: str) -> str:
    """Of opening, adding and closing."""
    found = [[row for row in rows if row["step"] == step and row["action"] == action] for action in ACTIONS]
    return " · ".join(map(_share, found)) if any(found) else "–"


def _share(rows: Sequence[Row]) -> str:
    passed = sum(not row["error"] for row in rows)
    return f"{passed}" if passed == len(rows) else f"**{passed} of {len(rows)}**"


def _naked(rows: Iterable[Row]) -> list[str]:
    times = sorted(row["naked_ms"] for row in rows if row["naked_ms"])
    if not times:
        return ["0", "–", "–", "–"]
    return [f"{len(times)}", *(f"{_quantile(times, share)}" for share in (0.5, 0.95)), f"{times[-1]}"]


def _quantile(times: Sequence[int], share: float) -> int:
    return times[min(len(times) - 1, int(share * len(times)))]


def _count(rows: Iterable[Row], name: str) -> int:
    return sum(row["world"] == name for row in rows)


def _name(row: Row) -> str:
    return f"{row['world']}, {row['fault']}, {row['step']}, {row['action']}"


_is_paper: Callable[[Row], bool] = lambda row: row["world"] == "paper"  # noqa: E731
_is_wire: Callable[[Row], bool] = lambda row: row["world"] != "paper"  # noqa: E731


if __name__ == "__main__":
    sys.exit(main())
