"""What a parameter set comes to, without its trade list and equity curve: for searches over thousands of sets."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trading.core.backtest import (
    SHORT,
    BacktestResult,
    FillMode,
    Prepared,
    check_bars,
    check_rules,
    lots_of,
    price_columns,
    run_backtest,
)
from trading.core.candles import Floats, Ints, Tape
from trading.core.fast_forward import Blocks, blocks_of, run_forward
from trading.core.fills import Costs, Minimums, market_costs
from trading.core.funding import FundingSchedule, no_funding
from trading.core.margin import Margin
from trading.core.position_sizing import Sizing
from trading.core.simulation import Decide, Options
from trading.core.types import LIQUIDATION, OPEN, Config

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class SweepTotals:
    """Money in quote currency. Sums over the P&L of closed cycles: `gross_profit` of those above 0, `gross_loss` of
    those below (negative), `sum_squares` of all squared. `daily_equity` is that at the last close of every UTC day."""

    trades: int
    cycles: int
    refused: int
    realised: float
    final_equity: float
    max_drawdown: float
    fees: float
    funding: float
    gross_profit: float
    gross_loss: float
    wins: int
    sum_squares: float
    bars_in_position: int
    bars: int
    liquidated: bool
    daily_times: Ints
    """Open times of those last bars, ms."""
    daily_equity: Floats


def run_totals(
    config: Config,
    tape: Tape,
    *,
    strategy: Prepared | None = None,
    fill: FillMode = "next_open",
    pause_after_close: bool = True,
    restart_after_stop_loss: bool = False,
    lot_step1: float = 0.0,
    lot_step2: float = 0.0,
    max_imbalance: float = 0.05,
    minimums: Minimums | None = None,
    costs: Costs | None = None,
    margin: Margin | None = None,
    funding: FundingSchedule | None = None,
    sizing: Sizing | None = None,
    volatility: Floats | None = None,
) -> SweepTotals:
    """`run_backtest`'s trades, and its money but for the rounding of sums. Raises as that does."""
    strategy = strategy and _patient(strategy, len(tape))
    if strategy is None and margin is None and sizing is None and tape.markets == 2:
        check_rules(config, min(lot_step1, lot_step2))
        track, schedule = track_of(tape), funding or no_funding()
        daily_equity = np.empty(len(track.day_ends))
        sums = run_forward(
            config,
            Options(fill == "next_open", bool(pause_after_close), bool(restart_after_stop_loss)),
            lots_of(tape, lot_step1, lot_step2, max_imbalance, minimums),
            costs or market_costs(config),
            *track.columns,
            *track.highest,
            *_blocks(_SameBars(tape), config.start1, config.start2),
            schedule.bars,
            schedule.per_unit1,
            schedule.per_unit2,
            track.day_ends,
            daily_equity,
        )
        return SweepTotals(*sums, len(tape), False, tape.times[track.day_ends], daily_equity)
    result = run_backtest(
        config,
        tape,
        strategy=strategy,
        fill=fill,
        pause_after_close=pause_after_close,
        restart_after_stop_loss=restart_after_stop_loss,
        lot_step1=lot_step1,
        lot_step2=lot_step2,
        max_imbalance=max_imbalance,
        minimums=minimums,
        costs=costs,
        margin=margin,
        funding=funding,
        sizing=sizing,
        volatility=volatility,
    )
    return totals_of(result)


_decided: Counter[Decide] = Counter()
"""Bars that this process has run over for totals, by decision."""


def _patient(strategy: Prepared, bars: int) -> Prepared:
    """Many runs follow one another: they are as long as all their bars, and worth waiting for the compiler then."""
    spare = strategy.spare
    if spare is None:
        return strategy
    _decided[strategy.decide] += bars
    is_short = _decided[strategy.decide] <= SHORT
    return strategy._replace(spare=lambda _one_run: spare(is_short))


@dataclass(frozen=True, slots=True)
class Track:
    """A tape as the kernel reads it: checked, with the last bars of its days and the highest closes."""

    columns: tuple[Floats, Floats, Floats, Floats]
    highest: tuple[float, float]
    day_ends: Ints


class _SameBars:
    """A tape as a key: equal to another one with the same arrays in memory, which it keeps there."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        arrays = (tape.times, tape.opens1, tape.closes1, tape.opens2, tape.closes2)
        self._place = tuple((array.__array_interface__["data"][0], array.strides, len(array)) for array in arrays)

    def __hash__(self) -> int:
        return hash(self._place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameBars) and self._place == other._place


def track_of(tape: Tape) -> Track:
    """Raises ValueError for bars that cannot be used. Remembers the last tapes: their arrays must not change."""
    return _track(_SameBars(tape))


@lru_cache(maxsize=32)
def _track(bars: _SameBars) -> Track:
    tape = bars.tape
    columns = price_columns(tape)
    check_bars(tape.times, columns)
    highest = float(columns[1].max()), float(columns[3].max())
    return Track(columns, highest, day_ends(tape.times))


@lru_cache(maxsize=32)
def _blocks(bars: _SameBars, start1: float, start2: float) -> Blocks:
    _, closes1, _, closes2 = _track(bars).columns
    return blocks_of(closes1, closes2, start1, start2)


def totals_of(result: BacktestResult) -> SweepTotals:
    """The same from a whole run."""
    closes, totals = result.closes, result.totals
    pnls = result.pnl[closes]
    opened = np.searchsorted(result.times, result.t[result.action == OPEN])
    closed = np.searchsorted(result.times, result.t[closes])
    ends = np.r_[closed, np.full(len(opened) - len(closed), result.bars)]
    days = day_ends(result.times)
    return SweepTotals(
        trades=totals.trades,
        cycles=totals.cycles,
        refused=totals.refused,
        realised=totals.realised,
        final_equity=totals.final_equity,
        max_drawdown=totals.max_drawdown,
        fees=totals.fees,
        funding=totals.funding,
        gross_profit=float(pnls[pnls > 0].sum()),
        gross_loss=float(pnls[pnls < 0].sum()),
        wins=int((pnls > 0).sum()),
        sum_squares=float((pnls * pnls).sum()),
        bars=result.bars,
        bars_in_position=int((ends - opened).sum()),
        liquidated=bool(len(result.action) and result.action[-1] == LIQUIDATION),
        daily_times=result.times[days],
        daily_equity=result.equity[days],
    )


def day_ends(times: Ints) -> Ints:
    """The last bar of every UTC day."""
    days = times // DAY_MS
    return np.flatnonzero(np.append(days[1:] != days[:-1], True)).astype(np.int64)
