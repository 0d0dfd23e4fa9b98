"""The engine against a second, naive back-test (`oracle`) over a few hundred random parameter sets."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from django.conf import settings

from trading.backtests.parameters import parse_parameters
from trading.backtests.payments import Recorded
from trading.backtests.run import Markets, run
from trading.backtests.series import Series
from trading.core.candles import Candles
from trading.tests.backtest_files import backtest, candles_of, frame_of, written
from trading.tests.backtests import oracle

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
START = 1_735_689_600_000
MINUTE = 60_000


def parameters(chance: random.Random, times: np.ndarray[Any, Any], scale: float = 1.0) -> dict[str, Any]:
    """Any of the names of `P.json`. `scale` makes thresholds smaller, so that much is traded."""
    rows = chance.randint(1, 8)
    ladder = [
        {
            "times": k,
            "spread": round(scale * chance.uniform(0.1, 2.0), 3),
            "multiplier": round(chance.uniform(0.5, 2.5), 1),
        }
        for k in range(1, rows + 1)
    ]
    found: dict[str, Any] = {
        "investment_per_order": round(chance.uniform(20, 500), 2),
        "dca_config": ladder,
        "max_dca_times": chance.randint(1, rows),
        "max_position_value": chance.choice([100_000, round(chance.uniform(100, 3000), 2)]),
        "profit_mode": chance.choice(["position", "regression"]),
        "profit_ratio": round(scale * chance.uniform(0.05, 2.5), 3),
        "stop_loss_ratio": chance.choice([0, 10, round(scale * chance.uniform(0.3, 5), 2)]),
        "pause_after_close": chance.random() < 0.1,
        "restart_after_stop_loss": chance.random() < 0.9,
        "opening": chance.choice(["reversion", "momentum"]),
        "allowed_side": chance.choice(["both", "both", "long_spread", "short_spread"]),
        "pnl_basis": chance.choice(["net", "gross"]),
        "taker_fee": chance.choice([0, 0.0002, 0.0005, 0.001]),
        "slippage_bps": chance.choice([0, 1, 2.5, 10]),
        "fill": chance.choice(["next_open", "close"]),
        "lot_step1": chance.choice([0, 0, 0.001, 0.1, 1]),
        "lot_step2": chance.choice([0, 0, 0.001, 0.1, 3]),
    }
    if chance.random() < 0.4:
        found["start_time"] = int(times[chance.randrange(len(times) // 2)]) + chance.choice([-1, 0, 1, 90_000])
    for name in chance.sample(sorted(found.keys() - {"investment_per_order", "dca_config", "max_position_value"}), 2):
        if name != "max_dca_times" or rows >= 6:
            del found[name]
    return found


def made_pair(seed: int, bars: int = 1200) -> tuple[Candles, Candles]:
    """Two markets that drift apart and come back, with gaps of their own; prices have few digits, as real ones do."""
    random_ = np.random.default_rng(seed)
    common = np.cumsum(random_.normal(0, 0.003, bars))
    gap, apart = np.empty(bars), 0.0
    for i, shock in enumerate(random_.normal(0, 0.006, bars)):
        apart = apart * 0.985 + shock
        gap[i] = apart
    return tuple(_series(random_, base * np.exp(common + sign * gap / 2)) for base, sign in ((20.0, 1), (3.0, -1)))  # type: ignore[return-value]


def _series(random_: np.random.Generator, closes: Any) -> Candles:
    closes = np.round(closes, 4)
    opens = np.round(np.r_[closes[0], closes[:-1]] * np.exp(random_.normal(0, 0.0005, len(closes))), 4)
    times = START + np.arange(len(closes), dtype=np.int64) * 5 * MINUTE
    kept = random_.random(len(closes)) > 0.02
    highs, lows = np.maximum(opens, closes), np.minimum(opens, closes)
    columns: Any = (times, opens, highs, lows, closes, np.ones(len(closes)))
    return Candles(*(column[kept] for column in columns))


def made_funding(seed: int, market: Candles) -> Recorded:
    """Every hour, some stamps late by up to half a minute, some missing."""
    random_ = np.random.default_rng(seed)
    stamps = np.arange(START - 3_600_000, market.times[-1], 3_600_000) + random_.integers(-5, 29_000, 1)
    stamps = stamps[random_.random(len(stamps)) > 0.2]
    return Recorded(stamps.astype(np.int64), random_.normal(0.0, 0.001, len(stamps)), marks=None)


def rows(candles: Candles) -> oracle.Market:
    return list(zip(candles.times.tolist(), candles.opens.tolist(), candles.closes.tolist(), strict=True))


def payments(recorded: Recorded | None, market: Candles, marks: Candles | None = None) -> oracle.Payments:
    """At the open of the mark candle of that time; without marks at that of the market's own last candle."""
    if recorded is None:
        return []
    found = []
    source = rows(market if marks is None else marks)
    for stamp, rate in zip(recorded.stamps.tolist(), recorded.rates.tolist(), strict=True):
        minute = (stamp + MINUTE // 2) // MINUTE * MINUTE
        opened = [price for time, price, _close in source if time <= minute]
        if opened:
            found.append((stamp, rate, opened[-1]))
    return found


def assert_same(result: dict[str, Any], expected: dict[str, Any]) -> None:
    for name in ("t", "action", "level", "side"):
        assert [trade[name] for trade in result["trades"]] == [trade[name] for trade in expected["trades"]], name
    for name in ("spread", "q1", "p1", "q2", "p2"):
        mine, theirs = ([trade[name] for trade in one["trades"]] for one in (result, expected))
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9, err_msg=name)
    for mine, theirs in zip(result["trades"], expected["trades"], strict=True):
        assert mine.get("pnl") == (pytest.approx(theirs["pnl"], abs=1e-6) if "pnl" in theirs else None)
    for mine, theirs in zip(result["cycles"], expected["cycles"], strict=True):
        assert mine == theirs | {"pnl": pytest.approx(theirs["pnl"], abs=1e-6)}
    for name in ("realised", "final_equity", "max_drawdown"):
        assert result[name] == pytest.approx(expected[name], abs=1e-6), name
    assert (result["bars"], result["refused_by_lots"]) == (expected["bars"], expected["refused"])


def compare(given: dict[str, Any], first: Candles, second: Candles, funded: bool, seed: int) -> int:
    recorded = [made_funding(seed + leg, market) if funded else None for leg, market in enumerate((first, second))]
    length = int(np.diff(first.times).min())
    markets = Markets(Series("one", first, length), Series("two", second, length), recorded[0], recorded[1])
    due = (payments(recorded[0], first), payments(recorded[1], second))
    expected = oracle.run(given, rows(first), rows(second), due)
    assert_same(run(parse_parameters(given), markets), expected)
    return len(expected["trades"])


@pytest.mark.parametrize("batch", range(10))
def test_generated_markets(batch: int) -> None:
    first, second = made_pair(batch)
    trades = 0
    for number in range(30):
        chance = random.Random(1000 * batch + number)
        given = parameters(chance, first.times)
        trades += compare(given, first, second, funded=number % 3 == 0, seed=number)
    assert trades > 400


@pytest.mark.parametrize(
    ("one", "two", "scale"),
    [
        ("binance_GALA-USDT-SPOT_5m", "binance_CHZ-USDT-SPOT_5m", 1),
        ("binance_BTC-USDT-SWAP_1m", "binance_ETH-USDT-SWAP_1m", 0.1),
        ("binance_SOL-USDT-SWAP_1m", "binance_XRP-USDT-SWAP_1m", 0.1),
        ("okx_BTC-USDT-SWAP_5m", "okx_ETH-USDT-SWAP_5m", 0.2),
        ("binance_GALA-USDT-SWAP_15m", "binance_CHZ-USDT-SWAP_15m", 0.2),
        ("bybit_GALA-USDT-SWAP_1d", "bybit_CHZ-USDT-SWAP_1d", 5),
    ],
)
def test_recorded_markets(one: str, two: str, scale: float) -> None:
    series = [recorded(name) for name in (one, two)]
    trades = 0
    for number in range(30):
        chance = random.Random(number)
        begin = chance.randrange(max(1, len(series[0]) - 3000))
        first, second = (_part(candles, int(series[0].times[begin]), 3000) for candles in series)
        trades += compare(parameters(chance, first.times, scale), first, second, funded=False, seed=number)
    assert trades > 100


def test_recorded_funding_at_recorded_marks(tmp_path: Path) -> None:
    """By the command and its files."""
    series = [recorded(f"binance_{coin}-USDT-SWAP_1m") for coin in ("BTC", "ETH")]
    rates = [path(f"binance_{coin}-USDT-SWAP_funding_2025-05") for coin in ("BTC", "ETH")]
    marks = [path(f"binance_{coin}-USDT-SWAP-mark_8h_2025-05") for coin in ("BTC", "ETH")]
    files = written(tmp_path, *(frame_of(_part(candles, 0, 15_000)) for candles in series))
    first, second = (candles_of(pl.read_csv(file)) for file in files)
    due = []
    for leg, market in enumerate((first, second)):
        stamps = pl.read_csv(rates[leg])
        found = Recorded(stamps["timestamp"].to_numpy(), stamps["funding_rate"].to_numpy(), marks=None)
        due.append(payments(found, market, candles_of(pl.read_csv(marks[leg]))))
    for number in range(6):
        given = parameters(random.Random(number), first.times) | {"pause_after_close": False, "profit_ratio": 0.7}
        result = backtest(
            tmp_path, given, data1=files[0], data2=files[1], funding1=rates[0], funding2=rates[1],
            mark1=marks[0], mark2=marks[1],
        )  # fmt: skip
        expected = oracle.run(given, rows(first), rows(second), (due[0], due[1]))
        assert_same(result, expected)


def path(name: str) -> Path:
    found = DATA / f"{name}.csv.gz"
    if not found.exists():
        pytest.skip(f"recorded data {found.name} is not beside this repository")
    return found


def recorded(name: str) -> Candles:
    return candles_of(pl.read_csv(path(name)))


def _part(candles: Candles, since: int, bars: int) -> Candles:
    begin = int(np.searchsorted(candles.times, since))
    part = slice(begin, begin + bars)
    columns: Any = (candles.times, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes)
    return Candles(*(column[part] for column in columns))
