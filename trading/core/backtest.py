"""Back-tests: checked input, the compiled run, and its results as typed arrays and rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.core.candles import Floats, Ints, Tape
from trading.core.compiled import at_hand, is_compiled
from trading.core.fills import Costs, Lots, Minimums, market_costs
from trading.core.funding import FundingSchedule, no_funding
from trading.core.margin import Margin
from trading.core.position_sizing import Sizing
from trading.core.simulation import TRADE_COLUMNS, Decide, Options, Totals, simulator
from trading.core.simulation import decide as spread_decide
from trading.core.types import ACTION_NAMES, LIQUIDATION, SIGNAL, STOP_LOSS, TAKE_PROFIT, Config, State

FillMode = Literal["next_open", "close"]


class Prepared(NamedTuple):
    """A strategy over a tape: its decision, its parameters (a NamedTuple of float, int and bool), and its features.

    `features` has shape (bars, n): row i holds what was known at the close of bar i. None for a strategy without any.
    `ratios`: one a bar, what leg 2 is worth for each 1 of leg 1; None for legs of equal value.
    `spare` says what to decide by where the loop of `decide` is not compiled yet, to the last bit the same: it is given
    whether the run is short, and then takes no time.
    """

    decide: Decide
    params: Any = None
    features: Floats | None = None
    ratios: Floats | None = None
    spare: Callable[[bool], Decide] | None = None


SHORT: Final = 600_000
"""Bars that plain Python has decided before the compiler is ready."""

SPREAD = Prepared(spread_decide)


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
    def liquidated_at(self) -> int | None:
        """The open time of the candle in which the venue closed the position."""
        ended = len(self.action) and self.action[-1] == LIQUIDATION
        return int(self.t[-1]) if ended else None

    @property
    def closes(self) -> NDArray[np.bool_]:
        """Which trades close a cycle."""
        return np.isin(self.action, (TAKE_PROFIT, STOP_LOSS, LIQUIDATION, SIGNAL))

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
) -> BacktestResult:
    """Run a config over a tape, with the spread strategy unless another is given.

    Fees and slippage are the config's unless `costs` says otherwise; lot steps are in base units, 0 for none. Without a
    margin nothing is ever liquidated. A `sizing` with each bar's daily `volatility` takes the place of the config's
    investment. Raises ValueError for a profit ratio of 0 or less, for a margin without highs and
    lows, and for a tape that is empty, out of order or has prices that are no prices.
    """
    prepared = strategy or SPREAD
    columns = price_columns(tape)
    check_rules(config, min(lot_step1, lot_step2))
    check_bars(tape.times, columns)
    schedule = funding or no_funding()
    rows, equity = np.empty((len(tape) + 1, len(TRADE_COLUMNS))), np.empty(len(tape))
    arrays = (*columns, margin and _extremes(tape), schedule.bars, schedule.per_unit1, schedule.per_unit2)
    rules = (
        prepared.params,
        config,
        Options(fill == "next_open", bool(pause_after_close), bool(restart_after_stop_loss)),
        lots_of(tape, lot_step1, lot_step2, max_imbalance, minimums),
        costs or market_costs(config),
        margin,
    )
    rest = (
        _features(tape, prepared.features),
        rows,
        equity,
        sizing,
        _fixed(np.full(len(tape), np.nan) if volatility is None else volatility) if sizing else None,
        None if prepared.ratios is None else _fixed(prepared.ratios),
    )
    decide = _ready(prepared, (*rules, *arrays, *rest), len(tape))
    simulate: Any = simulator(decide)
    if is_compiled(decide):
        totals: Totals = simulate(*rules, *arrays, *rest)
    else:
        totals = _plain_totals(simulate(*rules, *_as_lists(arrays), *rest[:4], *_as_lists(rest[4:])))
    return _result(tape, rows[: totals.trades], equity, totals)


def _ready(prepared: Prepared, arguments: tuple[Any, ...], bars: int) -> Decide:
    """The decision whose loop gives the result soonest."""
    if prepared.spare is None or not is_compiled(prepared.decide):
        return prepared.decide
    if at_hand(simulator(prepared.decide), arguments):
        return prepared.decide
    return prepared.spare(bars <= SHORT)


def lots_of(tape: Tape, step1: float, step2: float, max_imbalance: float, minimums: Minimums | None) -> Lots:
    leg2 = 1.0 if tape.markets == 2 else 0.0
    least = Minimums() if minimums is None else Minimums(*map(float, minimums))
    return Lots(float(step1), float(step2), float(max_imbalance), least, leg2)


def _as_lists(arrays: tuple[Any, ...]) -> list[Any]:
    """For plain Python, which is twice as fast with its own floats as with those of arrays."""
    return [tuple(map(list, a)) if isinstance(a, tuple) else a if a is None else a.tolist() for a in arrays]


def _plain_totals(found: Totals) -> Totals:
    """With numbers of Python's own, whatever kind a strategy calculated with: JSON knows no others."""
    level, side, *rest = found.state
    return found._replace(
        trades=int(found.trades),
        cycles=int(found.cycles),
        paused_bar=int(found.paused_bar),
        realised=float(found.realised),
        final_equity=float(found.final_equity),
        max_drawdown=float(found.max_drawdown),
        fees=float(found.fees),
        funding=float(found.funding),
        state=State(int(level), int(side), *map(float, rest)),
    )


def _result(tape: Tape, rows: Floats, equity: Floats, totals: Totals) -> BacktestResult:
    columns = dict(zip(TRADE_COLUMNS, rows.T.copy(), strict=True))
    bar, action, level, side = (columns.pop(name).astype(np.int64) for name in ("bar", "action", "level", "side"))
    columns["q2"] += 0.0  # no "-0.0" where there is no leg 2
    return BacktestResult(tape.times, equity, tape.times[bar], action, level, side, totals=totals, **columns)


def _extremes(tape: Tape) -> tuple[Floats, Floats, Floats, Floats]:
    """Raises ValueError where the tape has none."""
    found = tape.extremes
    if found is None:
        raise ValueError("a margin needs the bars' highs and lows")
    columns = (found.highs1, found.lows1, found.highs2, found.lows2)
    if any(len(column) != len(tape) for column in columns):
        raise ValueError("there must be a high and a low for every bar")
    return _fixed(found.highs1), _fixed(found.lows1), _fixed(found.highs2), _fixed(found.lows2)


def _features(tape: Tape, features: Floats | None) -> Floats | None:
    if features is None:
        return None
    found = _fixed(features)
    if found.ndim != 2 or len(found) != len(tape):
        raise ValueError("the features must have one row for every bar")
    return found


def price_columns(tape: Tape) -> tuple[Floats, Floats, Floats, Floats]:
    """Opens and closes as the kernel was compiled for."""
    return _fixed(tape.opens1), _fixed(tape.closes1), _fixed(tape.opens2), _fixed(tape.closes2)


def _fixed(column: Floats) -> Floats:
    """In a row and read-only, as shared arrays are: any other kind would compile the kernel anew."""
    found = np.require(column, np.float64, ["C"]).view()
    found.flags.writeable = False
    return found


def check_rules(config: Config, smallest_lot_step: float) -> None:
    if config.take_profit <= 0:
        raise ValueError("a back-test needs a profit ratio above 0")
    if smallest_lot_step < 0:
        raise ValueError("a lot step must not be below 0")


def check_bars(times: Ints, columns: tuple[Floats, ...]) -> None:
    if not len(times) or any(len(column) != len(times) for column in columns):
        raise ValueError("a back-test needs at least one bar, and both markets at the same times")
    if not np.all(np.diff(times) > 0):
        raise ValueError("the bars are not in order of time")
    for column in columns:
        if not (np.isfinite(column).all() and column.min() > 0):
            raise ValueError("every price must be above 0")
