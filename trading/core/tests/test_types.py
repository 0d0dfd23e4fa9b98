from decimal import Decimal
from typing import Any

import pytest

from trading.core.types import LEVELS_MAX, Config, config, flat_state, position_state, quote


def build(**changes: Any) -> Config:
    rules: dict[str, Any] = {
        "spreads": [1, 2],
        "multipliers": [1, 1.5],
        "investment": Decimal(100),
        "cap": 1000,
        "start1": 1,
        "start2": 2,
    }
    return config(**(rules | changes))


def test_ladders_are_padded_and_every_number_is_of_its_type() -> None:
    rules = build(levels=1, regression=1, take_profit=2)
    assert len(rules.spreads) == len(rules.multipliers) == LEVELS_MAX
    assert rules.spreads[0] == 1.0
    assert rules.spreads[1] == float("inf"), "past the levels in use"
    assert rules.levels == 1
    assert {type(value) for value in (*rules.spreads, *rules.multipliers)} == {float}
    assert [type(value) for value in rules[2:]] == [
        *(float, float, int, bool, float, float, bool, bool, bool, bool),
        *(float, float, float, float, float),
    ]


def test_states_and_quotes_take_decimals() -> None:
    state = position_state(
        level=1,
        side=-1,
        reference=Decimal(1),  # type: ignore[arg-type]
        first_spread=1,
        last_spread=1,
        invested=100,
        q1=-1,
        q2=1,
        cost=0,
    )
    assert [type(value) for value in state] == [int, int, *[float] * 9]
    assert {type(value) for value in flat_state(1)[2:]} == {float}
    assert quote(1, 2) == (1.0, 2.0, 1.0, 1.0, 2.0, 2.0)
    assert quote(1, 2, 0.9, 1.1, 1.9, 2.1) == (1.0, 2.0, 0.9, 1.1, 1.9, 2.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spreads": [], "multipliers": []}, "0 levels"),
        ({"spreads": [1] * 21, "multipliers": [1] * 21}, "21 levels"),
        ({"levels": 3}, "2 rows for 3 levels"),
        ({"spreads": [1, 0]}, "spread of level 2"),
        ({"multipliers": [-1, 1]}, "multiplier of level 1"),
        ({"investment": 0}, "investment"),
        ({"cap": float("nan")}, "cap"),
        ({"start2": 0}, "start2"),
        ({"stop_loss": -1}, "stop_loss"),
        ({"take_profit": float("inf")}, "take_profit"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**changes)
