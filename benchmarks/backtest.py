"""The back-test engine against a bare kernel, a plain loop and other engines, and a sweep of parameter sets."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.backtest_peers import peers
from benchmarks.bare_kernel import FEE, INVESTMENT, SLIPPAGE, bare_run
from benchmarks.market import BARS, tape
from benchmarks.report import Table
from benchmarks.timing import medians
from trading.core.backtest import BacktestResult, run_backtest
from trading.core.candles import Tape
from trading.core.compiled import plain
from trading.core.fills import Lots, market_costs
from trading.core.funding import FundingRates, FundingSchedule, funding_schedule, no_funding
from trading.core.simulation import TRADE_COLUMNS, Options, decide, simulator
from trading.core.simulation import run as run_plainly
from trading.core.stats import statistics
from trading.core.sweep import run_totals
from trading.core.types import Config, config

SPREADS = (1.0, 1.0, 1.2, 1.5, 2.0, 2.5)
MULTIPLIERS = (1.0, 1.2, 1.5, 2.0, 2.0, 2.5)
TAKE_PROFIT, STOP_LOSS = 1.0, 10.0
EIGHT_HOURS_MS = 8 * 3_600_000
ENDLESS = Options(next_open=True, pause_after_close=False, restart_after_stop_loss=True)
SAME_CLOSE = ENDLESS._replace(next_open=False)
NO_LOTS, FINE_LOTS = Lots(0.0, 0.0, 0.05), Lots(0.001, 0.001, 0.05)
SETS = 32
SWEEP_ROUNDS = 5
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
    return [
        _engines("a year of minutes", YEAR),
        _engines("nearly ten years of minutes", TEN_YEARS),
        _sweep(),
        _around(),
    ]


@dataclass(frozen=True)
class Size:
    bars: int
    rounds: int
    slow_rounds: int  # of what takes seconds
    peers: dict[str, int]


YEAR = Size(BARS, rounds=25, slow_rounds=3, peers={"vectorbt": 5, "backtrader": 1})
TEN_YEARS = Size(5_000_000, rounds=7, slow_rounds=1, peers={"vectorbt": 2, "backtrader": 0})


def _engines(words: str, size: Size) -> Table:
    prices = tape(size.bars)
    rules = _rules(prices)
    bare = _bare(prices, rules)
    known = bare()
    fast = medians({"bare kernel": bare, **_ours(prices, rules)}, size.rounds)
    slow = medians(_loops(prices, rules), size.slow_rounds)
    found = list(peers(prices, rules, size.peers))
    limit = fast["bare kernel"]
    rows = [_row(name, seconds, limit) for name, seconds in (fast | slow).items()]
    rows += [_row(it.name, it.seconds, limit) if it.seconds else [it.name, it.skipped, ""] for it in found]
    agreeing = [it.name for it in found if it.cycles == known[0] and abs(it.equity - known[2]) < 1e-3]
    note = (
        f"{size.bars:,} one-minute bars of two legs, six levels, {known[0]:,} cycles; CPU seconds, medians of "
        "alternating runs, the peers each in a process of its own. The bare kernel has neither configuration nor trade "
        "list, equity curve or expected exit fees, and fills on the deciding close, as the peers do. "
        f"Same cycles and equity as the bare kernel: {', '.join(agreeing) or 'no peer ran'}. "
        "The limit for the engine is 5 times the bare kernel."
    )
    return Table(f"Back-test engines: {words}", note, ["run", "CPU s", "× bare kernel"], rows)


def _row(name: str, seconds: float, limit: float) -> list[str]:
    return [name, f"{seconds:.5f}" if seconds < 1 else f"{seconds:.2f}", f"{seconds / limit:,.2f}"]


def _bare(prices: Tape, rules: Config, run: Callable[..., Any] = bare_run) -> Callable[[], Any]:
    spreads = (prices.closes1 / rules.start1 - 1) * 100 - (prices.closes2 / rules.start2 - 1) * 100
    parameters = np.array([rules.take_profit, rules.stop_loss, *rules.spreads[:6], *rules.multipliers[:6]])
    columns = [prices.closes1, prices.closes2, spreads, parameters]
    if run is not bare_run:
        columns = [column.tolist() for column in columns]
    return lambda: run(*columns)


def _ours(year: Tape, rules: Config) -> dict[str, Callable[[], object]]:
    trades, equity = np.empty((len(year) + 1, len(TRADE_COLUMNS))), np.empty(len(year))
    simulate: Callable[..., object] = simulator(decide)
    gross = rules._replace(net=False)
    funded = _funding(year)

    def engine(rules: Config, options: Options, lots: Lots, funding: FundingSchedule) -> object:
        prices = year.opens1, year.closes1, year.opens2, year.closes2
        booked = funding.bars, funding.per_unit1, funding.per_unit2
        return simulate(
            None, rules, options, lots, market_costs(rules), None, *prices, None, *booked, None, trades, equity
        )

    return {
        "ours, filled on the deciding close, gross P&L": lambda: engine(gross, SAME_CLOSE, NO_LOTS, no_funding()),
        "ours: fees, slippage, next-open fills, net P&L, trade list, equity": lambda: engine(
            rules, ENDLESS, NO_LOTS, no_funding()
        ),
        "the same with lot rounding and funding": lambda: engine(rules, ENDLESS, FINE_LOTS, funded),
        "checked input, run, result arrays": lambda: _whole_run(year, rules),
        "the same and all statistics": lambda: statistics(_whole_run(year, rules), 10_000.0),
    }


def _loops(year: Tape, rules: Config) -> dict[str, Callable[[], object]]:
    """Without a compiler. Prices become lists beforehand, as a loop in plain Python wants them."""
    columns = [column.tolist() for column in (year.opens1, year.closes1, year.opens2, year.closes2)]
    costs = market_costs(rules)
    simulate: Callable[..., object] = plain(run_plainly)
    return {
        "the bare kernel as a plain Python loop": _bare(year, rules, bare_run.py_func),
        "ours as plain Python, like a strategy that cannot be compiled": lambda: simulate(
            None, rules, ENDLESS, NO_LOTS, costs, None, *columns, None, [], [], [], None, None, None
        ),
    }


def _sweep() -> Table:
    year = tape()
    sets = [_varied(_rules(year), index) for index in range(SETS)]
    bare_runs = [_bare(year, rules) for rules in sets]  # spreads ready before the clock starts
    seconds = medians(
        {
            "bare kernel": lambda: [run() for run in bare_runs],
            "ours, totals only": lambda: [_totals(year, rules) for rules in sets],
            "ours, whole runs": lambda: [_whole_run(year, rules) for rules in sets],
        },
        SWEEP_ROUNDS,
    )
    rows = [[name, f"{SETS / spent:,.0f}", f"{seconds['bare kernel'] / spent:.2f}"] for name, spent in seconds.items()]
    note = (
        f"{SETS} parameter sets over {len(year):,} bars on one thread. Totals: P&L, largest fall, cycles, trades, "
        "fees, wins, daily equity, of the trades that whole runs make (next-open fills, net P&L). At least half the "
        "bare kernel's sets a second are wanted."
    )
    return Table("Parameter sweep", note, ["run", "sets a CPU second", "of the bare kernel's"], rows)


def _varied(rules: Config, index: int) -> Config:
    chance = np.random.default_rng(index)
    wider, larger = chance.uniform(0.5, 2.0), chance.uniform(0.7, 1.3)
    return rules._replace(
        take_profit=float(chance.uniform(0.4, 2.0)),
        stop_loss=float(chance.uniform(3.0, 15.0)),
        spreads=tuple(spread * wider for spread in rules.spreads),
        multipliers=tuple(multiplier * larger for multiplier in rules.multipliers),
    )


def _totals(year: Tape, rules: Config) -> object:
    return run_totals(rules, year, pause_after_close=False, restart_after_stop_loss=True)


def _around() -> Table:
    year = tape(PLAIN_BARS)
    plain_loop = medians(_loops(year, _rules(year)), 5)["ours as plain Python, like a strategy that cannot be compiled"]
    rows = [
        ["the same code as plain Python, bars a second (at least 200,000)", f"{PLAIN_BARS / plain_loop:,.0f}"],
        [
            "a new process until its first result, kernels from the disk cache, seconds (under 2)",
            f"{_cold_seconds():.2f}",
        ],
    ]
    return Table("Back-test engine: around it", "The fastest of three processes.", ["what", "figure"], rows)


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


def _cold_seconds() -> float:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", COLD_PROCESS], check=True)
        return time.perf_counter() - start

    return min(once() for _ in range(3))
