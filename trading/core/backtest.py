"""Back-tests of the spread strategy: checked input, the compiled run, and its results as typed arrays and rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trading.core.candles import Floats, Ints, Tape
from trading.core.fills import Lots
from trading.core.funding import FundingSchedule, no_funding
from trading.core.simulation import TRADE_COLUMNS, Options, Totals, simulate
from trading.core.types import ACTION_NAMES, STOP_LOSS, TAKE_PROFIT, Config, State

FillMode = Literal["next_open", "close"]


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """One entry per trade in the arrays `t` to `funding`, one per bar in `times` and `equity`.

    `t` is the open time of the candle that filled; quantities are signed; `pnl` is a cycle's, fees and funding
    included, and not a number for trades that close nothing.
    """

    times: Ints
    equity: Floats
    t: Ints
    action: Ints
    level: Ints
    side: Ints
    spread: Floats
    q1: Floats
    p1: Floats
    q2: Floats
    p2: Floats
    pnl: Floats
    fees: Floats
    funding: Floats
    totals: Totals

    @property
    def bars(self) -> int:
        return len(self.times)

    @property
    def realised(self) -> float:
        return self.totals.realised

    @property
    def final_equity(self) -> float:
        return self.totals.final_equity

    @property
    def max_drawdown(self) -> float:
        return self.totals.max_drawdown

    @property
    def open_state(self) -> State:
        """What is still open at the end; flat if nothing is."""
        return self.totals.state

    @property
    def paused_at(self) -> int | None:
        """The open time of the candle that closed the cycle after which trading ended."""
        return None if self.totals.paused_bar < 0 else int(self.times[self.totals.paused_bar])

    @property
    def closes(self) -> NDArray[np.bool_]:
        """Which trades close a cycle."""
        return np.isin(self.action, (TAKE_PROFIT, STOP_LOSS))

    def trade_rows(self) -> Iterator[dict[str, Any]]:
        closes = self.closes
        for i in range(len(self.t)):
            row: dict[str, Any] = {
                "t": int(self.t[i]),
                "action": ACTION_NAMES[int(self.action[i])],
                "level": int(self.level[i]),
                "side": int(self.side[i]),
                "spread": float(self.spread[i]),
                "q1": float(self.q1[i]),
                "p1": float(self.p1[i]),
                "q2": float(self.q2[i]),
                "p2": float(self.p2[i]),
                "fees": float(self.fees[i]),
            }
            if closes[i]:
                row |= {"pnl": float(self.pnl[i]), "funding": float(self.funding[i])}
            yield row

    def cycle_rows(self) -> Iterator[dict[str, Any]]:
        for cycle, i in enumerate(np.flatnonzero(self.closes), start=1):
            yield {
                "cycle": cycle,
                "levels": int(self.level[i]),
                "side": int(self.side[i]),
                "pnl": float(self.pnl[i]),
                "reason": ACTION_NAMES[int(self.action[i])],
                "t": int(self.t[i]),
            }


def run_backtest(
    config: Config,
    tape: Tape,
    *,
    fill: FillMode = "next_open",
    pause_after_close: bool = True,
    restart_after_stop_loss: bool = False,
    lot_step1: float = 0.0,
    lot_step2: float = 0.0,
    max_imbalance: float = 0.05,
    funding: FundingSchedule | None = None,
) -> BacktestResult:
    """Run a config over a tape. Fees and slippage are the config's; lot steps are in base units, 0 for none.

    Raises ValueError for a profit ratio of 0 or less, and for a tape that is empty, out of order or has prices that are
    no prices.
    """
    columns = _columns(tape)
    _check(config, tape.times, columns, min(lot_step1, lot_step2))
    schedule = funding or no_funding()
    rows, equity = np.empty((len(tape), len(TRADE_COLUMNS))), np.empty(len(tape))
    totals = simulate(
        config,
        Options(fill == "next_open", bool(pause_after_close), bool(restart_after_stop_loss)),
        Lots(float(lot_step1), float(lot_step2), float(max_imbalance)),
        *columns,
        schedule.bars,
        schedule.per_unit1,
        schedule.per_unit2,
        rows,
        equity,
    )
    return _result(tape, rows[: totals.trades], equity, totals)


def _result(tape: Tape, rows: Floats, equity: Floats, totals: Totals) -> BacktestResult:
    columns = dict(zip(TRADE_COLUMNS, rows.T.copy(), strict=True))
    bar, action, level, side = (columns.pop(name).astype(np.int64) for name in ("bar", "action", "level", "side"))
    return BacktestResult(tape.times, equity, tape.times[bar], action, level, side, totals=totals, **columns)


def _columns(tape: Tape) -> tuple[Floats, Floats, Floats, Floats]:
    """Opens and closes as the kernel was compiled for: a read-only or strided array would compile it anew."""
    columns = (tape.opens1, tape.closes1, tape.opens2, tape.closes2)
    opens1, closes1, opens2, closes2 = (np.require(column, np.float64, ["C", "W"]) for column in columns)
    return opens1, closes1, opens2, closes2


def _check(config: Config, times: Ints, columns: tuple[Floats, ...], smallest_lot_step: float) -> None:
    if config.take_profit <= 0:
        raise ValueError("a back-test needs a profit ratio above 0")
    if smallest_lot_step < 0:
        raise ValueError("a lot step must not be below 0")
    if not len(times) or any(len(column) != len(times) for column in columns):
        raise ValueError("a back-test needs at least one bar, and both markets at the same times")
    if not np.all(np.diff(times) > 0):
        raise ValueError("the bars are not in order of time")
    for column in columns:
        if not (np.isfinite(column).all() and column.min() > 0):
            raise ValueError("every price must be above 0")
