"""docs/strategies/*.md: one page for each built-in strategy, its table as the code has it, its example really run.

The examples are run in plain Python, which decides the same to the last bit: a compiled run of each would wait some ten
seconds for its compiler. One of them is run both ways.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from bots.strategies.registry import BUILT_IN, strategy_of
from trading.tests.backtest_files import backtest

PAGES = settings.BASE_DIR / "docs" / "strategies"
DATA = settings.BASE_DIR.parent / "shared" / "data"
NAMES = [strategy.name for strategy in BUILT_IN if strategy.name != "spread"]


def page(name: str) -> str:
    return str((PAGES / f"{name}.md").read_text())


def test_every_strategy_has_its_page() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_parameters_are_those_of_the_code(name: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?([^|`]+?)`? \|", page(name), flags=re.MULTILINE)
    schema = strategy_of(name).schema["properties"]
    assert {parameter: default for parameter, default in rows} == {
        parameter: str(about["default"]) for parameter, about in schema.items()
    }


PLAIN = """
from trading.core.compiled import plain
from {module} import {strategy}


class Plain({strategy}):
    name = "plain_{name}"
    decide = staticmethod(plain({strategy}.decide))
"""


@pytest.fixture
def plainly(tmp_path: Path, settings: Any) -> Any:
    """Names a strategy that is the built-in one but for the compiler."""
    settings.STRATEGY_DIR = tmp_path / "strategies"
    settings.STRATEGY_DIR.mkdir()

    def named(name: str) -> str:
        built_in = strategy_of(name).strategy
        source = PLAIN.format(module=built_in.__module__, strategy=built_in.__name__, name=name)
        (settings.STRATEGY_DIR / f"plain_{name}.py").write_text(source)
        return f"plain_{name}"

    return named


@pytest.mark.parametrize("name", NAMES)
def test_its_figures_are_what_the_example_gives(name: str, plainly: Any, tmp_path: Path) -> None:
    check_figures(name, plainly(name), tmp_path)


def test_they_are_the_same_compiled(tmp_path: Path) -> None:
    check_figures("dca", "dca", tmp_path)


def check_figures(name: str, strategy: str, folder: Path) -> None:
    """`strategy`: what is run with the example of the page of `name`."""
    text = page(name)
    files: dict[str, Any] = {}
    for option, file in re.findall(r"--((?:data|funding)\d) (\S+)", text):
        if not (DATA / file).exists():
            pytest.skip(f"the recorded market data are not beside the repository: {file}")
        files[option] = str(DATA / file)
    parameters = json.loads(text.split("```json\n")[1].split("```")[0])
    found = backtest(folder, parameters, strategy=strategy, **files)
    told = re.findall(r"^\| ([\d,]+) \| (\d+) \| (\d+) \| (\S+) \| (\S+) \| (\S+) \|$", text, flags=re.MULTILINE)
    assert told == [
        (
            f"{found['bars']:,}",
            str(len(found["cycles"])),
            str(found["stats"]["wins"]),
            f"{found['realised']:+.2f}",
            f"{found['final_equity']:+.2f}",
            f"{found['max_drawdown']:.2f}",
        )
    ]
