"""Two moving averages of one market: with the faster one when it crosses the slower one."""

from typing import Annotated, NamedTuple

import numpy as np

from trading.strategies import FLAT, Config, Decision, Floats, Overlay, Param, Quote, State, Strategy, Tape, compiled
from trading.strategies.indicators import SETTLED, exponential_average, moving_average, rounded
from trading.strategies.shapes import follow

AVERAGES = ("simple", "exponential")
EXPONENTIAL = AVERAGES.index("exponential")


class MaCross(Strategy):
    name = "ma_cross"
    title = "Crossing of two moving averages"
    help = "Long after the fast average crossed above the slow one, short after it crossed below, until it crosses."
    markets = 1
    features = ("gap", "age")
    reads = ()

    class Parameters(NamedTuple):
        average: Annotated[int, Param("Average", choices=AVERAGES)] = 0
        fast: Annotated[int, Param("Fast window", unit="bars", low=1, high=2_000)] = 20
        slow: Annotated[
            int, Param("Slow window", unit="bars", low=2, high=5_000, help="Nothing opens unless it is the longer one.")
        ] = 100
        fresh: Annotated[
            int, Param("Opens within", unit="bars", low=1, high=1_000, help="Of the cross; later ones are left alone.")
        ] = 3

    @staticmethod
    def warmup(params: Parameters) -> int:
        slow = params.slow * (SETTLED if params.average == EXPONENTIAL else 1)
        return slow + params.fresh + 1

    @staticmethod
    def prepare(params: Parameters, tape: Tape) -> Floats:
        fast, slow = _averages(params, tape)
        is_faster = params.fast < params.slow
        gap = rounded((fast / slow - 1.0) * 100.0) if is_faster else np.full(len(tape), np.nan)
        return np.column_stack([gap, _age(gap, params.fresh)])

    @staticmethod
    def overlays(params: Parameters, tape: Tape) -> dict[str, Overlay]:
        fast, slow = _averages(params, tape)
        return {"fast average": Overlay(fast, "price"), "slow average": Overlay(slow, "price")}

    @staticmethod
    @compiled
    def decide(params: Parameters, config: Config, state: State, quote: Quote, features: Floats) -> Decision:
        gap, age = features[0], features[1]
        enter = FLAT
        if age < params.fresh:
            enter = 1 if gap > 0.0 else -1
        return follow(config, state, quote, enter, state.side * gap < 0.0, 1)


def _averages(params: MaCross.Parameters, tape: Tape) -> tuple[Floats, Floats]:
    average = exponential_average if params.average == EXPONENTIAL else moving_average
    return average(tape.closes1, params.fast), average(tape.closes1, params.slow)


def _age(gap: Floats, most: int) -> Floats:
    """Bars since the sign changed, 0 on the bar itself; not a number from `most` bars on, or before a first change."""
    side = _last_side(gap)
    found = np.full(len(gap), np.nan)
    crossed = np.zeros(len(gap), dtype=bool)
    crossed[1:] = side[1:] * side[:-1] < 0.0
    for bars in range(most - 1, -1, -1):
        found[bars:][crossed[: len(gap) - bars]] = bars
    return found


def _last_side(gap: Floats) -> Floats:
    """The sign of each gap, of one that is 0 that of the last other one."""
    known = np.where(gap == 0.0, 0, np.arange(len(gap)))
    return np.sign(gap[np.maximum.accumulate(known)]) if len(gap) else gap
