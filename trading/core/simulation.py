"""The loop of a back-test: decide on a close, fill at the next open (or on the same close), mark every bar.

One loop for every strategy: `simulator` puts a strategy's `decide` into it.
"""

import math
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import inlined, is_compiled, kernel, plain, with_global
from trading.core.decide import decide as decide_spread
from trading.core.decide import pauses
from trading.core.fills import (
    FILLED,
    Costs,
    Execution,
    Lots,
    Planned,
    Refusals,
    closed_state,
    cycle_pnl,
    execute,
    liquidation_fill,
    with_funding,
)
from trading.core.leg_ratio import EQUAL
from trading.core.margin import Bar, Liquidation, Margin, free_margin, liquidation
from trading.core.pnl import net_pnl
from trading.core.position_sizing import Results, Sizing, investment_of, with_investment, with_result
from trading.core.spread import spread_pct
from trading.core.types import FLAT, LIQUIDATION, NONE, Config, Decision, Quote, State

Floats = NDArray[np.float64]
Bars = NDArray[np.int64]

TRADE_COLUMNS: Final = ("bar", "action", "level", "side", "spread", "q1", "p1", "q2", "p2", "pnl", "fees", "funding")
COLUMNS: Final = len(TRADE_COLUMNS)
_REASONS: Final = len(Refusals._fields) + 1


class Options(NamedTuple):
    """How a run trades: fills at the next open or on the deciding close, and when it ends."""

    next_open: bool
    pause_after_close: bool
    restart_after_stop_loss: bool


class Totals(NamedTuple):
    """What a run comes to, in quote currency; `state` is what is still open at its end."""

    trades: int
    cycles: int
    refusals: Refusals
    paused_bar: int
    """The bar whose close of a cycle ended trading; -1 for none."""
    realised: float
    final_equity: float
    max_drawdown: float
    fees: float
    funding: float
    state: State

    @property
    def refused(self) -> int:
        return sum(self.refusals)


class Decide(Protocol):
    """A strategy's decision at a bar's close. `features` is that bar's row of what `prepare` found, None for none."""

    def __call__(self, params: Any, config: Config, state: State, quote: Quote, features: Any, /) -> Decision: ...


class Simulate(Protocol):
    def __call__(
        self,
        params: Any,
        config: Config,
        options: Options,
        lots: Lots,
        costs: Costs,
        margin: Margin | None,
        opens1: Floats,
        closes1: Floats,
        opens2: Floats,
        closes2: Floats,
        extremes: tuple[Floats, Floats, Floats, Floats] | None,
        funding_bars: Bars,
        funding1: Floats,
        funding2: Floats,
        features: Floats | None,
        trades: Floats | None,
        equity: Floats | None,
        sizing: Sizing | None = None,
        volatility: Floats | None = None,
        ratios: Floats | None = None,
        /,
    ) -> Totals: ...


@inlined
def decide(params: Any, config: Config, state: State, quote: Quote, features: Any) -> Decision:
    """The spread strategy's; `simulator` puts others in its place."""
    return decide_spread(config, state, quote)


def simulator(strategy: Decide) -> Simulate:
    """The loop around a decision: compiled if that is (`compiled.inlined`), else plain Python throughout.

    Both give the same results to the last bit. The plain one also takes lists.
    """
    hashable: Any = strategy
    return _simulator(hashable)


@lru_cache(maxsize=64)
def _simulator(strategy: Any) -> Simulate:
    bound: Any = with_global(run, decide=strategy)
    return kernel(bound) if is_compiled(strategy) else plain(bound)


def run(
    params: Any,
    config: Config,
    options: Options,
    lots: Lots,
    costs: Costs,
    margin: Margin | None,
    opens1: Floats,
    closes1: Floats,
    opens2: Floats,
    closes2: Floats,
    extremes: tuple[Floats, Floats, Floats, Floats] | None,
    funding_bars: Bars,
    funding1: Floats,
    funding2: Floats,
    features: Floats | None,
    trades: Floats | None,
    equity: Floats | None,
    sizing: Sizing | None = None,
    volatility: Floats | None = None,
    ratios: Floats | None = None,
) -> Totals:
    """Run over aligned bars. `trades` (room for one row a bar) and `equity` are written; None leaves them out.

    `funding_bars` ascend; at each of them leg i pays its signed quantity times `funding_i` (mark * rate), before that
    bar's fill: what was held at the stamp pays. A decision on the last bar is not executed. `extremes` (highs and lows
    of market 1, of market 2) come with a margin: looked at after a fill at the open, before one at the close.
    A `sizing` sets the investment anew at every close while flat, by what the run has earned and that bar's volatility.
    `ratios`: what leg 2 of a level decided at that bar is worth for each 1 of leg 1; without them the legs are equal.
    Raises ValueError for arrays whose lengths do not fit: compiled code would write past their ends.
    """
    # One long function on purpose: the loop's variables stay in registers, which is most of its speed.
    check_room(len(closes1), opens1, opens2, closes2, funding_bars, funding1, funding2)
    if trades is not None and (len(trades) < len(closes1) + 1 or trades.shape[1] != COLUMNS):
        raise ValueError("the trade list has no room for one row a bar and one more")
    if equity is not None and len(equity) != len(closes1):
        raise ValueError("the equity curve has no room for every bar")
    if extremes is not None:
        check_extremes(len(closes1), extremes)
    if features is not None and len(features) != len(closes1):
        raise ValueError("the features have no row for every bar")
    if sizing is not None and (volatility is None or len(volatility) != len(closes1)):
        raise ValueError("the volatility has no value for every bar")
    if ratios is not None and len(ratios) != len(closes1):
        raise ValueError("the legs' ratios have no value for every bar")
    state = State(0, FLAT, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    results = Results(0, 0.0, 0.0)
    decision = Decision(NONE, FLAT, 0.0)
    planned = Planned(0.0, 0.0)
    quote = Quote(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    refusals = np.zeros(_REASONS, np.int64)
    realised = peak = drawdown = marked = fees = funding = cost1 = 0.0
    free, leverage, ratio = math.inf, math.inf, EQUAL
    count = cycles = booked = 0
    paused_bar = -1
    last = len(closes1) - 1
    for bar in range(len(closes1)):
        while booked < len(funding_bars) and funding_bars[booked] == bar:
            received = -state.q1 * funding1[booked] - state.q2 * funding2[booked]
            state = with_funding(state, received)
            funding += received
            booked += 1
        signal, p1, p2 = quote, opens1[bar], opens2[bar]
        quote = closing_quote(config, closes1[bar], closes2[bar])
        if not options.next_open:
            if margin is not None and extremes is not None and state.side != FLAT:
                gone = liquidation(margin, state, cost1, realised, whole_bar(p1, p2, quote, extremes, bar))
                if gone.leg1 or gone.leg2:
                    return liquidated(
                        config, gone, state, bar, trades, equity, realised, peak, drawdown,
                        count, cycles, fees, funding, refusals,
                    )  # fmt: skip
            signal, p1, p2 = quote, quote.p1, quote.p2
            row = None if features is None else features[bar]
            ended = paused_bar >= 0 or bar == last
            if sizing is not None and volatility is not None and state.side == FLAT:
                config = with_investment(config, investment_of(sizing, realised, volatility[bar], results))
                ended = ended or not config.investment > 0.0
            if ratios is not None:
                ratio = ratios[bar]
            decision = Decision(NONE, FLAT, 0.0) if ended else decide(params, config, state, quote, row)
        if decision.action != NONE:
            if margin is not None:
                free, leverage = free_margin(margin, state, realised, p1, p2), margin.leverage
            before = state
            done = execute(config, lots, costs, state, planned, decision, signal, p1, p2, free, leverage, ratio)
            state, planned = done.state, done.planned
            if done.refusal != FILLED:
                refusals[done.refusal] += 1
            else:
                if trades is not None:
                    record(trades[count], bar, decision.action, decision.spread, before, done)
                count += 1
                fees += done.fill.fees
                if margin is not None:
                    cost1 = cost1 + done.fill.q1 * done.fill.p1 if state.side != FLAT else 0.0
            if state.level == 0 and before.level > 0:
                realised += done.pnl
                cycles += 1
                if sizing is not None:
                    results = with_result(results, done.pnl, before.invested)
                if pauses(decision.action, options.pause_after_close, options.restart_after_stop_loss):
                    paused_bar = bar
        if margin is not None and extremes is not None and options.next_open and state.side != FLAT:
            gone = liquidation(margin, state, cost1, realised, whole_bar(p1, p2, quote, extremes, bar))
            if gone.leg1 or gone.leg2:
                return liquidated(
                    config, gone, state, bar, trades, equity, realised, peak, drawdown,
                    count, cycles, fees, funding, refusals,
                )  # fmt: skip
        marked = realised
        if state.side != FLAT:
            marked += net_pnl(config, state, quote)
        if equity is not None:
            equity[bar] = marked
        if marked > peak:
            peak = marked
        elif peak - marked > drawdown:
            drawdown = peak - marked
        if options.next_open:
            row = None if features is None else features[bar]
            ended = paused_bar >= 0 or bar == last
            if sizing is not None and volatility is not None and state.side == FLAT:
                config = with_investment(config, investment_of(sizing, realised, volatility[bar], results))
                ended = ended or not config.investment > 0.0
            if ratios is not None:
                ratio = ratios[bar]
            decision = Decision(NONE, FLAT, 0.0) if ended else decide(params, config, state, quote, row)
    counted = refusal_counts(refusals)
    return Totals(count, cycles, counted, paused_bar, realised, marked, drawdown, fees, funding, state)


@inlined
def check_room(
    bars: int, opens1: Floats, opens2: Floats, closes2: Floats, funding_bars: Bars, funding1: Floats, funding2: Floats
) -> None:
    if not len(opens1) == len(opens2) == len(closes2) == bars:
        raise ValueError("the markets have different numbers of bars")
    if not len(funding1) == len(funding2) == len(funding_bars):
        raise ValueError("the funding columns have different lengths")


@inlined
def check_extremes(bars: int, extremes: tuple[Floats, Floats, Floats, Floats]) -> None:
    highs1, lows1, highs2, lows2 = extremes
    if not len(highs1) == len(lows1) == len(highs2) == len(lows2) == bars:
        raise ValueError("there is not a high and a low for every bar")


@inlined
def closing_quote(config: Config, p1: float, p2: float) -> Quote:
    down, up = 1.0 - config.slippage, 1.0 + config.slippage
    return Quote(p1, p2, p1 * down, p1 * up, p2 * down, p2 * up)


@inlined
def whole_bar(
    open1: float, open2: float, quote: Quote, extremes: tuple[Floats, Floats, Floats, Floats], bar: int
) -> Bar:
    highs1, lows1, highs2, lows2 = extremes
    return Bar(open1, highs1[bar], lows1[bar], quote.p1, open2, highs2[bar], lows2[bar], quote.p2)


@inlined
def refusal_counts(by_number: Bars) -> Refusals:
    """Plain ints without the compiler too: JSON knows no others."""
    one, two, three, four = int(by_number[1]), int(by_number[2]), int(by_number[3]), int(by_number[4])
    five, six = int(by_number[5]), int(by_number[6])
    return Refusals(one, two, three, four, five, six, int(by_number[7]), int(by_number[8]))


@kernel
def liquidated(
    config: Config,
    gone: Liquidation,
    state: State,
    bar: int,
    trades: Floats | None,
    equity: Floats | None,
    realised: float,
    peak: float,
    drawdown: float,
    count: int,
    cycles: int,
    fees: float,
    funding: float,
    refusals: Bars,
) -> Totals:
    """The end of a run whose margin ran out: both legs closed within the bar, nothing traded from then on."""
    spread = spread_pct(gone.p1, gone.p2, config.start1, config.start2)
    fill = liquidation_fill(config, state, gone.leg1, gone.leg2, gone.p1, gone.p2)
    after = closed_state(spread)
    pnl = cycle_pnl(state, fill)
    if trades is not None:
        record(trades[count], bar, LIQUIDATION, spread, state, Execution(after, Planned(0.0, 0.0), fill, pnl, FILLED))
    worth = realised + pnl
    if equity is not None:
        equity[bar:] = worth
    fall = max(drawdown, max(peak, worth) - worth)
    paid = fees + fill.fees
    counted = refusal_counts(refusals)
    return Totals(count + 1, cycles + 1, counted, bar, worth, worth, fall, paid, funding, after)


@inlined
def record(row: Floats, bar: int, action: int, spread: float, before: State, done: Execution) -> None:
    """One row of TRADE_COLUMNS; a close carries its cycle's side, level and funding."""
    row[0] = bar
    row[1] = action
    row[2] = max(before.level, done.state.level)
    row[3] = before.side if before.side != FLAT else done.state.side
    row[4] = spread
    row[5], row[6] = done.fill.q1, done.fill.p1
    row[7], row[8] = done.fill.q2, done.fill.p2
    row[9] = done.pnl
    row[10] = done.fill.fees
    row[11] = before.funding
