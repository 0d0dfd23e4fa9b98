"""Objectives over totals, by hand."""

import math
from typing import Any

import pytest

from trading.searches.objectives import OBJECTIVES, degradation_pct, pool, score
from trading.tests.searches.totals import RETURNS, totals

NOTHING = totals(
    trades=0, cycles=0, wins=0, net_profit=0.0, realised=0.0, max_drawdown=0.0, gross_profit=0.0, gross_loss=0.0
) | {"sum_squares": 0.0, "fees": 0.0, "funding": 0.0, "return_sum": 0.0, "return_squares": 0.0}
MEAN = 2.0
DEVIATION = math.sqrt(((3 - 2) ** 2 + (-1 - 2) ** 2 + 0 + (4 - 2) ** 2) / 3)
DAY_MEAN = 0.025 / 3
DAY_DEVIATION = math.sqrt(sum((x - DAY_MEAN) ** 2 for x in RETURNS) / 2)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        ("net_profit", 7.5),
        ("return_over_drawdown", 3.0),
        ("profit_factor", 9.0),
        ("win_rate", 75.0),
        ("expectancy", MEAN),
        ("sqn", 2 * MEAN / DEVIATION),
        ("sharpe", DAY_MEAN / DAY_DEVIATION * math.sqrt(365)),
    ],
)
def test_objectives_by_hand(objective: str, expected: float) -> None:
    assert score(objective, [totals()], 1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("objective", "expected"),
    [("net_profit", 15.0), ("return_over_drawdown", 15 / 2.5), ("profit_factor", 9.0), ("win_rate", 75.0)],
)
def test_parts_count_together(objective: str, expected: float) -> None:
    assert score(objective, [totals(), totals(max_drawdown=1.0)], 1) == pytest.approx(expected)


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_too_few_cycles_do_not_count(objective: str) -> None:
    assert score(objective, [totals()], 5) is None
    assert score(objective, [totals()], 4) is not None
    assert score(objective, [NOTHING], 0) is None
    assert score(objective, [], 1) is None


def test_a_set_without_a_loss_is_not_infinitely_good() -> None:
    assert score("profit_factor", [totals(gross_loss=0.0)], 1) == 100.0
    assert score("return_over_drawdown", [totals(max_drawdown=0.0)], 1) == 100.0


@pytest.mark.parametrize("objective", ["sqn", "sharpe"])
def test_ratios_of_what_never_changes_have_no_answer(objective: str) -> None:
    same = totals(realised=4.0, sum_squares=4.0, return_sum=0.03, return_squares=0.0003)
    assert score(objective, [same], 1) is None


def test_pooling_nothing_is_nothing() -> None:
    assert pool([]) is None


@pytest.mark.parametrize(
    ("objective", "outside", "expected"),
    [
        ("net_profit", {"net_profit": 2.5, "days": 10.0}, 0.0),
        ("net_profit", {"net_profit": 1.25, "days": 10.0}, 50.0),
        ("net_profit", {"net_profit": -2.5, "days": 10.0}, 200.0),
        ("net_profit", {"net_profit": 5.0, "days": 10.0}, -100.0),
        ("net_profit", {"net_profit": 1.25, "days": 10.0, "cycles": 0}, 50.0),
        ("win_rate", {"wins": 1, "cycles": 4}, pytest.approx(100 * 2 / 3)),
        ("expectancy", {"realised": 4.0}, 50.0),
        ("expectancy", {"cycles": 0}, None),
    ],
)
def test_degradation_compares_equal_stretches_of_time(objective: str, outside: Any, expected: Any) -> None:
    found = degradation_pct(objective, [totals()], [totals(**outside)])
    assert found == (expected if expected is None else pytest.approx(expected))


def test_there_is_no_degradation_from_a_loss() -> None:
    assert degradation_pct("net_profit", [totals(net_profit=-1.0)], [totals()]) is None
    assert degradation_pct("net_profit", [totals()], []) is None
