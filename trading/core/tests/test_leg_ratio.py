"""Legs of unequal value: what both sizers make of a ratio, and what the engine refuses."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from trading.core.backtest import Prepared, run_backtest
from trading.core.candles import Tape
from trading.core.fills import FILLED, Costs, Lots, Planned, execute
from trading.core.leg_ratio import notionals_of, usable, value_of_leg1
from trading.core.sizing import SizeReason, SizeRefused, level_quantities
from trading.core.tests.rules import rules
from trading.core.types import FLAT, NONE, OPEN, Config, Decision, Quote, State, config, flat_state, quote

D = Decimal
RULES = config(spreads=[1, 1], multipliers=[1, 2], investment=100, cap=1_000, start1=10, start2=4)
FREE = Costs(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(("ratio", "first", "second"), [(1.0, 100, 100), (0.6, 125, 75), (3.0, 50, 150)])
def test_both_legs_together_are_worth_twice_the_order(ratio: float, first: float, second: float) -> None:
    assert value_of_leg1(100.0, ratio) == first
    assert notionals_of(D(100), ratio) == (first, second)


def test_equal_legs_lose_nothing_to_arithmetic() -> None:
    for notional in (0.1, 33.333333333333336, 1e-9, 7e12):
        assert value_of_leg1(notional, 1.0) == notional
    assert notionals_of(D("33.333333333333333333333333333333"), 1.0) == (D("33.333333333333333333333333333333"),) * 2


@pytest.mark.parametrize("ratio", [float("nan"), float("inf"), -1.0, 0.0, 0.0999, 10.001])
def test_a_ratio_that_hedges_nothing_is_refused_by_name(ratio: float) -> None:
    assert not usable(ratio)
    with pytest.raises(SizeRefused) as refused:
        level_quantities(rules(), rules(), 1, D(100), D(10), D(4), ratio=ratio)
    assert refused.value.reason is SizeReason.HEDGE_RATIO


@pytest.mark.parametrize("ratio", [0.1, 0.37, 1.9, 10.0])
@pytest.mark.parametrize("step", ["0", "0.01"])
def test_a_back_test_orders_what_a_bot_would(ratio: float, step: str) -> None:
    """And the imbalance is measured from the ratio: unequal on purpose is not too far apart."""
    market = rules(step, minimum="0")
    level = level_quantities(market, market, 1, D(100), D(10), D(4), ratio=ratio, max_imbalance=D("0.02"))
    lots = Lots(float(step), float(step), 0.02)
    opens = Decision(OPEN, 1, 0.0)
    done = execute(
        RULES, lots, FREE, flat_state(), Planned(0.0, 0.0), opens, quote(10, 4), 10.0, 4.0, np.inf, np.inf, ratio
    )
    assert done.refusal == FILLED
    assert done.fill.q1 == pytest.approx(float(level.amount1), abs=1e-9)
    assert -done.fill.q2 == pytest.approx(float(level.amount2), abs=1e-9)
    assert float(level.notional2 / level.notional1) == pytest.approx(ratio, rel=0.02)
    assert level.imbalance(ratio) <= D("0.02")


def always(params: Any, config: Config, state: State, quote: Quote, features: Any) -> Decision:
    return Decision(OPEN, 1, 0.0) if state.side == FLAT else Decision(NONE, state.side, 0.0)


def test_the_ratio_is_that_of_the_deciding_bar_and_what_is_refused_is_counted() -> None:
    ones = np.ones(5)
    tape = Tape(np.arange(5) * 60_000, 10 * ones, 10 * ones, 4 * ones, 4 * ones)
    ratios = np.array([np.nan, 20.0, 0.5, 2.0, 2.0])
    found = run_backtest(RULES, tape, strategy=Prepared(always, None, None, ratios))
    assert found.totals.refusals._asdict() | {"hedge_ratio": 2} == found.totals.refusals._asdict()
    assert found.t.tolist() == [3 * 60_000]
    assert -found.q2[0] * 4 / (found.q1[0] * 10) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="ratios"):
        run_backtest(RULES, tape, strategy=Prepared(always, None, None, ratios[:-1]))
