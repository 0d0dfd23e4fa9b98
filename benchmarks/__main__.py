"""`python -m benchmarks` runs every benchmark and writes docs/benchmarks.md; with names it runs only those.

A benchmark is a module of this package with a function `run` that returns its tables.
"""

import importlib
import os
import pkgutil
import platform
import sys
from pathlib import Path

import numba
import numpy as np

import benchmarks
from benchmarks.report import Table

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

INTRODUCTION = """\
# Benchmarks

Written by `python -m benchmarks`. Machines are shared and noisy: read the ratios, which come from one run, not the
seconds. {machine}

"""


def main(names: list[str]) -> None:
    tables: list[Table] = []
    for name in names or _all_names():
        for table in importlib.import_module(f"benchmarks.{name}").run():
            print(table.text(), end="\n\n", flush=True)
            tables.append(table)
    if not names:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(INTRODUCTION.format(machine=_machine()) + "\n".join(table.markdown() for table in tables))


def _all_names() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    return [name for name in names if hasattr(importlib.import_module(f"benchmarks.{name}"), "run")]


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), Python {platform.python_version()}, "
        f"NumPy {np.__version__}, Numba {numba.__version__}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
