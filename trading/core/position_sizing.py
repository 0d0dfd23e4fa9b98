"""How large the orders of a cycle are: fixed, a share of what the bot has, by volatility, or by Kelly's criterion.

The size is set when a cycle opens and holds for all its levels; each level multiplies it as the ladder says. What a bot
has is the capital it was given and what its closed cycles brought: the same live as in a back-test.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.core.candles import DAY_MS, Tape
from trading.core.compiled import inlined
from trading.core.rolling import rolling_mean_deviation
from trading.core.types import Config

Floats = NDArray[np.float64]

EQUITY: Final = 1
VOLATILITY: Final = 2
KELLY: Final = 3
MODES: Final = ("fixed", "equity", "volatility", "kelly")
"""By number; `fixed` is no `Sizing` at all: `investment_per_order` as it stands."""


class Sizing(NamedTuple):
    """`capital` in quote currency; `share`, `target` and `most` are fractions of what the bot has.

    `share`: of each order (Kelly's as long as fewer than `least` cycles are closed). `target`: how much one order's
    value may move in a day, as a standard deviation, by the last `window` bars. `kelly`: which part of Kelly's fraction
    is used. No order is above `most`.
    """

    mode: int
    capital: float
    share: float
    target: float
    window: int
    kelly: float
    least: int
    most: float


class Results(NamedTuple):
    """Of closed cycles: how many, the sum of their returns (P&L over one leg's invested value) and of the squares."""

    cycles: int
    total: float
    squares: float


@inlined
def investment_of(sizing: Sizing, earned: float, volatility: float, results: Results) -> float:
    """Notional of a cycle's opening order, of each leg; 0 where nothing may be opened.

    `volatility`: standard deviation of a day's return of what is traded, as a fraction, not a number where not known.
    """
    worth = sizing.capital + earned
    if not worth > 0.0:
        return 0.0
    share = sizing.share
    if sizing.mode == VOLATILITY:
        share = sizing.target / volatility if volatility > 0.0 else 0.0
    elif sizing.mode == KELLY and results.cycles >= sizing.least:
        share = sizing.kelly * kelly_fraction(results)
    return worth * max(0.0, min(share, sizing.most))


@inlined
def kelly_fraction(results: Results) -> float:
    """Mean over variance of the cycles' returns; 0 where they lose on average, infinite where they never vary."""
    mean = results.total / results.cycles
    variance = results.squares / results.cycles - mean * mean
    if not mean > 0.0:
        return 0.0
    return mean / variance if variance > 0.0 else math.inf


@inlined
def with_result(results: Results, pnl: float, invested: float) -> Results:
    if not invested > 0.0:
        return results
    gained = pnl / invested
    return Results(results.cycles + 1, results.total + gained, results.squares + gained * gained)


@inlined
def with_investment(config: Config, investment: float) -> Config:
    return Config(
        config.spreads,
        config.multipliers,
        investment,
        config.cap,
        config.levels,
        config.regression,
        config.take_profit,
        config.stop_loss,
        config.net,
        config.momentum,
        config.allow_long,
        config.allow_short,
        config.fee1,
        config.fee2,
        config.slippage,
        config.start1,
        config.start2,
    )


def daily_volatility(tape: Tape, window: int, bar_ms: int) -> Floats:
    """Of a day's log return of market 1, or of its difference to market 2's, by the last `window` bars; one value a
    bar, not a number before there are that many."""
    one = np.diff(np.log(tape.closes1), prepend=np.nan)
    two = np.diff(np.log(tape.closes2), prepend=np.nan)
    returns = one - two
    found = np.full(len(tape), np.nan)
    if len(tape) > window:
        _mean, deviation = rolling_mean_deviation(returns[1:], window)
        found[1:] = np.round(deviation * math.sqrt(DAY_MS / bar_ms), PLACES)
    return found


PLACES: Final = 12
"""So that another beginning of the series gives the same figure."""
