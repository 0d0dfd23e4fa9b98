"""What is left of a run whose strategy tells how far it has come."""

import gc
import tracemalloc
import weakref
from typing import Any

import pytest

from trading.backtests.parameters import Parameters, parse_parameters
from trading.backtests.setup import REPORT_EVERY, setup_of
from trading.core.backtest import SPREAD
from trading.core.candles import Tape
from trading.core.simulation import simulator
from trading.strategy_checks import generated_tape

SLOW = """
from trading.core.types import NONE, FLAT, Decision
from trading.strategies.base import Strategy


class Waiting(Strategy):
    name = "waiting"
    title = "Waits"

    @staticmethod
    def decide(params, config, state, quote, features):
        return Decision(NONE, FLAT, 0.0)
"""
RUNS = 200


class Page:
    """Somebody who is told, with as much as a page keeps."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.ballast = bytearray(10_000)

    def progress(self, done: int, total: int) -> None:
        self.told.append((done, total))


@pytest.fixture
def parameters(settings: Any, tmp_path: Any) -> Parameters:
    settings.STRATEGY_DIR = tmp_path
    (tmp_path / "waiting.py").write_text(SLOW)
    return parse_parameters({"investment_per_order": 100, "max_position_value": 1000}, "waiting")


@pytest.fixture
def tape() -> Tape:
    return generated_tape(2 * REPORT_EVERY)


def test_a_slow_strategy_tells_how_far_it_has_come(parameters: Parameters, tape: Tape) -> None:
    page = Page()
    setup_of(parameters, tape).run(page.progress)
    bars = len(tape)
    assert page.told == [(0, bars), (REPORT_EVERY, bars), (bars, bars)]


def test_nothing_of_a_run_stays_in_memory(parameters: Parameters, tape: Tape) -> None:
    def once() -> weakref.ref[Page]:
        page = Page()
        setup_of(parameters, tape).run(page.progress)
        return weakref.ref(page)

    spread = simulator(SPREAD.decide)
    once()
    gc.collect()
    tracemalloc.start()
    try:
        pages = [once() for _ in range(RUNS)]
        gc.collect()
        left, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not [page for page in pages if page() is not None]
    assert left < 100_000
    assert simulator(SPREAD.decide) is spread  # loops of other strategies are not crowded out
