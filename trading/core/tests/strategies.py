"""Hypothesis strategies for bots, quotes and tapes."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from trading.core.candles import Tape
from trading.core.types import LEVELS_MAX, Config, Quote, State, config, flat_state, position_state, quote

START1, START2 = 100.0, 50.0


def floats(low: float, high: float) -> SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


@st.composite
def configs(draw: DrawFn, max_levels: int = LEVELS_MAX) -> Config:
    levels = draw(st.integers(1, max_levels))
    return config(
        spreads=draw(st.lists(floats(0.05, 3.0), min_size=levels, max_size=levels)),
        multipliers=draw(st.lists(floats(0.5, 3.0), min_size=levels, max_size=levels)),
        investment=draw(floats(10.0, 1000.0)),
        cap=draw(floats(10.0, 20_000.0)),
        regression=draw(st.booleans()),
        take_profit=draw(floats(0.05, 5.0)),
        stop_loss=draw(st.one_of(st.just(0.0), floats(0.1, 20.0))),
        net=draw(st.booleans()),
        momentum=draw(st.booleans()),
        allow_long=draw(st.booleans()),
        allow_short=draw(st.booleans()),
        fee1=draw(floats(-0.0002, 0.001)),
        fee2=draw(floats(-0.0002, 0.001)),
        slippage=draw(floats(0.0, 0.002)),
        start1=START1,
        start2=START2,
    )


@st.composite
def quotes(draw: DrawFn) -> Quote:
    p1, p2 = draw(floats(80.0, 125.0)), draw(floats(40.0, 62.0))
    half1, half2 = draw(floats(0.0, 0.002)), draw(floats(0.0, 0.002))
    return quote(p1, p2, p1 * (1 - half1), p1 * (1 + half1), p2 * (1 - half2), p2 * (1 + half2))


@st.composite
def states(draw: DrawFn, rules: Config) -> State:
    """Flat, or in position with quantities that its investment bought at prices near the start."""
    level = draw(st.integers(0, rules.levels))
    if level == 0:
        return flat_state(draw(floats(-20.0, 20.0)))
    side = draw(st.sampled_from((1, -1)))
    invested = draw(floats(0.1, 1.0)) * rules.investment * sum(rules.multipliers[:level])
    p1, p2 = draw(floats(90.0, 111.0)), draw(floats(45.0, 55.0))
    q1, q2 = side * invested / p1, -side * invested / p2
    last = draw(floats(-20.0, 20.0))
    return position_state(
        level=level,
        side=side,
        reference=last,
        first_spread=draw(floats(-20.0, 20.0)),
        last_spread=last,
        invested=invested,
        q1=q1,
        q2=q2,
        cost=q1 * p1 + q2 * p2,
        fees=invested * draw(floats(0.0, 0.002)),
        funding=draw(floats(-5.0, 5.0)),
    )


@st.composite
def moments(draw: DrawFn) -> tuple[Config, State, Quote]:
    rules = draw(configs())
    return rules, draw(states(rules)), draw(quotes())


@dataclass(frozen=True, slots=True)
class Walk:
    """A random walk by its seed, so that a failing example can be read."""

    seed: int
    step: float
    bars: int = 400

    def tape(self) -> Tape:
        """Two markets that share a part of their moves; opens differ from the closes before them."""
        random = np.random.default_rng(self.seed)
        common = np.cumsum(random.normal(0.0, self.step, self.bars))
        closes1 = START1 * np.exp(common + np.cumsum(random.normal(0.0, self.step / 2, self.bars)))
        closes2 = START2 * np.exp(common)
        opens1 = np.r_[START1, closes1[:-1]] * np.exp(random.normal(0.0, self.step / 10, self.bars))
        opens2 = np.r_[START2, closes2[:-1]] * np.exp(random.normal(0.0, self.step / 10, self.bars))
        return Tape(np.arange(self.bars, dtype=np.int64) * 60_000, opens1, closes1, opens2, closes2)


def walks() -> SearchStrategy[Walk]:
    return st.builds(Walk, st.integers(0, 2**32 - 1), floats(0.001, 0.01))
