"""The compiled loop of a back-test: decide on a close, fill at the next open (or on the same close), mark every bar."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.core.compiled import inlined, kernel
from trading.core.decide import decide, pauses
from trading.core.fills import Execution, Lots, Planned, execute, with_funding
from trading.core.pnl import net_pnl
from trading.core.types import FLAT, NONE, Config, Decision, Quote, State

Floats = NDArray[np.float64]
Bars = NDArray[np.int64]

TRADE_COLUMNS: Final = ("bar", "action", "level", "side", "spread", "q1", "p1", "q2", "p2", "pnl", "fees", "funding")
COLUMNS: Final = len(TRADE_COLUMNS)


class Options(NamedTuple):
    """How a run trades: fills at the next open or on the deciding close, and when it ends."""

    next_open: bool
    pause_after_close: bool
    restart_after_stop_loss: bool


class Totals(NamedTuple):
    """What a run comes to, in quote currency; `state` is what is still open at its end."""

    trades: int
    cycles: int
    refused: int
    """Decisions to open or add that came to nothing, or to unequal legs, on their lots."""
    paused_bar: int
    """The bar whose close of a cycle ended trading; -1 for none."""
    realised: float
    final_equity: float
    max_drawdown: float
    fees: float
    funding: float
    state: State


@kernel
def simulate(
    config: Config,
    options: Options,
    lots: Lots,
    opens1: Floats,
    closes1: Floats,
    opens2: Floats,
    closes2: Floats,
    funding_bars: Bars,
    funding1: Floats,
    funding2: Floats,
    trades: Floats | None,
    equity: Floats | None,
) -> Totals:
    """Run over aligned bars. `trades` (room for one row a bar) and `equity` are written; None leaves them out.

    `funding_bars` ascend; at each of them leg i pays its signed quantity times `funding_i` (mark * rate), before that
    bar's fill: what was held at the stamp pays. A decision on the last bar is not executed.
    Raises ValueError for arrays whose lengths do not fit: compiled code would write past their ends.
    """
    # One long function on purpose: the loop's variables stay in registers, which is most of its speed.
    check_room(len(closes1), opens1, opens2, closes2, funding_bars, funding1, funding2)
    if trades is not None and (len(trades) < len(closes1) or trades.shape[1] != COLUMNS):
        raise ValueError("the trade list has no room for one row a bar")
    if equity is not None and len(equity) != len(closes1):
        raise ValueError("the equity curve has no room for every bar")
    state = State(0, FLAT, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    decision = Decision(NONE, FLAT, 0.0)
    planned = Planned(0.0, 0.0)
    quote = Quote(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    realised = peak = drawdown = marked = fees = funding = 0.0
    count = cycles = refused = booked = 0
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
            signal, p1, p2 = quote, quote.p1, quote.p2
            decision = decide_unless(paused_bar >= 0 or bar == last, config, state, quote)
        if decision.action != NONE:
            before = state
            done = execute(config, lots, state, planned, decision, signal, p1, p2)
            state, planned = done.state, done.planned
            if done.fill.q1 == 0.0:
                refused += 1
            else:
                if trades is not None:
                    record(trades[count], bar, decision, before, done)
                count += 1
                fees += done.fill.fees
            if state.level == 0 and before.level > 0:
                realised += done.pnl
                cycles += 1
                if pauses(decision.action, options.pause_after_close, options.restart_after_stop_loss):
                    paused_bar = bar
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
            decision = decide_unless(paused_bar >= 0 or bar == last, config, state, quote)
    return Totals(count, cycles, refused, paused_bar, realised, marked, drawdown, fees, funding, state)


@inlined
def check_room(
    bars: int, opens1: Floats, opens2: Floats, closes2: Floats, funding_bars: Bars, funding1: Floats, funding2: Floats
) -> None:
    if not len(opens1) == len(opens2) == len(closes2) == bars:
        raise ValueError("the markets have different numbers of bars")
    if not len(funding1) == len(funding2) == len(funding_bars):
        raise ValueError("the funding columns have different lengths")


@inlined
def closing_quote(config: Config, p1: float, p2: float) -> Quote:
    down, up = 1.0 - config.slippage, 1.0 + config.slippage
    return Quote(p1, p2, p1 * down, p1 * up, p2 * down, p2 * up)


@inlined
def decide_unless(ended: bool, config: Config, state: State, quote: Quote) -> Decision:
    return Decision(NONE, FLAT, 0.0) if ended else decide(config, state, quote)


@inlined
def record(row: Floats, bar: int, decision: Decision, before: State, done: Execution) -> None:
    """One row of TRADE_COLUMNS; a close carries its cycle's level and funding."""
    row[0] = bar
    row[1] = decision.action
    row[2] = max(before.level, done.state.level)
    row[3] = decision.side
    row[4] = decision.spread
    row[5], row[6] = done.fill.q1, done.fill.p1
    row[7], row[8] = done.fill.q2, done.fill.p2
    row[9] = done.pnl
    row[10] = done.fill.fees
    row[11] = before.funding
