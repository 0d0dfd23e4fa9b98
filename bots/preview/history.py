"""The spread of a pair over the last days, and what a ladder would have done with it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, cast

import numpy as np

from bots.downsample import downsample
from bots.models import TIMEFRAMES
from bots.settings.pair_rules import Pair
from exchanges.adapters.base import Candle
from exchanges.market_data import closed_candles
from exchanges.models import ExchangeAccount
from exchanges.timeframes import timeframe_ms
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Floats, Tape
from trading.core.spread import spread_pct
from trading.core.types import ACTION_NAMES, ADD, OPEN, Config

BARS_MOST: Final = 2100  # a week of 5-minute candles
POINTS_MOST: Final = 1000
SHORTEST: Final = timedelta(hours=24)
Market = tuple[ExchangeAccount, datetime, str]
"""An account, when it was last changed (a replay may have become another one), and a symbol."""

RANGES: Final[dict[str, timedelta | None]] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "start": None,
}


def range_begin(name: str, start_time: datetime, end: datetime) -> datetime:
    """Since the start time the chart shows a day at least. An unknown name means since the start."""
    length = RANGES.get(name)
    return end - length if length else min(start_time, end - SHORTEST)


def pair_tape(pair: Pair, begin: datetime, end: datetime) -> tuple[Tape, str]:
    """In the finest candles that need at most BARS_MOST of them and that both markets have; empty where none do.

    Raises ExchangeError.
    """
    begin_ms, end_ms = int(begin.timestamp() * 1000), int(end.timestamp() * 1000)
    markets = tuple(zip(pair.accounts, (account.updated_at for account in pair.accounts), pair.symbols, strict=True))
    bars = {name: (-(-begin_ms // timeframe_ms(name)), end_ms // timeframe_ms(name)) for name in TIMEFRAMES}
    fitting = [name for name, (first, last) in bars.items() if last - first <= BARS_MOST] or TIMEFRAMES[-1:]
    for timeframe in fitting:
        tape = _tape(markets, timeframe, *bars[timeframe])
        if len(tape):
            return tape, timeframe
    return _aligned([], []), fitting[-1]


def spread_line(config: Config, tape: Tape, timeframe: str) -> dict[str, list[float]]:
    """{"t": [ms], "spread", "p1", "p2"}: at each candle's close, at most POINTS_MOST points."""
    spreads: Floats = cast(Any, spread_pct)(tape.closes1, tape.closes2, config.start1, config.start2)
    shown = downsample(spreads, POINTS_MOST)
    return {
        "t": (tape.times[shown] + timeframe_ms(timeframe)).tolist(),
        "spread": np.round(spreads[shown], 4).tolist(),
        "p1": tape.closes1[shown].tolist(),
        "p2": tape.closes2[shown].tolist(),
    }


def ladder_history(
    config: Config, tape: Tape, *, restart_after_stop_loss: bool, lot_steps: tuple[float, float], max_imbalance: float
) -> dict[str, Any] | None:
    """What the ladder would have done, going on after each take profit; None where it could not have traded at all."""
    if config.take_profit <= 0 or not len(tape):
        return None
    result = run_backtest(
        config,
        tape,
        pause_after_close=False,
        restart_after_stop_loss=restart_after_stop_loss,
        lot_step1=lot_steps[0],
        lot_step2=lot_steps[1],
        max_imbalance=max_imbalance,
    )
    return history_of(result, config.levels)


def history_of(result: BacktestResult, levels: int) -> dict[str, Any]:
    """{"cycles", "wins", "pnl", "deepest_fall": 0 or negative, "open_level", "stopped_at": ms or null,
    "reached": how often each level was filled, "trades": [{"t", "action", "level", "side", "spread", "pnl"}]}"""
    pnls = result.pnl[result.closes]
    return {
        "cycles": len(pnls),
        "wins": int((pnls > 0).sum()),
        "pnl": round(result.final_equity, 8),
        "deepest_fall": -round(result.max_drawdown, 8),
        "open_level": result.open_state.level,
        "stopped_at": result.paused_at,
        "reached": _reached(result, levels),
        "trades": _marks(result),
    }


def _reached(result: BacktestResult, levels: int) -> list[int]:
    entries = result.level[np.isin(result.action, (OPEN, ADD))]
    return np.bincount(entries, minlength=levels + 1)[1:].tolist()


def _marks(result: BacktestResult) -> list[dict[str, Any]]:
    closes = result.closes
    return [
        {
            "t": int(result.t[i]),
            "action": ACTION_NAMES[int(result.action[i])],
            "level": int(result.level[i]),
            "side": int(result.side[i]),
            "spread": round(float(result.spread[i]), 4),
            "pnl": round(float(result.pnl[i]), 8) if closes[i] else None,
        }
        for i in range(len(result.t))
    ]


@lru_cache(maxsize=32)
def _tape(markets: tuple[Market, ...], timeframe: str, first: int, last: int) -> Tape:
    """Bars `first` to before `last`, counted in candle lengths since 1970. They are closed, so they stay what they are
    while somebody tries one ladder after the other."""
    since = datetime.fromtimestamp(first * timeframe_ms(timeframe) / 1000, UTC)
    one, two = (
        closed_candles(account, symbol, timeframe, since=since, limit=max(1, last - first))
        for account, _changed, symbol in markets
    )
    return _aligned(one, two)


def _aligned(first: Sequence[Candle], second: Sequence[Candle]) -> Tape:
    others = {candle.at: candle for candle in second}
    both = [(candle, others[candle.at]) for candle in first if candle.at in others]
    times = np.array([int(one.at.timestamp() * 1000) for one, _ in both], dtype=np.int64)
    prices = np.array(
        [(float(one.open), float(one.close), float(two.open), float(two.close)) for one, two in both], dtype=np.float64
    ).reshape(-1, 4)
    opens1, closes1, opens2, closes2 = (np.ascontiguousarray(column) for column in prices.T)
    return Tape(times, opens1, closes1, opens2, closes2)
