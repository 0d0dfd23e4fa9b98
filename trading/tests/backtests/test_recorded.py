"""Recorded markets with the figures that they came to, so that no change goes unnoticed.

The same figures come from the naive back-test of `oracle`; where the recordings are missing, made-up markets that every
run makes alike stand in for them.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from django.conf import settings

from bots.tests.factories import SIX_LEVELS
from trading.backtests.payments import Recorded
from trading.core.candles import Candles
from trading.tests.backtest_files import backtest, candles_of, frame_of, written
from trading.tests.backtests import oracle
from trading.tests.backtests.test_oracle import assert_same, made_pair, payments, rows

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
SIX: dict[str, Any] = {
    "investment_per_order": 100,
    "dca_config": SIX_LEVELS,
    "max_position_value": 100_000,
    "taker_fee": 0.0005,
    "slippage_bps": 1,
    "pause_after_close": False,
    "restart_after_stop_loss": True,
}
GALA_CHZ = ("binance_GALA-USDT-SPOT_5m", "binance_CHZ-USDT-SPOT_5m")
BTC_ETH = ("binance_BTC-USDT-SWAP_1m", "binance_ETH-USDT-SWAP_1m")
OKX = ("okx_BTC-USDT-SWAP_5m", "okx_ETH-USDT-SWAP_5m")
FUNDING = tuple(f"binance_{coin}-USDT-SWAP_funding_2025-05" for coin in ("BTC", "ETH"))
MARKS = tuple(f"binance_{coin}-USDT-SWAP-mark_8h_2025-05" for coin in ("BTC", "ETH"))


class Case(NamedTuple):
    markets: tuple[str, str]
    changes: dict[str, Any]
    trades: int
    cycles: int
    realised: float
    max_drawdown: float
    funded: bool = False


CASES = [
    Case(GALA_CHZ, {}, 238, 84, 212.19791485, 95.84563999),
    Case(GALA_CHZ, {"profit_mode": "regression", "profit_ratio": 0.8}, 75, 20, 247.50723473, 101.18534728),
    Case(
        GALA_CHZ, {"opening": "momentum", "stop_loss_ratio": 1.5, "fill": "close"}, 461, 205, -49.45051459, 62.32851155
    ),
    Case(GALA_CHZ, {"lot_step1": 1, "lot_step2": 1, "max_position_value": 700}, 173, 70, -22.29623016, 73.11741081),
    Case(
        GALA_CHZ,
        {"allowed_side": "long_spread", "pnl_basis": "gross", "start_time": "2025-02-01"},
        27,
        7,
        24.14431898,
        67.0602544,
    ),
    Case(GALA_CHZ, {"pause_after_close": True}, 2, 1, 1.07983022, 0.19185828),
    Case(BTC_ETH, {}, 42, 9, 40.87824251, 68.87045237, funded=True),
    Case(
        BTC_ETH,
        {"profit_ratio": 0.5, "max_dca_times": 2, "lot_step1": 0.0001, "lot_step2": 0.001},
        17,
        6,
        5.34958356,
        21.53510328,
        True,
    ),
    Case(BTC_ETH, {"profit_mode": "regression", "stop_loss_ratio": 3}, 88, 32, -8.55089693, 44.64432153),
    Case(OKX, {}, 145, 50, -150.03389158, 266.27830305),
    Case(
        OKX,
        {"profit_ratio": 2.5, "stop_loss_ratio": 5, "restart_after_stop_loss": True},
        102,
        35,
        22.97373301,
        71.67372302,
    ),
    Case(OKX, {"stop_loss_ratio": 3, "restart_after_stop_loss": False}, 20, 7, 1.9631568, 12.87409785),
]


def recorded(name: str) -> str:
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"recorded data {path.name} is not beside this repository")
    return str(path)


def figures(result: dict[str, Any]) -> tuple[Any, ...]:
    money = (pytest.approx(result[name], abs=1e-6) for name in ("realised", "max_drawdown"))
    return len(result["trades"]), len(result["cycles"]), *money


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.markets[0]} {case.changes}")
def test_recorded_markets(tmp_path: Path, case: Case) -> None:
    first, second = (recorded(name) for name in case.markets)
    files = {"data1": first, "data2": second}
    if case.funded:
        for leg in (1, 2):
            files |= {f"funding{leg}": recorded(FUNDING[leg - 1]), f"mark{leg}": recorded(MARKS[leg - 1])}
    result = backtest(tmp_path, SIX | case.changes, **files)
    assert figures(result) == (case.trades, case.cycles, case.realised, case.max_drawdown)
    if case.funded:
        assert all(98 < leg["known_pct"] < 99 for leg in result["funding"]), "the last payment that was due is missing"


def test_the_oracle_comes_to_the_same(tmp_path: Path) -> None:
    first, second = (recorded(name) for name in BTC_ETH)
    candles = [candles_of(pl.read_csv(path)) for path in (first, second)]
    due = [_payments(candles[leg], leg) for leg in (0, 1)]
    funding = {f"funding{leg}": recorded(FUNDING[leg - 1]) for leg in (1, 2)}
    marks = {f"mark{leg}": recorded(MARKS[leg - 1]) for leg in (1, 2)}
    result = backtest(tmp_path, SIX, data1=first, data2=second, **funding, **marks)
    assert_same(result, oracle.run(SIX, rows(candles[0]), rows(candles[1]), (due[0], due[1])))


def _payments(market: Candles, leg: int) -> oracle.Payments:
    rates, marks = (pl.read_csv(recorded(names[leg])) for names in (FUNDING, MARKS))
    found = Recorded(rates["timestamp"].to_numpy(), rates["funding_rate"].to_numpy(), marks=None)
    return payments(found, market, candles_of(marks))


MADE = [
    Case(("", ""), {}, 449, 157, 478.98282446, 35.99280058),
    Case(
        ("", ""),
        {"profit_mode": "regression", "fill": "close", "lot_step1": 0.1, "lot_step2": 1},
        341,
        126,
        679.1980816,
        66.10934622,
    ),
    Case(
        ("", ""),
        {"opening": "momentum", "stop_loss_ratio": 2, "pnl_basis": "gross"},
        634,
        247,
        -116.40265058,
        138.37207458,
    ),
]


@pytest.mark.parametrize("case", MADE, ids=lambda case: str(case.changes))
def test_made_markets(tmp_path: Path, case: Case) -> None:
    pair = made_pair(2025, bars=4000)
    files = written(tmp_path, *(frame_of(candles) for candles in pair))
    result = backtest(tmp_path, SIX | case.changes, data1=files[0], data2=files[1])
    assert figures(result) == (case.trades, case.cycles, case.realised, case.max_drawdown)
    first, second = (candles_of(pl.read_csv(file)) for file in files)
    assert np.array_equal(first.times, pair[0].times)
    assert_same(result, oracle.run(SIX | case.changes, rows(first), rows(second), ([], [])))
