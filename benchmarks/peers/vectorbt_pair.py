"""The pair in vectorbt: two columns of one group that share their cash, orders from a compiled function."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from rules import Outcome, Rules, play, spread_of

warnings.filterwarnings("ignore")

import vectorbt as vbt  # noqa: E402  (warns while it loads)
from vectorbt.portfolio import nb  # noqa: E402
from vectorbt.portfolio.enums import NoOrder  # noqa: E402

CASH = 1_000_000.0
LEVEL, SIDE, REFERENCE, COST, INVESTED, Q1, Q2, WANTED1, WANTED2, CYCLES, ORDERS = range(11)


@njit
def begin(context: Any, state: Any, spreads: Any, limits: Any, steps: Any, multipliers: Any) -> Any:
    state[:] = 0.0
    return state, spreads, limits, steps, multipliers


@njit
def decide(context: Any, state: Any, spreads: Any, limits: Any, steps: Any, multipliers: Any) -> Any:
    """`limits`: take profit, stop loss, investment, fee, slippage."""
    state[WANTED1] = state[WANTED2] = 0.0
    p1, p2, spread = context.close[context.i, 0], context.close[context.i, 1], spreads[context.i]
    level, enters = int(state[LEVEL]), False
    if level == 0:
        moved = spread - state[REFERENCE]
        enters = abs(moved) >= steps[0]
        if enters:
            state[SIDE] = -1.0 if moved > 0.0 else 1.0
    else:
        percent = (state[Q1] * p1 + state[Q2] * p2 - state[COST]) / state[INVESTED] * 100.0
        if percent >= limits[0] or percent <= -limits[1]:
            state[WANTED1], state[WANTED2] = -context.last_position[0], -context.last_position[1]
            state[LEVEL : Q2 + 1] = 0.0
            state[REFERENCE] = spread
            state[CYCLES] += 1.0
            state[ORDERS] += 1.0
        else:
            enters = level < len(steps) and -state[SIDE] * (spread - state[REFERENCE]) >= steps[level]
    if enters:
        side, notional = state[SIDE], limits[2] * multipliers[level]
        state[WANTED1], state[WANTED2] = side * notional / p1, -side * notional / p2
        state[COST] += state[WANTED1] * p1 * (1.0 + side * limits[4]) + state[WANTED2] * p2 * (1.0 - side * limits[4])
        state[Q1] += state[WANTED1]
        state[Q2] += state[WANTED2]
        state[INVESTED] += notional
        state[REFERENCE] = spread
        state[LEVEL] += 1.0
        state[ORDERS] += 1.0
    return state, limits


@njit
def order(context: Any, state: Any, limits: Any) -> Any:
    amount = state[WANTED1 + context.col]
    if amount == 0.0:
        return NoOrder
    price = context.close[context.i, context.col]
    return nb.order_nb(size=amount, price=price, fees=limits[3], slippage=limits[4])


def run(prices: np.ndarray, rules: Rules) -> Outcome:
    index = pd.date_range("2024-01-01", periods=prices.shape[1], freq="min")
    closes = pd.DataFrame({"first": prices[0], "second": prices[1]}, index=index)
    state = np.zeros(ORDERS + 1)
    limits = np.array([rules.take_profit, rules.stop_loss, rules.investment, rules.fee, rules.slippage])
    steps, multipliers = np.array(rules.spreads), np.array(rules.multipliers)
    portfolio = vbt.Portfolio.from_order_func(
        closes,
        order,
        pre_group_func_nb=begin,
        pre_group_args=(state, spread_of(prices), limits, steps, multipliers),
        pre_segment_func_nb=decide,
        group_by=True,
        cash_sharing=True,
        init_cash=CASH,
        freq="1min",
        max_orders=400_000,
    )
    equity = portfolio.value().to_numpy() - CASH
    return Outcome(int(state[CYCLES]), int(state[ORDERS]), float(equity[-1]))


if __name__ == "__main__":
    play(run)
