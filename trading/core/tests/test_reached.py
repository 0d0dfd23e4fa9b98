import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.core.decide import decide, decide_exit_only
from trading.core.reached import config_from_row, config_row, reached
from trading.core.tests.strategies import configs, moments
from trading.core.types import Config, Quote, State


@given(st.lists(st.tuples(moments(), st.booleans()), min_size=1, max_size=20))
@settings(max_examples=200)
def test_agrees_with_decide(bots: list[tuple[tuple[Config, State, Quote], bool]]) -> None:
    rows = np.array([config_row(rules) for (rules, _, _), _ in bots])
    states = [state for (_, state, _), _ in bots]
    quotes = [quote for (_, _, quote), _ in bots]
    entries = [allowed for _, allowed in bots]
    expected = [(decide if allowed else decide_exit_only)(*moment).action for moment, allowed in bots]
    assert reached(rows, states, quotes, entries).tolist() == expected
    assert reached(rows, np.array(states), np.array(quotes), np.array(entries)).tolist() == expected


@given(configs())
def test_a_config_survives_its_row(rules: Config) -> None:
    assert config_from_row(config_row(rules)) == rules
    assert [type(value) for value in config_from_row(config_row(rules))] == [type(value) for value in rules]


def test_no_bots() -> None:
    assert reached(np.empty((0, 55)), [], [], []).tolist() == []


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="bots"):
        reached(np.ones((2, 55)), np.ones((1, 11)), np.ones((2, 6)), [True, True])


def test_no_bots_at_all() -> None:
    assert reached(np.array([]), [], [], []).tolist() == []
