"""docs/strategies.md: its strategy is really checked, compiled and back-tested, with its own P.json."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from bots.strategies import registry as strategies
from bots.strategies.registry import available, strategy_of
from trading import strategies as contract
from trading.core.candles import Tape
from trading.strategy_checks import check_strategy, generated_tape
from trading.tests.backtest_files import backtest, flat_frame, written

GUIDE = (django_settings.BASE_DIR / "docs" / "strategies.md").read_text()


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture(autouse=True)
def file(tmp_path: Path, settings: Any) -> Any:
    settings.STRATEGY_DIR = tmp_path
    path = tmp_path / "my_pairs.py"
    path.write_text(block("python"))
    yield path
    strategies._files.clear()


def test_its_strategy_does_not_look_ahead() -> None:
    found = check_strategy(strategy_of("my_pairs"))
    assert (found.leaks, found.drifts, found.is_compiled) == ([], [], False)


def test_it_can_be_compiled_as_described(file: Path) -> None:
    source = block("python").replace("    def decide", "    @compiled\n    def decide")
    file.write_text(source.replace("    rolling_mean_deviation,\n", "    compiled,\n    rolling_mean_deviation,\n"))
    found = check_strategy(strategy_of("my_pairs"))
    assert (found.leaks, found.is_compiled, found.plain_because) == ([], True, "")


def test_its_back_test(tmp_path: Path) -> None:
    tape: Tape = generated_tape(3_000)
    one, two = written(tmp_path, *(flat_frame(tape.times, prices) for prices in (tape.closes1, tape.closes2)))
    found = backtest(tmp_path, json.loads(block("json")), strategy="my_pairs", data1=one, data2=two)
    assert found["strategy"] == "my_pairs"
    assert found["stats"]["cycles"] > 10
    assert {trade["action"] for trade in found["trades"]} >= {"open", "take_profit"}
    assert found["parameters"]["strategy_params"] == {"window": 480, "band": 2.0}


def test_every_name_it_imports_or_explains_is_there() -> None:
    functions = re.findall(r"^\| `(\w+)\(config", GUIDE, flags=re.MULTILINE)
    assert functions
    assert {*functions, "compiled", "Param", "Tape"} <= set(contract.__all__)


def test_the_entry_point_s_group() -> None:
    assert f'entry-points."{strategies.ENTRY_POINTS}"' in GUIDE
    assert [plugin.name for plugin in available()] == [*(it.name for it in strategies.BUILT_IN), "my_pairs"]
