"""A bot has only the bars that warm its strategy up; what it says of a bar must be what a back-test over all says."""

from typing import Any

import numpy as np
import pytest

from bots.strategies.registry import BUILT_IN
from trading.core.candles import Tape
from trading.strategies import Floats
from trading.strategies.base import Strategy, bind
from trading.strategies.beginning import drifts
from trading.strategies.indicators import exponential_average
from trading.strategies.template import Template
from trading.strategy_checks import generated_tape


class FromTheFirstPrice(Template):
    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        return (tape.closes1 / tape.opens1[0] - tape.closes2 / tape.opens2[0]).reshape(-1, 1)


class RemembersLonger(Template):
    """Than it says."""

    @staticmethod
    def prepare(params: Any, tape: Tape) -> Floats:
        return exponential_average(tape.closes1, params.window).reshape(-1, 1)


@pytest.mark.parametrize("strategy", [*BUILT_IN, Template], ids=lambda it: it.name)
def test_ours_do_not_mind(strategy: Any) -> None:
    bound = bind(strategy)
    assert drifts(bound, generated_tape(bound.warmup + 1_500, markets=strategy.markets)) == []


@pytest.mark.parametrize("params", [{"method": "Kalman", "window": 40}, {"average": "exponential"}])
def test_with_a_long_memory_neither(params: dict[str, Any]) -> None:
    strategy = next(it for it in BUILT_IN if set(params) <= set(it.Parameters._fields))  # type: ignore[attr-defined]
    bound = bind(strategy, params)
    assert drifts(bound, generated_tape(bound.warmup + 1_500, markets=strategy.markets)) == []


@pytest.mark.parametrize("strategy", [FromTheFirstPrice, RemembersLonger])
def test_one_that_does_is_named_with_its_first_bar(strategy: type[Strategy]) -> None:
    tape = generated_tape(400)
    (found,) = drifts(bind(strategy, {"window": 50}), tape)
    assert (found.feature, found.bar, found.time) == ("z_score", 225, tape.times[225])
    assert found.short != found.whole
    assert "from the 50 bars of its warm-up" in str(found)


def test_too_few_bars_say_nothing() -> None:
    assert drifts(bind(FromTheFirstPrice, {"window": 50}), generated_tape(50)) == []
    assert np.isfinite(drifts(bind(FromTheFirstPrice, {"window": 2}), generated_tape(6))[0].bar)
