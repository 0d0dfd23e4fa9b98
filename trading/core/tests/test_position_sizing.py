"""The four ways to size a cycle: by formula, at their limits, and compiled as in plain Python."""

import math
from typing import Any

import numpy as np
import pytest

from trading.core.backtest import Prepared, run_backtest
from trading.core.compiled import plain
from trading.core.position_sizing import (
    EQUITY,
    KELLY,
    VOLATILITY,
    Results,
    Sizing,
    daily_volatility,
    investment_of,
    kelly_fraction,
    with_result,
)
from trading.core.simulation import decide as spread
from trading.core.tests.strategies import Walk
from trading.core.types import OPEN, config
from trading.strategies.parameters import ParametersRefused
from trading.strategies.position_sizes import read_sizes, sizing_of

NONE = Results(0, 0.0, 0.0)


def sizing(mode: int, **fields: Any) -> Sizing:
    known = Sizing(mode, 1_000.0, 0.05, 0.01, 20, 0.5, 2, 0.2)
    return known._replace(**fields)


def results(*returns: float) -> Results:
    found = NONE
    for gained in returns:
        found = with_result(found, gained * 100.0, 100.0)
    return found


@pytest.mark.parametrize(("earned", "wanted"), [(0.0, 50.0), (200.0, 60.0), (-400.0, 30.0), (-1_000.0, 0.0)])
def test_a_share_of_what_the_bot_has(earned: float, wanted: float) -> None:
    assert investment_of(sizing(EQUITY), earned, math.nan, NONE) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("volatility", "wanted"), [(0.1, 100.0), (0.2, 50.0), (0.001, 200.0), (0.0, 0.0), (math.nan, 0.0)]
)
def test_half_the_size_at_twice_the_volatility(volatility: float, wanted: float) -> None:
    assert investment_of(sizing(VOLATILITY), 0.0, volatility, NONE) == pytest.approx(wanted)


def test_kelly_is_mean_over_variance() -> None:
    returns = np.array([0.02, -0.01, 0.03, 0.01])
    assert kelly_fraction(results(*returns)) == pytest.approx(returns.mean() / returns.var())
    small = sizing(KELLY, most=1e9)
    assert investment_of(small, 0.0, math.nan, results(*returns)) == pytest.approx(500 * returns.mean() / returns.var())


def test_kelly_is_capped_begins_with_the_share_and_stops_at_a_loss() -> None:
    by_kelly = sizing(KELLY)
    assert investment_of(by_kelly, 0.0, math.nan, results(0.1)) == 50.0  # one cycle is too few
    assert investment_of(by_kelly, 0.0, math.nan, results(0.01, 0.011)) == 200.0  # the most
    assert investment_of(by_kelly, 0.0, math.nan, results(0.01, 0.01)) == 200.0  # never varies
    assert investment_of(by_kelly, 0.0, math.nan, results(-0.02, 0.01)) == 0.0


def test_volatility_is_that_of_a_day() -> None:
    tape = Walk(3, 0.004, 200).tape()
    found = daily_volatility(tape, 50, 60_000)
    returns = np.diff(np.log(tape.closes1)) - np.diff(np.log(tape.closes2))
    assert np.isnan(found[:50]).all()
    assert found[-1] == pytest.approx(returns[-50:].std() * math.sqrt(1_440))


RULES = config(
    spreads=[0.3, 0.3],
    multipliers=[1.0, 1.5],
    investment=100,
    cap=1e6,
    start1=100,
    start2=50,
    take_profit=0.2,
    stop_loss=0.6,
)


@pytest.mark.parametrize("mode", [EQUITY, VOLATILITY, KELLY])
def test_a_run_sizes_every_cycle_by_what_it_has_then(mode: int) -> None:
    tape, chosen = Walk(3, 0.004).tape(), sizing(mode)
    volatility = daily_volatility(tape, chosen.window, 60_000)
    options: Any = {"pause_after_close": False, "restart_after_stop_loss": True}
    run = run_backtest(RULES, tape, sizing=chosen, volatility=volatility, **options)
    opens = np.flatnonzero(run.action == OPEN)
    assert len(opens) > 1
    earned, seen = 0.0, NONE
    for i in range(len(run.t)):
        bar = int(np.searchsorted(tape.times, run.t[i])) - 1
        if run.action[i] == OPEN:
            wanted = investment_of(chosen, earned, volatility[bar], seen)
            assert abs(run.q1[i]) * tape.closes1[bar] == pytest.approx(wanted, rel=1e-9)
            base = wanted
        if run.closes[i]:
            earned += run.pnl[i]
            seen = with_result(seen, run.pnl[i], base * (1.0 if run.level[i] == 1 else 2.5))


def test_plain_python_sizes_alike_to_the_last_bit() -> None:
    tape, chosen = Walk(5, 0.004).tape(), sizing(EQUITY)
    options: Any = {"sizing": chosen, "pause_after_close": False, "restart_after_stop_loss": True}
    one = run_backtest(RULES, tape, **options)
    from_plain = run_backtest(RULES, tape, strategy=Prepared(plain(spread)), **options)
    assert np.array_equal(one.equity, from_plain.equity)


def test_what_a_user_may_choose() -> None:
    assert read_sizes({}) == read_sizes({"mode": "fixed", "share": 3}) == {}
    assert sizing_of({}) is None
    kept = read_sizes({"mode": "equity", "capital": "500", "share": 2.5})
    assert (kept["mode"], kept["capital"], kept["share"]) == ("equity", 500.0, 2.5)
    found = sizing_of(kept)
    assert found is not None
    assert (found.mode, found.capital, found.share) == (EQUITY, 500.0, 0.025)
    with pytest.raises(ParametersRefused, match="mode: must be one of fixed, equity, volatility, kelly"):
        read_sizes({"mode": "martingale"})
