"""Walk-forward by hand: thirty bars, two thresholds, two folds."""

from typing import Any

import numpy as np
import pytest

from bots.tests.factories import ladder
from trading.core.candles import Candles
from trading.searches.evaluation import Evaluation, Outcome
from trading.searches.outcome_summary import summary
from trading.searches.walk_forward import POINTS
from trading.tests.searches.made import FIVE_MINUTES, markets_of, plan

ONE_LEVEL: dict[str, Any] = {
    "investment_per_order": 100,
    "max_position_value": 1000,
    "dca_config": ladder((1.0, 1.0)),
    "max_dca_times": 1,
    "profit_mode": "regression",
    "profit_ratio": 1,
    "stop_loss_ratio": 0,
    "pause_after_close": False,
    "fill": "close",
}
SEARCH: dict[str, Any] = {
    "method": "grid",
    "objective": "net_profit",
    "space": {"dca_config[1].spread": {"values": [1, 3]}},
    "folds": 2,
    "out_of_sample_pct": 50,
    "min_cycles": 1,
}
# Market 2 stands still, so that the spread is market 1's change in percent since the part's first open.
FIRST = 100 * np.array([1, 1, 1.02, 1, 1, 1, 1.02, 1, 1, 1.10])
SECOND = 110 * np.array([1, 1.02, 1.04, 1.05, 1.02, 1.02, 1.02, 1.02, 1.02, 1.02])
THIRD = 112.2 * np.array([1, 1.02, 1.04, 1.06, 1.06, 1.06, 1.06, 1.06, 1.06, 1.06])
BACK_FROM_2 = 100 / 102 * 2
"""Sold at 102 and bought back at 100, for 100 of value."""
BACK_FROM_4 = 100 / 104 * 2
ON_TO_6 = -100 / 104 * 2


def candles(closes: Any) -> Candles:
    opens = np.r_[100.0, closes[:-1]]
    times = np.arange(len(closes), dtype=np.int64) * FIVE_MINUTES
    return Candles(times, opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, np.ones(len(closes)))


@pytest.fixture
def evaluated() -> Evaluation:
    closes = np.concatenate((FIRST, SECOND, THIRD))
    return Evaluation(plan(ONE_LEVEL, **SEARCH), markets_of(candles(closes), candles(np.full(30, 100.0))))


def outcomes(evaluation: Evaluation) -> list[Outcome]:
    return [evaluation.outcome(number, evaluation.plan.set_of(number)) for number in range(evaluation.plan.sets)]


def test_every_part_starts_from_its_own_first_opens(evaluated: Evaluation) -> None:
    low, high = outcomes(evaluated)
    assert [part["net_profit"] for part in low.in_sample] == pytest.approx([2 * BACK_FROM_2, 0.0])
    assert [part["cycles"] for part in low.in_sample] == [2, 0]
    assert [part["net_profit"] for part in low.out_of_sample] == pytest.approx([0.0, -100 / 102 * 4])
    assert [part["net_profit"] for part in high.in_sample] == pytest.approx([0.0, BACK_FROM_4])
    assert [part["net_profit"] for part in high.out_of_sample] == pytest.approx([BACK_FROM_4, ON_TO_6])


def test_scores_are_those_of_all_folds_together(evaluated: Evaluation) -> None:
    low, high = outcomes(evaluated)
    assert (low.score, high.score) == pytest.approx((2 * BACK_FROM_2, BACK_FROM_4))
    assert low.oos_score is None  # nothing was closed out of sample
    assert high.oos_score == pytest.approx(0.0, abs=1e-12)


def test_at_every_fold_the_best_in_sample_is_traded_out_of_sample(evaluated: Evaluation) -> None:
    found = summary(evaluated, outcomes(evaluated))["walk_forward"]
    assert [fold["number"] for fold in found["folds"]] == [0, 1]
    assert [fold["values"]["dca_config[1].spread"] for fold in found["folds"]] == [1, 3]
    profits = [fold["out_of_sample"]["net_profit"] for fold in found["folds"]]
    assert profits == pytest.approx([0.0, ON_TO_6])
    assert found["net_profit"] == pytest.approx(ON_TO_6)
    assert found["profitable_folds"] == 0


def test_the_equity_of_the_folds_is_chained(evaluated: Evaluation) -> None:
    found = summary(evaluated, outcomes(evaluated))["walk_forward"]["equity"]
    assert found["t"] == [bar * FIVE_MINUTES for bar in range(10, 30)]
    sold_at_102 = [0, 0, -100 / 102 * 2, -100 / 102 * 3, 0, 0, 0, 0, 0, 0]
    assert found["equity"][:10] == pytest.approx(sold_at_102)
    assert found["equity"][10:] == pytest.approx([0, 0, 0, *[ON_TO_6] * 7])


def test_times_of_the_folds_are_named(evaluated: Evaluation) -> None:
    windows = summary(evaluated, outcomes(evaluated))["windows"]
    assert windows == [
        {"in_from": 0, "in_until": 10 * FIVE_MINUTES, "out_from": 10 * FIVE_MINUTES, "out_until": 20 * FIVE_MINUTES},
        {
            "in_from": 10 * FIVE_MINUTES,
            "in_until": 20 * FIVE_MINUTES,
            "out_from": 20 * FIVE_MINUTES,
            "out_until": 30 * FIVE_MINUTES,
        },
    ]


def test_without_folds_there_is_nothing_out_of_sample() -> None:
    closes = np.concatenate((FIRST, SECOND, THIRD))
    markets = markets_of(candles(closes), candles(np.full(30, 100.0)))
    whole = Evaluation(plan(ONE_LEVEL, **SEARCH | {"folds": 0}), markets)
    found = summary(whole, outcomes(whole))
    assert found["walk_forward"] is None
    assert found["best"][0]["out_of_sample"] is None
    assert found["best"][0]["degradation_pct"] is None


def test_a_long_curve_is_drawn_with_fewer_points(evaluated: Evaluation) -> None:
    closes = 100 + np.sin(np.arange(20_000) / 7) * 3
    markets = markets_of(candles(closes), candles(np.full(20_000, 100.0)))
    long = Evaluation(plan(ONE_LEVEL, **SEARCH), markets)
    assert len(summary(long, outcomes(long))["walk_forward"]["equity"]["t"]) <= POINTS
