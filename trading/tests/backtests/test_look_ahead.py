"""A strategy of one's own that knows what comes: its result says so, wherever it is read."""

from typing import Any

import pytest

from bots.tests.factories import make_user
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests.run_words import notes_of
from trading.tests.backtests.made import PARAMETERS, done

SEER = """
import numpy as np
from trading.strategies import FLAT, NONE, Decision, Strategy


class Seer(Strategy):
    name = "seer"
    title = "Knows the next close"
    features = ("next close",)

    @staticmethod
    def prepare(params, tape):
        return np.append(tape.closes1[1:], np.nan)[:, None]

    @staticmethod
    def decide(params, config, state, quote, features):
        return Decision(NONE, FLAT, 0.0)
"""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]


def test_a_strategy_that_knows_the_next_bar_is_named(settings: Any, tmp_path: Any) -> None:
    settings.STRATEGY_DIR = tmp_path
    (tmp_path / "seer.py").write_text(SEER)
    frame = {name: value for name, value in PARAMETERS.items() if name not in ("dca_config", "max_dca_times")}
    backtest = done(make_user(), strategy="seer", parameters=frame)
    assert backtest.status == "done", backtest.problems
    assert backtest.summary["look_ahead"]
    assert "seer" in backtest.summary["look_ahead"][0]
    assert notes_of(backtest)[0] == backtest.summary["look_ahead"][0]
    assert set(backtest.summary["look_ahead"]) <= set(backtest.summary["warnings"])


def test_the_built_in_strategy_does_not() -> None:
    assert done(make_user()).summary["look_ahead"] == []
