"""What a process does before its first back-tests, so that nobody waits for it: kernels compiled, files read."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from bots.strategies.registry import Plugin, available
from trading.backtests import stored
from trading.backtests.parameters import SPREAD, parse_parameters
from trading.backtests.run import Markets, Run, simulate_run
from trading.backtests.series import Series
from trading.backtests.setup import setup_of
from trading.core.backtest import Prepared, run_backtest
from trading.core.candles import Candles, align, single
from trading.core.compiled import is_compiled
from trading.scans import warming as scan_warming
from trading.strategies.z_score import ZScore

_PARAMETERS = {
    "investment_per_order": 100,
    "max_position_value": 1000,
    "dca_config": [{"times": 1, "spread": 1.0, "multiplier": 1.0}],
    "max_dca_times": 1,
    "pause_after_close": False,
}
_LADDER = ("dca_config", "max_dca_times")
BY_RATIO: tuple[dict[str, str], ...] = ({}, {"legs": "hedge ratio"})
_BARS = 300
_MINUTE_MS = 60_000


def warm_up(on_failure: Callable[[], None]) -> threading.Thread:
    """Returns once the first back-tests can come; a thread that ends with the process warms the rest behind them, what
    a scan for pairs runs included.

    A back-test that needs what is not compiled yet waits for just that. `on_failure` is called in the thread, within
    an `except`.
    """
    warm_first()
    rest = threading.Thread(target=_warm_rest, args=(on_failure,), name="warming", daemon=True)
    rest.start()
    return rest


def warm_first() -> None:
    """A bot's own run, which has a leverage, from its candles to its stored series."""
    run = _small_run(leverage=10)
    run.summary()
    stored.packed(run.result)


def _warm_rest(on_failure: Callable[[], None]) -> None:
    try:
        run = _small_run()
        run.summary()
        run.setup.totals()
        scan_warming.warm_up()
    except Exception:  # a compiler's faults are of every kind; without warmth all works, only later
        on_failure()


def compile_strategies() -> None:
    """Every strategy that can be compiled, as a back-test of a bot runs it and one without a leverage: minutes."""
    for plugin in available():
        if plugin.name == SPREAD or not is_compiled(plugin.strategy.decide) or plugin.bind().plain_because:
            continue  # the spread's own loop is warmed with the first back-tests
        for more in BY_RATIO if plugin.name == ZScore.name else ({},):
            _compile(plugin, more)


def _compile(plugin: Plugin, strategy_params: dict[str, str]) -> None:
    frame = {name: value for name, value in _PARAMETERS.items() if name not in _LADDER}
    for leverage in ({}, {"leverage": 10}):
        parameters = parse_parameters(frame | leverage | {"strategy_params": strategy_params}, plugin.name)
        tape = align(_waves(0.0), _waves(2.0)).tape if plugin.markets == 2 else single(_waves(0.0))
        setup = setup_of(parameters, tape)
        strategy: Prepared | None = setup.options["strategy"]
        if strategy is not None and strategy.spare is not None:
            ready = strategy._replace(decide=strategy.spare(False), spare=None)
            run_backtest(setup.config, setup.tape, **setup.options | {"strategy": ready})


def _small_run(**more: int) -> Run:
    """Over waves; nothing of it is kept."""
    one, two = (Series(name, _waves(phase), _MINUTE_MS) for name, phase in (("one", 0.0), ("two", 2.0)))
    return simulate_run(parse_parameters(_PARAMETERS | more), Markets(one, two))


def _waves(phase: float) -> Candles:
    start = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
    closes = 100 + 3 * np.sin(np.arange(_BARS) / 10 + phase)
    times = start + np.arange(_BARS, dtype=np.int64) * _MINUTE_MS
    return Candles(times, closes, closes + 1, closes - 1, closes, np.ones(_BARS))
