"""What the trade list of a back-test says about its cycles."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading.core.backtest import BacktestResult
from trading.core.candles import Tape
from trading.core.compiled import kernel
from trading.core.fills import Costs
from trading.core.spread import spread_pct
from trading.core.types import ACTION_NAMES, ADD, LEVELS_MAX, OPEN, SIGNAL, STOP_LOSS, TAKE_PROFIT, Config

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cycles:
    """One entry per cycle, the last one possibly open: the bars from whose fill on and before whose fill it was held.

    `opens` and `closes` are rows of the trade list; `closes` lacks an open cycle.
    """

    opens: Ints
    closes: Ints
    first_bars: Ints
    end_bars: Ints

    @property
    def bars_held(self) -> int:
        return int((self.end_bars - self.first_bars).sum())


def cycles_of(result: BacktestResult) -> Cycles:
    opens, closes = np.flatnonzero(result.action == OPEN), np.flatnonzero(result.closes)
    first = np.searchsorted(result.times, result.t[opens])
    ended = np.searchsorted(result.times, result.t[closes])
    ends = np.r_[ended, np.full(len(opens) - len(closes), result.bars)]
    return Cycles(opens, closes, first, ends.astype(np.int64))


def durations(result: BacktestResult, cycles: Cycles) -> Ints:
    """Of closed cycles, from the fill that opened to the fill that closed, in ms."""
    return np.asarray(result.t[cycles.closes] - result.t[cycles.opens[: len(cycles.closes)]])


def levels_used(result: BacktestResult, cycles: Cycles) -> list[int]:
    """How many closed cycles went up to level 1, 2, 3 …, as far as any went."""
    reached = result.level[cycles.closes]
    return [int(count) for count in np.bincount(reached, minlength=1)[1 : LEVELS_MAX + 1]]


def slippage_paid(result: BacktestResult, config: Config, costs: Costs) -> float:
    """Quote currency lost between the candles' prices and the fills'; a liquidation's is not known and not counted."""
    rates = np.zeros(len(ACTION_NAMES))
    rates[OPEN] = rates[ADD] = costs.open_slippage
    rates[TAKE_PROFIT], rates[STOP_LOSS], rates[SIGNAL] = costs.profit_slippage, config.slippage, config.slippage
    return sum(_slipped(q, p, rates[result.action]) for q, p in ((result.q1, result.p1), (result.q2, result.p2)))


def worst_adverse_spread(result: BacktestResult, cycles: Cycles, tape: Tape, config: Config) -> float | None:
    """Percentage points: the furthest that the spread closed against a position, from its cycle's opening decision.

    Bars from the opening fill to the one on whose close the cycle ended. None without cycles.
    """
    if not len(cycles.opens):
        return None
    sides, opening = result.side[cycles.opens], result.spread[cycles.opens]
    at_close = -result.side[cycles.closes] * (result.spread[cycles.closes] - opening[: len(cycles.closes)])
    closes1, closes2 = (np.require(prices, np.float64, ["C", "W"]) for prices in (tape.closes1, tape.closes2))
    held = _adverse(closes1, closes2, config.start1, config.start2, cycles.first_bars, cycles.end_bars, sides, opening)
    return max(0.0, held, float(at_close.max(initial=0.0)))


def _slipped(quantities: Floats, prices: Floats, rates: Floats) -> float:
    """Buyers paid price = candle * (1 + rate), sellers got candle * (1 - rate)."""
    signed = np.copysign(rates, quantities)
    return float((np.abs(quantities) * prices * rates / (1 + signed)).sum())


@kernel
def _adverse(
    closes1: Floats,
    closes2: Floats,
    start1: float,
    start2: float,
    first_bars: Ints,
    end_bars: Ints,
    sides: Ints,
    opening: Floats,
) -> float:
    worst = -math.inf
    for cycle in range(len(first_bars)):
        for bar in range(first_bars[cycle], end_bars[cycle]):
            spread = spread_pct(closes1[bar], closes2[bar], start1, start2)
            worst = max(worst, -sides[cycle] * (spread - opening[cycle]))
    return worst
