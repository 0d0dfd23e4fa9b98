"""What a strategy wants is held against the bot's settings and position before anything is ordered."""

from typing import Any

import pytest

from bots.strategies.frame import misfit
from trading.core.types import (
    ADD,
    LONG_SPREAD,
    NONE,
    OPEN,
    SHORT_SPREAD,
    SIGNAL,
    TAKE_PROFIT,
    Decision,
    State,
    config,
    flat_state,
    position_state,
)

FLAT = flat_state(0.0)


def at(level: int) -> State:
    sums = {"invested": 100.0 * level, "q1": level, "q2": -level, "cost": 0.0, "fees": 0.0}
    return position_state(level=level, side=1, reference=0.0, first_spread=0.0, last_spread=0.0, **sums)


@pytest.mark.parametrize(
    ("state", "decision", "markets", "code"),
    [
        (FLAT, (OPEN, LONG_SPREAD), 2, None),
        (at(1), (ADD, LONG_SPREAD), 2, None),
        (at(3), (TAKE_PROFIT, LONG_SPREAD), 2, None),
        (FLAT, (NONE, 0), 2, None),
        (FLAT, (OPEN, SHORT_SPREAD), 2, "side"),
        (FLAT, (OPEN, 0), 2, "misfit"),
        (FLAT, (ADD, LONG_SPREAD), 2, "misfit"),
        (FLAT, (SIGNAL, LONG_SPREAD), 2, "misfit"),
        (at(1), (OPEN, LONG_SPREAD), 2, "misfit"),
        (at(1), (ADD, SHORT_SPREAD), 2, "misfit"),
        (at(2), (ADD, LONG_SPREAD), 2, "cap"),
        (at(2), (ADD, LONG_SPREAD), 1, None),
        (at(3), (ADD, LONG_SPREAD), 1, "levels"),
    ],
)
def test_it_fits_or_says_why_not(state: State, decision: Any, markets: int, code: str | None) -> None:
    rules = config(
        spreads=[1.0] * 3, multipliers=[1.0] * 3, investment=100, cap=450, start1=1, start2=1, allow_short=False
    )
    found = misfit(rules, state, Decision(decision[0], decision[1], 1.5), markets)
    assert (found and found.code) == code
    if code == "cap":
        assert found is not None
        assert found.figures == {"needed": 600.0, "allowed": 450.0}
