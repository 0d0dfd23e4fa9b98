"""How a back-test fills a decision, and what the fill does to the state. Compiled; quantities are floats here."""

import math
from typing import Final, NamedTuple

import numpy as np

from trading.core.compiled import inlined
from trading.core.types import ADD, FLAT, OPEN, Config, Decision, Quote, State

LOT_TOLERANCE: Final = 1e-9
FLOAT_TOLERANCE: Final = 1e-14
"""Of a lot and of a quantity: what float64 may lose of a sum that is a whole number of lots."""


class Lots(NamedTuple):
    """Lot steps in base units, 0 for no rounding; the largest difference of a level's notionals, as a fraction."""

    step1: float
    step2: float
    max_imbalance: float


class Planned(NamedTuple):
    """The unrounded amounts that the ladder wanted so far in this cycle."""

    amount1: float
    amount2: float


class Amounts(NamedTuple):
    amount1: float
    amount2: float


class Fill(NamedTuple):
    """One trade of both legs: signed quantities and prices; quantities of 0 where the lots refuse the level."""

    q1: float
    p1: float
    q2: float
    p2: float
    fees: float


class Execution(NamedTuple):
    """What a decision came to. `pnl` is the closed cycle's, not a number for anything else."""

    state: State
    planned: Planned
    fill: Fill
    pnl: float


@inlined
def execute(
    config: Config, lots: Lots, state: State, planned: Planned, decision: Decision, signal: Quote, p1: float, p2: float
) -> Execution:
    """Fill a decision made at the quote `signal` around the prices p1, p2 (slippage to come)."""
    if decision.action == OPEN or decision.action == ADD:
        notional = config.investment * config.multipliers[state.level]
        wanted = Planned(planned.amount1 + notional / signal.p1, planned.amount2 + notional / signal.p2)
        amounts = level_amounts(lots, state, wanted, notional, signal)
        if amounts.amount1 > 0.0:
            fill = entry_fill(config, decision.side, amounts, p1, p2)
            return Execution(entered(config, state, decision, fill), wanted, fill, math.nan)
        return Execution(state, planned, Fill(0.0, p1, 0.0, p2, 0.0), math.nan)
    fill = exit_fill(config, state, p1, p2)
    after = State(0, FLAT, decision.spread, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Execution(after, Planned(0.0, 0.0), fill, cycle_pnl(state, fill))


@inlined
def level_amounts(lots: Lots, state: State, wanted: Planned, notional: float, signal: Quote) -> Amounts:
    """The rule of `sizing.level_quantities`: cumulative targets on their lots, both legs at the coarser one's share."""
    if lots.step1 == 0.0 and lots.step2 == 0.0:
        return Amounts(notional / signal.p1, notional / signal.p2)
    target1, target2 = on_lot(wanted.amount1, lots.step1), on_lot(wanted.amount2, lots.step2)
    share1, share2 = target1 / wanted.amount1, target2 / wanted.amount2
    if share1 < share2:
        target2 = on_lot(wanted.amount2 * share1, lots.step2)
    elif share2 < share1:
        target1 = on_lot(wanted.amount1 * share2, lots.step1)
    amount1, amount2 = target1 - abs(state.q1), target2 - abs(state.q2)
    notional1, notional2 = amount1 * signal.p1, amount2 * signal.p2
    allowed = lots.max_imbalance * max(notional1, notional2)
    if min(notional1, notional2) <= 0.0 or abs(notional1 - notional2) > allowed:
        return Amounts(0.0, 0.0)
    return Amounts(amount1, amount2)


@inlined
def on_lot(amount: float, step: float) -> float:
    if step == 0.0:
        return amount
    lots = amount / step
    return float(np.floor(lots + lots * FLOAT_TOLERANCE + LOT_TOLERANCE)) * step


@inlined
def entry_fill(config: Config, side: int, amounts: Amounts, p1: float, p2: float) -> Fill:
    f1, f2 = p1 * (1.0 + config.slippage * side), p2 * (1.0 - config.slippage * side)
    fees = amounts.amount1 * f1 * config.fee1 + amounts.amount2 * f2 * config.fee2
    return Fill(side * amounts.amount1, f1, -side * amounts.amount2, f2, fees)


@inlined
def exit_fill(config: Config, state: State, p1: float, p2: float) -> Fill:
    f1, f2 = p1 * (1.0 - config.slippage * state.side), p2 * (1.0 + config.slippage * state.side)
    fees = abs(state.q1) * f1 * config.fee1 + abs(state.q2) * f2 * config.fee2
    return Fill(-state.q1, f1, -state.q2, f2, fees)


@inlined
def entered(config: Config, state: State, decision: Decision, fill: Fill) -> State:
    """The state after a filled level. Its spreads are the decision's, not the fill's."""
    return State(
        state.level + 1,
        decision.side,
        decision.spread,
        decision.spread if state.level == 0 else state.first_spread,
        decision.spread,
        state.invested + config.investment * config.multipliers[state.level],
        state.q1 + fill.q1,
        state.q2 + fill.q2,
        state.cost + fill.q1 * fill.p1 + fill.q2 * fill.p2,
        state.fees + fill.fees,
        state.funding,
    )


@inlined
def cycle_pnl(state: State, fill: Fill) -> float:
    """What the cycle brought, all fees and funding included."""
    return -fill.q1 * fill.p1 - fill.q2 * fill.p2 - state.cost - state.fees - fill.fees + state.funding


@inlined
def with_funding(state: State, received: float) -> State:
    return State(
        state.level,
        state.side,
        state.reference,
        state.first_spread,
        state.last_spread,
        state.invested,
        state.q1,
        state.q2,
        state.cost,
        state.fees,
        state.funding + received,
    )
