"""Files for back-tests, and the command that reads them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from django.core.management import call_command

from exchanges.history.candles import COLUMNS
from trading.core.candles import Candles

PARAMETERS: dict[str, Any] = {
    "investment_per_order": 100,
    "dca_config": [
        {"times": 1, "spread": 1.0, "multiplier": 1.0},
        {"times": 2, "spread": 1.0, "multiplier": 1.2},
        {"times": 3, "spread": 1.2, "multiplier": 1.5},
    ],
    "max_dca_times": 3,
    "max_position_value": 100_000,
    "profit_mode": "position",
    "profit_ratio": 0.4,
    "stop_loss_ratio": 10,
    "pause_after_close": False,
    "restart_after_stop_loss": True,
    "taker_fee": 0.0005,
    "slippage_bps": 1,
}


def frame_of(candles: Candles) -> pl.DataFrame:
    columns = (candles.times, candles.opens, candles.highs, candles.lows, candles.closes, candles.volumes)
    return pl.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def candles_of(frame: pl.DataFrame) -> Candles:
    times, *prices = (frame[name].to_numpy() for name in COLUMNS)
    return Candles(times, *prices)


def flat_frame(times: Any, prices: Any) -> pl.DataFrame:
    """Bars that stay where they open."""
    prices = np.asarray(prices, dtype=np.float64)
    return frame_of(Candles(np.asarray(times), prices, prices, prices, prices, np.ones(len(prices))))


def written(folder: Path, *frames: pl.DataFrame) -> list[str]:
    paths = [folder / f"market{number}.csv" for number in range(1, len(frames) + 1)]
    for path, frame in zip(paths, frames, strict=True):
        frame.write_csv(path)
    return [str(path) for path in paths]


def params_file(folder: Path, parameters: Any) -> str:
    path = folder / "P.json"
    path.write_text(parameters if isinstance(parameters, str) else json.dumps(parameters))
    return str(path)


def backtest(folder: Path, parameters: Any, **options: Any) -> dict[str, Any]:
    """What the command writes with --out."""
    out = folder / "R.json"
    options = {"strategy": "spread", "params": params_file(folder, parameters), "out": out} | options
    call_command("backtest", *words(options), stdout=StringIO(), stderr=StringIO())
    return dict(json.loads(out.read_text()))


def words(options: dict[str, Any]) -> list[str]:
    """As typed on a command line."""
    return [f"--{name}={value}" for name, value in options.items()]
