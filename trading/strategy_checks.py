"""Whether a strategy keeps its promises: it runs, it does not look ahead, and how fast it is."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from bots.strategies.registry import Plugin
from exchanges.timeframes import TIMEFRAME_MS
from trading.core.backtest import Prepared
from trading.core.candles import DAY_MS, Extremes, Ints, Rates, Tape
from trading.core.compiled import is_compiled
from trading.core.lookahead import Leak, check
from trading.core.strategy_failed import StrategyFailed
from trading.strategies.base import Bound
from trading.strategies.beginning import Drift, drifts

BARS: Final = 3_000
"""Beside those of the warm-up."""
MOST_WARMUP: Final = 200_000
PLAIN_BARS: Final = 20_000
"""Histories of so many bars are through in plain Python before a decision is compiled."""
_HOUR_MS: Final = TIMEFRAME_MS["1h"]
_FIRST_MS: Final = 1_704_067_200_000  # 2024-01-01
_KEEP: Final = 0.97
"""Of the gap, from hour to hour."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`plain_because`: why Numba cannot compile a decision that asks for it; empty if it can, or was not asked to."""

    name: str
    is_compiled: bool
    plain_because: str
    bars: int
    leaks: list[Leak]
    drifts: list[Drift]


def check_strategy(plugin: Plugin, tape: Tape | None = None) -> Checked:
    """With its default parameters, over generated hours unless a tape is given."""
    bound = plugin.bind()
    history = tape or generated_tape(_warmup(bound) + BARS, markets=plugin.markets)
    subject = bound if len(history) > PLAIN_BARS else _Plainly(bound)
    leaks = check(subject, history)
    is_quick, because = is_compiled(bound.decide), bound.plain_because
    return Checked(plugin.name, is_quick, because, len(history), leaks, [] if leaks else drifts(bound, history))


@dataclass(frozen=True, slots=True)
class _Plainly:
    """A strategy that decides in plain Python, whether it can be compiled or not."""

    bound: Bound

    @property
    def name(self) -> str:
        return self.bound.name

    @property
    def features(self) -> tuple[str, ...]:
        return self.bound.features

    @property
    def warmup(self) -> int:
        return self.bound.warmup

    def prepared(self, tape: Tape) -> Prepared:
        return self.bound.prepared_plainly(tape)


def _warmup(bound: Bound) -> int:
    """0 for one that fails: the check names that."""
    try:
        return min(bound.warmup, MOST_WARMUP)
    except StrategyFailed:
        return 0


def generated_tape(bars: int, *, markets: int = 2, seed: int = 7) -> Tape:
    """Hours of two markets with a common random walk and a gap that closes again; the same for the same seed."""
    random = np.random.default_rng(seed)
    common = np.cumsum(random.normal(0.0, 0.006, bars))
    gap = np.zeros(bars)
    for i, shock in enumerate(random.normal(0.0, 0.004, bars - 1), start=1):
        gap[i] = _KEEP * gap[i - 1] + shock
    closes1, closes2 = 100.0 * np.exp(common + gap), 50.0 * np.exp(common)
    if markets == 1:
        closes2 = np.ones(bars)
    opens1, opens2 = np.r_[closes1[0], closes1[:-1]], np.r_[closes2[0], closes2[:-1]]
    times = _FIRST_MS + np.arange(bars, dtype=np.int64) * _HOUR_MS
    extremes = Extremes(
        np.maximum(opens1, closes1),
        np.minimum(opens1, closes1),
        np.maximum(opens2, closes2),
        np.minimum(opens2, closes2),
    )
    tape = Tape(times, opens1, closes1, opens2, closes2, extremes, markets)
    return tape if markets == 1 else tape.with_funding(_generated_rates(times, random), _generated_rates(times, random))


def _generated_rates(times: Ints, random: np.random.Generator) -> Rates:
    """A payment every 8 hours from ten days before, around 1 bp, slow to change."""
    stamps = np.arange(times[0] - 10 * DAY_MS, times[-1] + 1, 8 * _HOUR_MS)
    rates = np.full(len(stamps), 1e-4)
    for i, shock in enumerate(random.normal(0.0, 1e-4, len(stamps) - 1), start=1):
        rates[i] = 1e-4 + _KEEP * (rates[i - 1] - 1e-4) + shock
    return Rates(stamps, rates)
