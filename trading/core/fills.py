"""How a back-test fills a decision, and what the fill does to the state. Compiled; quantities are floats here."""

import math
from typing import Final, NamedTuple

import numpy as np

from trading.core.compiled import inlined
from trading.core.leg_ratio import usable, value_of_leg1
from trading.core.rules import side_allowed
from trading.core.types import ADD, FLAT, LONG_SPREAD, OPEN, SHORT_SPREAD, TAKE_PROFIT, Config, Decision, Quote, State

LOT_TOLERANCE: Final = 1e-9
FLOAT_TOLERANCE: Final = 1e-14
"""Of a lot and of a quantity: what float64 may lose of a sum that is a whole number of lots."""

FILLED: Final = 0
BELOW_LOT: Final = 1
IMBALANCE: Final = 2
BELOW_AMOUNT: Final = 3
BELOW_NOTIONAL: Final = 4
NO_MARGIN: Final = 5
OVER_CAP: Final = 6
IMPOSSIBLE: Final = 7
HEDGE_RATIO: Final = 8


class Refusals(NamedTuple):
    """How many decisions came to nothing, by the reason; the fields' order is that of the numbers above, from 1."""

    lot_step: int = 0
    max_imbalance: int = 0
    min_amount: int = 0
    min_notional: int = 0
    margin: int = 0
    max_position_value: int = 0
    impossible: int = 0
    """To close or add while flat, to open in position, past the last level or on a side that is not allowed."""
    hedge_ratio: int = 0
    """A strategy's ratio of the legs is not known or out of bounds (`leg_ratio`)."""


class Minimums(NamedTuple):
    """The least that the venues take in one order: in base units and in quote currency, by leg."""

    amount1: float = 0.0
    amount2: float = 0.0
    notional1: float = 0.0
    notional2: float = 0.0


class Lots(NamedTuple):
    """What an order may be: lot steps in base units (0 for no rounding), the largest difference of a level's notionals
    as a fraction, the least amounts and notionals; and how much of leg 2 is traded: 1, or 0 where there is none."""

    step1: float
    step2: float
    max_imbalance: float
    minimums: Minimums = Minimums()
    leg2: float = 1.0


class Costs(NamedTuple):
    """Fractions of a fill's value (fees) and of its price (slippage), when a level is filled and when profit is taken.

    Everything else closes at the market, by the config's own fees and slippage.
    """

    open_fee1: float
    open_fee2: float
    open_slippage: float
    profit_fee1: float
    profit_fee2: float
    profit_slippage: float


class Planned(NamedTuple):
    """The unrounded amounts that the ladder wanted so far in this cycle."""

    amount1: float
    amount2: float


class Amounts(NamedTuple):
    """Positive; `refusal` says why there are none, or is FILLED."""

    amount1: float
    amount2: float
    refusal: int


class Fill(NamedTuple):
    """One trade of both legs: signed quantities and prices; quantities of 0 where the level was refused."""

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
    refusal: int


def market_costs(config: Config) -> Costs:
    """Takers throughout."""
    rates = (config.fee1, config.fee2, config.slippage)
    return Costs(*rates, *rates)


@inlined
def execute(
    config: Config,
    lots: Lots,
    costs: Costs,
    state: State,
    planned: Planned,
    decision: Decision,
    signal: Quote,
    p1: float,
    p2: float,
    free: float,
    leverage: float,
    ratio: float,
) -> Execution:
    """Fill a decision made at the quote `signal` around the prices p1, p2 (slippage to come).

    `ratio`: what leg 2 of a level is worth for each 1 of leg 1; 1.0 for equal legs.
    A level's margin (its value / `leverage`) and its fees must be there in `free`; an infinite one is no limit.
    """
    if decision.action == OPEN or decision.action == ADD:
        refusal = level_refusal(config, lots, state, decision)
        if refusal == FILLED and not usable(ratio):
            refusal = HEDGE_RATIO
        if refusal == FILLED:
            notional1 = value_of_leg1(config.investment * config.multipliers[state.level], ratio)
            notional2 = notional1 * ratio
            wanted = Planned(planned.amount1 + notional1 / signal.p1, planned.amount2 + notional2 / signal.p2)
            amounts = level_amounts(lots, state, wanted, notional1, ratio, signal)
            refusal = amounts.refusal
            if refusal == FILLED and margin_needed(config, amounts, leverage, p1, p2) > free:
                refusal = NO_MARGIN
            if refusal == FILLED:
                fill = entry_fill(costs, decision.side, amounts, p1, p2)
                return Execution(entered(config, state, decision, fill), wanted, fill, math.nan, FILLED)
        return Execution(state, planned, Fill(0.0, p1, 0.0, p2, 0.0), math.nan, refusal)
    if state.side == FLAT:
        return Execution(state, planned, Fill(0.0, p1, 0.0, p2, 0.0), math.nan, IMPOSSIBLE)
    fill = exit_fill(config, costs, state, decision.action, p1, p2)
    return Execution(closed_state(decision.spread), Planned(0.0, 0.0), fill, cycle_pnl(state, fill), FILLED)


@inlined
def level_refusal(config: Config, lots: Lots, state: State, decision: Decision) -> int:
    """For strategies that ask for more than they may; the spread strategy looks at this itself."""
    if decision.action == OPEN:
        possible = state.side == FLAT and (decision.side == LONG_SPREAD or decision.side == SHORT_SPREAD)
        possible = possible and side_allowed(config, decision.side)
    else:
        possible = state.side != FLAT and decision.side == state.side
    if not possible or state.level >= config.levels:
        return IMPOSSIBLE
    value = (1.0 + lots.leg2) * (state.invested + config.investment * config.multipliers[state.level])
    return OVER_CAP if value > config.cap else FILLED


@inlined
def level_amounts(lots: Lots, state: State, wanted: Planned, notional: float, ratio: float, signal: Quote) -> Amounts:
    """The rule of `sizing.level_quantities`: cumulative targets on their lots, both legs at the coarser one's share.

    `notional` is leg 1's, leg 2's is `ratio` times that.
    """
    if lots.step1 == 0.0 and lots.step2 == 0.0:
        amount1, amount2 = notional / signal.p1, lots.leg2 * (notional * ratio / signal.p2)
        return Amounts(amount1, amount2, below_minimum(lots, amount1, amount2, notional, notional * ratio))
    target1, target2 = on_lot(wanted.amount1, lots.step1), on_lot(wanted.amount2, lots.step2)
    share1, share2 = target1 / wanted.amount1, target2 / wanted.amount2
    if share1 < share2:
        target2 = on_lot(wanted.amount2 * share1, lots.step2)
    elif share2 < share1:
        target1 = on_lot(wanted.amount1 * share2, lots.step1)
    amount1, amount2 = target1 - abs(state.q1), target2 - abs(state.q2)
    notional1, notional2 = amount1 * signal.p1, amount2 * signal.p2
    if lots.leg2 == 0.0:
        notional2 = notional1
    if min(notional1, notional2) <= 0.0:
        return Amounts(0.0, 0.0, BELOW_LOT)
    refusal = below_minimum(lots, amount1, amount2, notional1, notional2)
    balanced2 = notional2 / ratio
    if refusal == FILLED and abs(notional1 - balanced2) > lots.max_imbalance * max(notional1, balanced2):
        refusal = IMBALANCE
    return Amounts(amount1, lots.leg2 * amount2, refusal)


@inlined
def margin_needed(config: Config, amounts: Amounts, leverage: float, p1: float, p2: float) -> float:
    value1, value2 = amounts.amount1 * p1, amounts.amount2 * p2
    return (value1 + value2) / leverage + value1 * config.fee1 + value2 * config.fee2


@inlined
def below_minimum(lots: Lots, amount1: float, amount2: float, notional1: float, notional2: float) -> int:
    least = lots.minimums
    if amount1 < least.amount1 or lots.leg2 * amount2 < least.amount2:
        return BELOW_AMOUNT
    if notional1 < least.notional1 or lots.leg2 * notional2 < least.notional2:
        return BELOW_NOTIONAL
    return FILLED


@inlined
def on_lot(amount: float, step: float) -> float:
    if step == 0.0:
        return amount
    lots = amount / step
    return float(np.floor(lots + lots * FLOAT_TOLERANCE + LOT_TOLERANCE)) * step


@inlined
def entry_fill(costs: Costs, side: int, amounts: Amounts, p1: float, p2: float) -> Fill:
    f1, f2 = p1 * (1.0 + costs.open_slippage * side), p2 * (1.0 - costs.open_slippage * side)
    fees = amounts.amount1 * f1 * costs.open_fee1 + amounts.amount2 * f2 * costs.open_fee2
    return Fill(side * amounts.amount1, f1, -side * amounts.amount2, f2, fees)


@inlined
def exit_fill(config: Config, costs: Costs, state: State, action: int, p1: float, p2: float) -> Fill:
    profit = action == TAKE_PROFIT
    slippage = costs.profit_slippage if profit else config.slippage
    fee1 = costs.profit_fee1 if profit else config.fee1
    fee2 = costs.profit_fee2 if profit else config.fee2
    f1, f2 = p1 * (1.0 - slippage * state.side), p2 * (1.0 + slippage * state.side)
    return Fill(-state.q1, f1, -state.q2, f2, abs(state.q1) * f1 * fee1 + abs(state.q2) * f2 * fee2)


@inlined
def liquidation_fill(config: Config, state: State, gone1: bool, gone2: bool, p1: float, p2: float) -> Fill:
    """A leg that the venue closes fills at the price of its liquidation; its partner at the market, with slippage."""
    f1 = p1 if gone1 else p1 * (1.0 - config.slippage * state.side)
    f2 = p2 if gone2 else p2 * (1.0 + config.slippage * state.side)
    return Fill(-state.q1, f1, -state.q2, f2, abs(state.q1) * f1 * config.fee1 + abs(state.q2) * f2 * config.fee2)


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
def closed_state(spread: float) -> State:
    return State(0, FLAT, spread, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


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
