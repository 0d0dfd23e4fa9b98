"""A strategy's own lines over the bars of a run, as its report draws them."""

from dataclasses import dataclass

import numpy as np

from bots.strategies.registry import strategy_of
from trading.backtests.errors import BacktestRefused
from trading.backtests.markets import stored_markets
from trading.backtests.parameters import SPREAD, Parameters, parse_parameters
from trading.backtests.run import aligned_bars
from trading.core.candles import Floats, Ints, Tape
from trading.core.strategy_failed import StrategyFailed
from trading.models import Backtest

PRICE = "price"


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """One value a bar, not a number where there is none: of panel `price` in percent since the run's start price."""

    name: str
    panel: str
    values: Floats

    @property
    def moves_alone(self) -> bool:
        """Whether its extremes are seen nowhere else: it is neither beside prices nor level."""
        known = self.values[np.isfinite(self.values)]
        return self.panel == "own" and len(known) > 0 and bool(np.ptp(known))


def lines_of(backtest: Backtest, times: Ints) -> list[DrawnLine]:
    """Over those bars of the run; none where the candles or the strategy are gone, or it fails."""
    if backtest.strategy == SPREAD:
        return []
    try:
        plugin = strategy_of(backtest.strategy)
        parameters = parse_parameters(backtest.parameters, backtest.strategy)
        tape, early = _bars(backtest, parameters, times)
        found = parameters.strategy.overlays(tape)
    except (LookupError, BacktestRefused, StrategyFailed):
        return []
    if not np.array_equal(tape.times[early:], times):
        return []
    start = backtest.summary["start_prices"][0]
    return [
        DrawnLine(
            plugin.word(name),
            line.panel,
            (line.values[early:] / start - 1.0) * 100.0 if line.panel == PRICE else line.values[early:],
        )
        for name, line in found.items()
    ]


def _bars(backtest: Backtest, parameters: Parameters, times: Ints) -> tuple[Tape, int]:
    """Those and the bars before them that warm the strategy up, with their number. Raises BacktestRefused."""
    markets = stored_markets(
        backtest.exchange,
        backtest.market1_symbol,
        backtest.market2_symbol,
        backtest.timeframe,
        since=backtest.since,
        until=backtest.until,
        use_funding=backtest.use_funding,
    )
    tape = aligned_bars(parameters, markets).tape
    first, end = np.searchsorted(tape.times, (times[0], times[-1] + 1))
    early = min(parameters.strategy.warmup, int(first))
    return tape.part(slice(int(first) - early, int(end))), early
