"""The loop of a back-test for totals alone: bars on which surely nothing happens are only marked.

Between two trades the P&L is linear in both prices, and so is the spread. A bar on which neither comes near a threshold
needs a few multiplications; any other one is decided, filled and marked as `simulation.run` does it. Bars in a row come
in blocks whose highest and lowest spread and price are known: a whole block is passed where these already show that
none of its bars decides anything or moves the peak or the drawdown.
"""

import math
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import inlined, kernel
from trading.core.decide import decide, pauses
from trading.core.fills import FILLED, Costs, Lots, Planned, execute, with_funding
from trading.core.leg_ratio import EQUAL
from trading.core.pnl import net_pnl
from trading.core.simulation import Options, check_room, closing_quote
from trading.core.spread import spread_pct
from trading.core.types import FLAT, LONG_SPREAD, NONE, SHORT_SPREAD, Config, Decision, Quote, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAFETY: Final = 1e-11
"""Of the figures that go into a sum: a thousand times what float64 may lose in it. Nearer to a threshold, the decision
itself is asked."""


BLOCK: Final = 32


class Sums(NamedTuple):
    """What `sweep.SweepTotals` is made of."""

    trades: int
    cycles: int
    refused: int
    realised: float
    final_equity: float
    max_drawdown: float
    fees: float
    funding: float
    gross_profit: float
    gross_loss: float
    wins: int
    sum_squares: float
    bars_in_position: int


class Line(NamedTuple):
    """A figure that is linear in the closes: of1 * p1 + of2 * p2 + fixed."""

    of1: float
    of2: float
    fixed: float


class Blocks(NamedTuple):
    """Of every BLOCK bars in a row (the last ones may be fewer): lowest and highest spread, and close of market 2."""

    spread_low: Floats
    spread_high: Floats
    price_low: Floats
    price_high: Floats


class Limits(NamedTuple):
    """Open ends between which nothing happens: of the P&L that is decided by, and of the spread."""

    pnl_low: float
    pnl_high: float
    spread_low: float
    spread_high: float


@kernel
def run_forward(
    config: Config,
    options: Options,
    lots: Lots,
    costs: Costs,
    opens1: Floats,
    closes1: Floats,
    opens2: Floats,
    closes2: Floats,
    highest1: float,
    highest2: float,
    spread_lows: Floats,
    spread_highs: Floats,
    price_lows: Floats,
    price_highs: Floats,
    funding_bars: Ints,
    funding1: Floats,
    funding2: Floats,
    day_ends: Ints,
    daily_equity: Floats,
) -> Sums:
    """`simulation.run` of the spread strategy without margin. `day_ends` ascend and end with the last bar; equity at
    each of them is written. `highest`: no close is above it."""
    # One long function for the reason that `simulation.run` is one.
    check_room(len(closes1), opens1, opens2, closes2, funding_bars, funding1, funding2)
    if len(daily_equity) != len(day_ends) or day_ends[-1] != len(closes1) - 1:
        raise ValueError("the days do not fit the bars")
    if not len(spread_lows) == len(spread_highs) == len(price_lows) == len(price_highs) == -(-len(closes1) // BLOCK):
        raise ValueError("the blocks do not fit the bars")
    state = State(0, FLAT, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    decision = Decision(NONE, FLAT, 0.0)
    planned = Planned(0.0, 0.0)
    quote = Quote(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    realised = peak = drawdown = fees = funding = gross_profit = gross_loss = sum_squares = 0.0
    trades = cycles = refused = wins = held = booked = day = bar = 0
    ended = False
    last = len(closes1) - 1
    while True:
        while booked < len(funding_bars) and funding_bars[booked] == bar:
            received = -state.q1 * funding1[booked] - state.q2 * funding2[booked]
            state = with_funding(state, received)
            funding += received
            booked += 1
        signal, p1, p2 = quote, opens1[bar], opens2[bar]
        quote = closing_quote(config, closes1[bar], closes2[bar])
        if not options.next_open:
            signal, p1, p2 = quote, quote.p1, quote.p2
            decision = Decision(NONE, FLAT, 0.0) if ended or bar == last else decide(config, state, quote)
        if decision.action != NONE:
            before = state
            done = execute(config, lots, costs, state, planned, decision, signal, p1, p2, math.inf, math.inf, EQUAL)
            state, planned = done.state, done.planned
            if done.refusal != FILLED:
                refused += 1
            else:
                trades += 1
                fees += done.fill.fees
            if state.level == 0 and before.level > 0:
                realised += done.pnl
                cycles += 1
                sum_squares += done.pnl * done.pnl
                if done.pnl > 0.0:
                    wins += 1
                    gross_profit += done.pnl
                else:
                    gross_loss += done.pnl
                ended = pauses(decision.action, options.pause_after_close, options.restart_after_stop_loss)
        marked = realised
        if state.side != FLAT:
            marked += net_pnl(config, state, quote)
            held += 1
        peak = max(peak, marked)
        drawdown = max(drawdown, peak - marked)
        if day_ends[day] == bar:
            daily_equity[day] = marked
            day += 1
        if bar == last:
            break
        if options.next_open:
            decision = Decision(NONE, FLAT, 0.0) if ended else decide(config, state, quote)
        bar += 1
        if options.next_open and decision.action != NONE:
            continue
        stop = day_ends[day]
        if booked < len(funding_bars) and funding_bars[booked] >= bar:
            stop = min(stop, funding_bars[booked])
        if state.side == FLAT:
            if ended:
                bar = stop
            else:
                bar = flat_until(
                    config, state, closes1, closes2, highest1, highest2, spread_lows, spread_highs, bar, stop
                )
        else:
            begin = bar
            bar, peak, drawdown = held_until(
                config, state, closes1, closes2, highest1, highest2, spread_lows, spread_highs, price_lows, price_highs,
                bar, stop, realised, peak, drawdown,
            )  # fmt: skip
            held += bar - begin
    return Sums(
        trades, cycles, refused, realised, marked, drawdown, fees, funding,
        gross_profit, gross_loss, wins, sum_squares, held,
    )  # fmt: skip


@inlined
def flat_until(
    config: Config,
    state: State,
    closes1: Floats,
    closes2: Floats,
    highest1: float,
    highest2: float,
    spread_lows: Floats,
    spread_highs: Floats,
    begin: int,
    stop: int,
) -> int:
    """The first bar from `begin` at whose close a position might be opened, at most `stop`."""
    limits = flat_limits(config, state, spread_margin(config, highest1, highest2))
    spread = spread_line(config)
    bar = begin
    while bar < stop:
        block = bar // BLOCK
        end = min(stop, (block + 1) * BLOCK)
        if not (spread_lows[block] > limits.spread_low and spread_highs[block] < limits.spread_high):
            for one in range(bar, end):
                now = spread.of1 * closes1[one] + spread.of2 * closes2[one]
                if now <= limits.spread_low or now >= limits.spread_high:
                    return one
        bar = end
    return stop


@inlined
def held_until(
    config: Config,
    state: State,
    closes1: Floats,
    closes2: Floats,
    highest1: float,
    highest2: float,
    spread_lows: Floats,
    spread_highs: Floats,
    price_lows: Floats,
    price_highs: Floats,
    begin: int,
    stop: int,
    realised: float,
    peak: float,
    drawdown: float,
) -> tuple[int, float, float]:
    """The first bar from `begin` at whose close something might be done, at most `stop`; the bars before it marked."""
    net = net_line(config, state)
    decided = net if config.net else gross_line(state)
    pnl_margin = SAFETY * (
        abs(decided.of1) * highest1 + abs(decided.of2) * highest2 + abs(decided.fixed) + state.invested
    )
    limits = held_limits(config, state, pnl_margin, spread_margin(config, highest1, highest2))
    spread = spread_line(config)
    by_spread, by_spread_net = of_spread(config, decided), of_spread(config, net)
    bar = begin
    while bar < stop:
        block = bar // BLOCK
        end = min(stop, (block + 1) * BLOCK)
        low, high = spread_lows[block], spread_highs[block]
        least, most = bounds(by_spread, low, high, price_lows[block], price_highs[block])
        quiet = low > limits.spread_low and high < limits.spread_high
        quiet = quiet and least > limits.pnl_low and most < limits.pnl_high
        if quiet and not config.net:
            least, most = bounds(by_spread_net, low, high, price_lows[block], price_highs[block])
        if not (quiet and realised + most <= peak and peak - (realised + least) <= drawdown):
            for one in range(bar, end):
                p1, p2 = closes1[one], closes2[one]
                now = spread.of1 * p1 + spread.of2 * p2
                pnl = decided.of1 * p1 + decided.of2 * p2 + decided.fixed
                if (now <= limits.spread_low) | (now >= limits.spread_high):
                    return one, peak, drawdown
                if (pnl <= limits.pnl_low) | (pnl >= limits.pnl_high):
                    return one, peak, drawdown
                marked = realised + (net.of1 * p1 + net.of2 * p2 + net.fixed)
                peak = max(peak, marked)
                drawdown = max(drawdown, peak - marked)
        bar = end
    return stop, peak, drawdown


@inlined
def of_spread(config: Config, line: Line) -> Line:
    """The same figure, linear in the spread and in market 2's price: p1 is start1 * (spread / 100 + p2 / start2)."""
    by_spread = line.of1 * config.start1 / 100.0
    return Line(by_spread, line.of1 * config.start1 / config.start2 + line.of2, line.fixed)


@inlined
def bounds(
    line: Line, spread_low: float, spread_high: float, price_low: float, price_high: float
) -> tuple[float, float]:
    """What the figure cannot be below or above where its two parts are within these."""
    one, other = line.of1 * spread_low, line.of1 * spread_high
    price_one, price_other = line.of2 * price_low, line.of2 * price_high
    least = min(one, other) + min(price_one, price_other) + line.fixed
    return least, max(one, other) + max(price_one, price_other) + line.fixed


def blocks_of(closes1: Floats, closes2: Floats, start1: float, start2: float) -> Blocks:
    spread: Floats = cast(Any, spread_pct)(closes1, closes2, start1, start2)
    begins = np.arange(0, len(closes1), BLOCK)
    return Blocks(
        np.minimum.reduceat(spread, begins),
        np.maximum.reduceat(spread, begins),
        np.minimum.reduceat(closes2, begins),
        np.maximum.reduceat(closes2, begins),
    )


@inlined
def spread_line(config: Config) -> Line:
    return Line(100.0 / config.start1, -100.0 / config.start2, 0.0)


@inlined
def spread_margin(config: Config, highest1: float, highest2: float) -> float:
    return SAFETY * (100.0 * highest1 / config.start1 + 100.0 * highest2 / config.start2 + 200.0)


@inlined
def net_line(config: Config, state: State) -> Line:
    """`pnl.net_pnl` of a position."""
    down, up = 1.0 - config.slippage, 1.0 + config.slippage
    exit1, exit2 = down if state.q1 > 0.0 else up, down if state.q2 > 0.0 else up
    of1 = (state.q1 - abs(state.q1) * config.fee1) * exit1
    of2 = (state.q2 - abs(state.q2) * config.fee2) * exit2
    return Line(of1, of2, state.funding - state.cost - state.fees)


@inlined
def gross_line(state: State) -> Line:
    return Line(state.q1, state.q2, -state.cost)


@inlined
def flat_limits(config: Config, state: State, safety: float) -> Limits:
    """Where `decide.opening_side` stays FLAT."""
    low = high = math.inf
    if config.take_profit > 0.0 and 2.0 * config.investment * config.multipliers[0] <= config.cap:
        rising = LONG_SPREAD if config.momentum else SHORT_SPREAD
        rises = config.allow_long if rising == LONG_SPREAD else config.allow_short
        falls = config.allow_short if rising == LONG_SPREAD else config.allow_long
        if rises:
            high = state.reference + config.spreads[0] - safety
        if falls:
            low = config.spreads[0] - state.reference - safety
    return Limits(-math.inf, math.inf, -low, high)


@inlined
def held_limits(config: Config, state: State, pnl_safety: float, safety: float) -> Limits:
    """Where neither `decide.exit_action` nor `decide.add_reached` says anything."""
    pnl_low, pnl_high, with_it, against = -math.inf, math.inf, math.inf, math.inf
    if config.stop_loss > 0.0:
        pnl_low = -config.stop_loss / 100.0 * state.invested + pnl_safety
    if config.regression:
        with_it = config.take_profit - safety + state.side * state.first_spread
    else:
        pnl_high = config.take_profit / 100.0 * state.invested - pnl_safety
    if next_level_fits(config, state):
        against = config.spreads[state.level] - safety - state.side * state.last_spread
    if state.side == LONG_SPREAD:
        return Limits(pnl_low, pnl_high, -against, with_it)
    return Limits(pnl_low, pnl_high, -with_it, against)


@inlined
def next_level_fits(config: Config, state: State) -> bool:
    if state.level >= config.levels:
        return False
    return 2.0 * (state.invested + config.investment * config.multipliers[state.level]) <= config.cap
