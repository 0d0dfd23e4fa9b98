"""Searches over the parameters of strategies of one's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError

from bots.strategies.registry import BUILT_IN
from bots.tests.factories import make_user
from exchanges.history import candles
from exchanges.models import JobStatus
from exchanges.tests.series import CHZ, GALA, START, candle_dir, stored_pair  # noqa: F401
from trading.searches import results
from trading.tests.searches.made import created, run

TEMPLATE = Path(django_settings.BASE_DIR) / "trading" / "strategies" / "template.py"
FRAME: dict[str, Any] = {"investment_per_order": 100, "max_position_value": 100_000, "pause_after_close": False}
SPACE: dict[str, Any] = {
    "strategy_params.window": {"low": 20, "high": 60, "step": 20},
    "strategy_params.entry": {"values": [1.0, 2.0]},
    "stop_loss_ratio": {"values": [2, 4]},
}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]


@pytest.fixture(autouse=True)
def zscore(settings: Any, tmp_path: Path) -> Path:
    settings.STRATEGY_DIR = tmp_path / "strategies"
    settings.STRATEGY_DIR.mkdir()
    path: Path = settings.STRATEGY_DIR / "zscore.py"
    path.write_text(TEMPLATE.read_text().replace('name = "template"', 'name = "zscore"'))
    return path


def search(**more: Any) -> Any:
    settings = {"min_cycles": 1, "folds": 2, "space": SPACE} | more
    return created(make_user(), strategy="zscore", parameters=FRAME, search=settings)


def test_parameters_of_the_strategy_are_varied_beside_those_of_the_frame() -> None:
    backtest = run(search())
    assert (backtest.status, backtest.done) == (JobStatus.DONE, 12)
    assert backtest.summary["refused"] == 0
    best = results.best(backtest, 1)[0]
    assert isinstance(best["values"]["strategy_params.window"], int)
    parameters = results.parameters_of(results.trial_of(backtest, best["number"]))
    assert parameters["strategy_params"] == {
        "window": best["values"]["strategy_params.window"],
        "entry": best["values"]["strategy_params.entry"],
    }


def test_whole_parameters_of_the_strategy_go_in_steps_of_one() -> None:
    space = {"strategy_params.window": {"low": 20, "high": 29}}
    assert search(method="random", sets=100, space=space).total == 10


@pytest.mark.parametrize(
    ("space", "text"),
    [
        ({"strategy_params.window": {"low": 1, "high": 5}}, "at least 2"),
        ({"strategy_params.window": {"low": 20, "high": 30, "step": 0.5}}, "whole numbers"),
        ({"strategy_params.colour": {"values": [1]}}, "not a parameter of this strategy"),
    ],
)
def test_what_the_strategy_does_not_take_is_refused(space: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        search(space=space)
    assert text in refused.value.message_dict["space"][0]


def test_features_of_a_part_are_warmed_up_by_the_bars_before_it() -> None:
    """A window that is as long as the data left in a part would never be filled by these alone."""
    space = {"strategy_params.window": {"values": [160]}, "strategy_params.entry": {"values": [0.1]}}
    backtest = run(search(folds=1, space=space))
    (trial,) = backtest.search.trials.all()
    assert trial.out_of_sample[0]["trades"] > 0


def test_sets_in_which_the_strategy_fails_are_counted_and_named(zscore: Path) -> None:
    code = zscore.read_text().replace(
        "z_score, spread = features[0]", "1 / (4.0 - config.stop_loss)\n        z_score, spread = features[0]"
    )
    zscore.write_text(code.replace("@staticmethod\n    def decide", "@staticmethod\n    def decide"))
    backtest = run(search())
    assert (backtest.status, backtest.summary["refused"]) == (JobStatus.DONE, 6)
    assert "zscore" in backtest.summary["refusals"][0]["reason"]


SPACES: dict[str, dict[str, list[Any]]] = {
    "z_score": {"window": [20, 40], "legs": ["equal value", "hedge ratio"]},
    "funding_carry": {"days": [0.25, 0.5], "entry": [1, 2]},
    "bollinger": {"window": [20, 40], "width": [1, 1.5]},
    "rsi": {"window": [5, 9], "lower": [30, 40]},
    "ma_cross": {"average": ["simple", "exponential"], "fast": [5, 10]},
    "donchian": {"entry": [5, 10], "exit": [3, 5]},
    "grid": {"window": [20, 40], "step": [0.2, 0.4]},
    "dca": {"side": ["long", "short"], "step": [0.3, 0.6]},
}


@pytest.mark.parametrize("strategy", [it for it in BUILT_IN if it.name != "spread"], ids=lambda it: it.name)
def test_every_built_in_strategy_can_be_searched(strategy: Any) -> None:
    stamps = int(START.timestamp() * 1000) + np.arange(-12, 48, dtype=np.int64) * 3_600_000
    for symbol, rate in ((GALA, 1e-5), (CHZ, 4e-5)):
        candles.save_funding("binance", symbol, stamps, np.full(len(stamps), rate), source="generated")
    space = {f"strategy_params.{name}": {"values": values} for name, values in SPACES[strategy.name].items()}
    data: dict[str, Any] = {"strategy": strategy.name, "parameters": FRAME | {"profit_ratio": 0.5}}
    data |= {} if strategy.markets == 2 else {"market2_symbol": ""}
    backtest = run(created(make_user(), **data, search={"space": space, "min_cycles": 1, "folds": 1}))
    assert (backtest.status, backtest.problems, backtest.done) == (JobStatus.DONE, [], 4)
    assert backtest.summary["refused"] == 0
    (best,) = results.best(backtest, 1)
    assert best["in_sample"]["trades"] > 0


BUYER = """
from trading.strategies import FLAT, LONG_SPREAD, NONE, OPEN, TAKE_PROFIT, Decision, Strategy


class Buyer(Strategy):
    name = "buyer"
    title = "Buyer"
    markets = 1

    @staticmethod
    def decide(params, config, state, quote, features):
        if state.side == FLAT:
            return Decision(OPEN, LONG_SPREAD, 0.0)
        gain = quote.p1 / config.start1 * 100 - 100
        return Decision(TAKE_PROFIT if gain > config.take_profit else NONE, LONG_SPREAD, 0.0)
"""


def test_a_strategy_of_one_market_in_plain_python(zscore: Path) -> None:
    (zscore.parent / "buyer.py").write_text(BUYER)
    data: dict[str, Any] = {"strategy": "buyer", "market2_symbol": "", "parameters": FRAME}
    space = {"profit_ratio": {"values": [0.1, 0.5, 100]}}
    backtest = run(created(make_user(), **data, search={"space": space, "min_cycles": 1}))
    assert (backtest.status, backtest.problems, backtest.done) == (JobStatus.DONE, [], 3)
    scores = [found.score for found in backtest.search.trials.order_by("number")]
    assert scores[0] is not None
    assert scores[2] is None
