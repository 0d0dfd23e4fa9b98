"""The back-test engine against a bare kernel over a year of minutes."""

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.bare_kernel import FEE, INVESTMENT, SLIPPAGE, bare_run
from benchmarks.market import tape
from benchmarks.report import Table
from benchmarks.timing import medians
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Tape
from trading.core.compiled import plain
from trading.core.fills import Lots
from trading.core.funding import FundingRates, FundingSchedule, funding_schedule, no_funding
from trading.core.simulation import TRADE_COLUMNS, Options, simulate
from trading.core.stats import statistics
from trading.core.types import Config, config

SPREADS = (1.0, 1.0, 1.2, 1.5, 2.0, 2.5)
MULTIPLIERS = (1.0, 1.2, 1.5, 2.0, 2.0, 2.5)
TAKE_PROFIT, STOP_LOSS = 1.0, 10.0
EIGHT_HOURS_MS = 8 * 3_600_000
ENDLESS = Options(next_open=True, pause_after_close=False, restart_after_stop_loss=True)
NO_LOTS, FINE_LOTS = Lots(0.0, 0.0, 0.05), Lots(0.001, 0.001, 0.05)
ROUNDS = 25
PLAIN_BARS = 40_000
COLD_PROCESS = """
import numpy as np
from trading.core.backtest import run_backtest
from trading.core.candles import Tape
from trading.core.types import config
prices = np.full(10, 100.0)
rules = config(spreads=[1.0], multipliers=[1.0], investment=100, cap=1e9, start1=100, start2=100)
run_backtest(rules, Tape(np.arange(10), prices, prices, prices, prices))
"""


def run() -> list[Table]:
    year = tape()
    rules = _rules(year)
    found = medians(_candidates(year, rules), ROUNDS)
    bare = found["bare kernel"]
    note = (
        f"{len(year):,} one-minute bars of two legs, six levels, {_whole_run(year, rules).totals.cycles:,} cycles; CPU "
        "time, medians of alternating runs. The bare kernel has neither configuration nor trade list, equity curve or "
        "expected exit fees, and fills on the deciding close. The limit for the engine is 5 times its time."
    )
    rows = [[name, f"{seconds * 1e3:.2f}", f"{seconds / bare:.2f}"] for name, seconds in found.items()]
    others = [
        ["the same code as plain Python, bars a second", f"{_plain_bars_per_second(year, rules):,.0f}"],
        ["a new process until its first result, kernels from the disk cache, seconds", f"{_cold_seconds():.2f}"],
    ]
    return [
        Table("Back-test engine", note, ["run", "ms", "× bare kernel"], rows),
        Table(
            "Back-test engine: around it", "One plain run; the fastest of three processes.", ["what", "figure"], others
        ),
    ]


def _candidates(year: Tape, rules: Config) -> dict[str, Callable[[], object]]:
    spreads = (year.closes1 / rules.start1 - 1) * 100 - (year.closes2 / rules.start2 - 1) * 100
    parameters = np.array([TAKE_PROFIT, STOP_LOSS, *SPREADS, *MULTIPLIERS])
    trades, equity = np.empty((len(year), len(TRADE_COLUMNS))), np.empty(len(year))
    funded = _funding(year)

    def engine(lots: Lots, funding: FundingSchedule, *outputs: np.ndarray | None) -> object:
        prices = year.opens1, year.closes1, year.opens2, year.closes2
        booked = funding.bars, funding.per_unit1, funding.per_unit2
        return simulate(rules, ENDLESS, lots, *prices, *booked, *outputs)

    return {
        "bare kernel": lambda: bare_run(year.closes1, year.closes2, spreads, parameters),
        "engine: fees, slippage, next-open fills, net P&L, trade list, equity": lambda: engine(
            NO_LOTS, no_funding(), trades, equity
        ),
        "the same with lot rounding and funding": lambda: engine(FINE_LOTS, funded, trades, equity),
        "totals only": lambda: engine(NO_LOTS, no_funding(), None, None),
        "checked input, run, result arrays": lambda: _whole_run(year, rules),
        "the same and all statistics": lambda: statistics(_whole_run(year, rules), 10_000.0),
    }


def _whole_run(year: Tape, rules: Config) -> BacktestResult:
    return run_backtest(rules, year, pause_after_close=False, restart_after_stop_loss=True)


def _rules(year: Tape) -> Config:
    return config(
        spreads=SPREADS,
        multipliers=MULTIPLIERS,
        investment=INVESTMENT,
        cap=1e9,
        start1=year.opens1[0],
        start2=year.opens2[0],
        take_profit=TAKE_PROFIT,
        stop_loss=STOP_LOSS,
        fee1=FEE,
        fee2=FEE,
        slippage=SLIPPAGE,
    )


def _funding(year: Tape) -> FundingSchedule:
    stamps = np.arange(0, int(year.times[-1]), EIGHT_HOURS_MS, dtype=np.int64)
    rates = np.full(len(stamps), 0.0001)
    leg1 = FundingRates(stamps, rates, np.full(len(stamps), 100.0))
    leg2 = FundingRates(stamps, rates, np.full(len(stamps), 50.0))
    return funding_schedule(year.times, leg1, leg2)


def _plain_bars_per_second(year: Tape, rules: Config) -> float:
    columns = (year.opens1, year.closes1, year.opens2, year.closes2)
    prices = [column[:PLAIN_BARS].tolist() for column in columns]
    simulate_plainly: Callable[..., object] = plain(simulate)
    start = time.process_time()
    simulate_plainly(rules, ENDLESS, NO_LOTS, *prices, [], [], [], None, None)
    return PLAIN_BARS / (time.process_time() - start)


def _cold_seconds() -> float:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", COLD_PROCESS], check=True)
        return time.perf_counter() - start

    return min(once() for _ in range(3))
