"""Parameters and a tape put together: what the engine needs for one run, whole or for its totals alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from celery.exceptions import SoftTimeLimitExceeded

from trading.backtests.errors import BacktestRefused
from trading.backtests.parameters import Parameters
from trading.backtests.strategy_faults import failure_words
from trading.core.backtest import BacktestResult, Prepared, run_backtest
from trading.core.candles import Tape
from trading.core.compiled import is_compiled, plain
from trading.core.funding import FundingSchedule
from trading.core.position_sizing import VOLATILITY, daily_volatility
from trading.core.simulation import Decide
from trading.core.strategy_failed import StrategyFailed
from trading.core.sweep import SweepTotals, run_totals
from trading.core.types import Config, Decision, Quote, State
from trading.strategies.position_sizes import sizing_of

Progress = Callable[[int, int], None]
"""Called with the bars done and all of them; what it raises ends the run."""

BARS_LEAST: Final = 2
REPORT_EVERY: Final = 100  # bars: a slow strategy is canceled within a moment


@contextmanager
def _refusing_failures() -> Iterator[None]:
    """What a strategy's own code raises refuses the run, by name and line."""
    try:
        yield
    except StrategyFailed as failed:
        if isinstance(failed.__cause__, SoftTimeLimitExceeded):  # it only happened to be there
            raise failed.__cause__ from None
        raise BacktestRefused([f"strategy: {failure_words(failed)}"]) from failed


@dataclass(frozen=True, slots=True)
class Setup:
    """`options` are keywords of the engine's functions, which raise ValueError for data that no run can use."""

    config: Config
    tape: Tape
    options: dict[str, Any]

    @_refusing_failures()
    def run(self, on_progress: Progress | None = None) -> BacktestResult:
        options, bars = self.options, len(self.tape)
        strategy: Prepared | None = options["strategy"]
        if on_progress is None:
            return run_backtest(self.config, self.tape, **options)
        on_progress(0, bars)
        if strategy and not is_compiled(strategy.decide):
            options = options | {"strategy": _reporting(strategy, on_progress, bars)}
        result = run_backtest(self.config, self.tape, **options)
        on_progress(bars, bars)
        return result

    @_refusing_failures()
    def totals(self) -> SweepTotals:
        return run_totals(self.config, self.tape, **self.options)


@_refusing_failures()
def setup_of(
    parameters: Parameters, tape: Tape, funding: FundingSchedule | None = None, *, bars: slice | None = None
) -> Setup:
    """Over all of a tape, or over some of its bars: those before them then warm up a strategy's features.

    The funding's bars count from the first of these. Start prices are the opens of the first, unless they are given.
    """
    part = slice(0, len(tape)) if bars is None else slice(*bars.indices(len(tape)))
    used = tape.part(part)
    config = parameters.config(float(used.opens1[0]), float(used.opens2[0]))
    options = {
        "strategy": None if parameters.is_spread else _prepared(parameters, tape, part),
        "fill": parameters.fill,
        "pause_after_close": parameters.pause_after_close,
        "restart_after_stop_loss": parameters.restart_after_stop_loss,
        "lot_step1": parameters.lot_step1,
        "lot_step2": parameters.lot_step2,
        "max_imbalance": parameters.max_imbalance,
        "minimums": parameters.minimums,
        "costs": parameters.costs(),
        "margin": parameters.margin,
        "funding": funding,
        **_sizing(parameters, tape, part),
    }
    return Setup(config, used, options)


def _sizing(parameters: Parameters, tape: Tape, part: slice) -> dict[str, Any]:
    """Nothing for fixed sizes. The bars before the part tell the volatility of its first ones."""
    sizing = sizing_of(parameters.sizing)
    if sizing is None:
        return {}
    if sizing.mode != VOLATILITY or len(tape) < BARS_LEAST:
        return {"sizing": sizing}
    early = min(sizing.window, part.start)
    seen = tape.part(slice(part.start - early, part.stop))
    bar_ms = int(np.diff(tape.times).min())
    return {"sizing": sizing, "volatility": daily_volatility(seen, sizing.window, bar_ms)[early:]}


def _prepared(parameters: Parameters, tape: Tape, part: slice) -> Prepared:
    bound = parameters.strategy
    early = min(bound.warmup, part.start)
    features = bound.prepare(tape.part(slice(part.start - early, part.stop)))[early:]
    return bound.prepared_by(features if bound.features else None)


@dataclass(slots=True)
class _Told:
    """A strategy's parameters, and who is told how far the run has come."""

    params: Any
    on_progress: Progress
    bars: int
    asked: int = 0


def _reporting(strategy: Prepared, on_progress: Progress, bars: int) -> Prepared:
    """The same, telling how far it has come."""
    hashable: Any = strategy.decide
    told = _Told(strategy.params, on_progress, bars)
    return strategy._replace(decide=_counted(hashable), params=told)


@lru_cache(maxsize=64)
def _counted(strategy: Any) -> Decide:
    """One function for each strategy, with nothing of a run in it: the engine keeps a loop for each function."""
    decide = plain(strategy)

    def counted(told: _Told, config: Config, state: State, quote: Quote, features: Any) -> Decision:
        told.asked += 1
        if told.asked % REPORT_EVERY == 0:
            told.on_progress(told.asked, told.bars)
        return decide(told.params, config, state, quote, features)

    return counted
