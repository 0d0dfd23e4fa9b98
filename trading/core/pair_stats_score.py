"""A pair measured on the first part of its bars and checked on the last, which the fit has not seen; and its score.

Each part's score is 100 times four shares between 0 and 1, so that one bad answer cannot be made up for by good ones:

- confidence: 1 - q in sample (Engle-Granger, corrected for all pairs of the scan), 1 - p out of sample (Dickey-Fuller
  of the spread with the hedge ratio frozen);
- pace: half-lives in the part, n / (n + 10): how often the gap could close;
- edge: 2 deviations of the spread against what opening and closing both legs costs, gain / (gain + cost);
- steadiness: in sample 1 / (1 + deviation of the rolling hedge ratio / hedge ratio), out of sample
  1 / (1 + distance of the spread's mean from the fitted one, in fitted deviations).

The pair's score is the lower of its two parts'. A pair that is not hedged by selling one and buying the other (hedge
ratio of 0 or below) has none.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trading.core.pair_stats import (
    LEAST_BARS,
    Hedge,
    PairFigures,
    UnitRoot,
    half_life,
    hurst_exponent,
    pair_figures,
    returns_correlation,
    unit_root,
)

Floats = NDArray[np.float64]

LEAST_IN_ALL: Final = 4 * LEAST_BARS
"""Bars of both parts together."""
HALF_LIVES: Final = 10.0
"""Half-lives in a part at which its pace is one half."""
ENTRY_DEVIATIONS: Final = 2.0
FOUND_Q: Final = 0.05
HELD_P: Final = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """The last part, by the hedge ratio and mean of the first. `drift`: how far the spread's mean has moved, in
    deviations of the first part, with its sign."""

    bars: int
    correlation: float
    unit_root: UnitRoot
    half_life_bars: float | None
    hurst: float
    drift: float
    spread_deviation: float


@dataclass(frozen=True, slots=True)
class Measured:
    fitted: PairFigures
    check: Check


def measure(values1: Floats, values2: Floats, out_of_sample: float) -> Measured:
    """Log prices of the bars that both have. `out_of_sample`: the share that the fit does not see, the last bars.

    Raises ValueError for fewer than LEAST_IN_ALL bars, or a part with too few.
    """
    if len(values1) < LEAST_IN_ALL:
        raise ValueError(f"{len(values1)} bars; {LEAST_IN_ALL} are the least")
    split = split_of(len(values1), out_of_sample)
    fitted = pair_figures(values1[:split], values2[:split])
    return Measured(fitted, checked(fitted.hedge, fitted.spread_deviation, values1[split:], values2[split:]))


def split_of(bars: int, out_of_sample: float) -> int:
    """How many bars the fit sees."""
    return bars - round(bars * out_of_sample)


def checked(hedge: Hedge, deviation: float, values1: Floats, values2: Floats) -> Check:
    """Later bars by an earlier fit."""
    spread = hedge.spread(values1, values2)
    return Check(
        bars=len(spread),
        correlation=returns_correlation(values1, values2),
        unit_root=unit_root(spread),
        half_life_bars=half_life(spread),
        hurst=hurst_exponent(spread),
        drift=float(spread.mean()) / deviation if deviation > 0.0 else math.nan,
        spread_deviation=float(spread.std()),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """What a part's score is made of. `doubt`: q in sample, p out of sample; `unsteadiness`: 0 is perfectly steady."""

    doubt: float
    bars: int
    half_life_bars: float | None
    deviation: float
    unsteadiness: float


def score_of(part: Part, ratio: float, cost: float) -> float:
    """0 to 100. `deviation` of the spread in log price; `cost` of opening and closing both legs, as a share of one
    leg's notional; `ratio`: the hedge ratio."""
    if not ratio > 0.0:
        return 0.0
    shares = (1.0 - part.doubt, _pace(part.bars, part.half_life_bars), _edge(part.deviation, cost))
    found = 100.0 * math.prod(shares) / (1.0 + part.unsteadiness)
    return found if math.isfinite(found) else 0.0


def _pace(bars: int, half_life_bars: float | None) -> float:
    if half_life_bars is None:
        return 0.0
    half_lives = bars / half_life_bars
    return half_lives / (half_lives + HALF_LIVES)


def _edge(deviation: float, cost: float) -> float:
    gain = ENTRY_DEVIATIONS * deviation
    return gain / (gain + cost) if gain > 0.0 else 0.0
