"""The limit that engines are measured against: one hand-written loop with the strategy's bare arithmetic.

No configuration, no trade list, no equity curve, no expected exit fees: spreads come precomputed, orders fill on the
close that decides them, the P&L is gross. It keeps cash, levels, the peak and the drawdown.
"""

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEE = 0.0005
SLIPPAGE = 0.0001
INVESTMENT = 100.0


@numba.njit(error_model="numpy", nogil=True)
def bare_run(closes1: Floats, closes2: Floats, spreads: Floats, parameters: Floats) -> tuple[int, int, float, float]:
    """`parameters`: take profit, stop loss, six thresholds, six multipliers. Cycles, orders, equity, drawdown."""
    take_profit, stop_loss = parameters[0], parameters[1]
    level = 0
    side = reference = q1 = q2 = cost = invested = cash = peak = drawdown = equity = 0.0
    cycles = orders = 0
    for i in range(len(closes1)):
        a, b, spread = closes1[i], closes2[i], spreads[i]
        multiplier = 0.0
        if level == 0:
            moved = spread - reference
            if abs(moved) >= parameters[2]:
                side = -1.0 if moved > 0.0 else 1.0
                multiplier = parameters[8]
        else:
            percent = (q1 * a + q2 * b - cost) / invested * 100.0
            if percent >= take_profit or percent <= -stop_loss:
                f1, f2 = a * (1.0 - side * SLIPPAGE), b * (1.0 + side * SLIPPAGE)
                cash += q1 * f1 + q2 * f2 - FEE * (abs(q1) * f1 + abs(q2) * f2)
                q1 = q2 = cost = invested = 0.0
                level = 0
                reference = spread
                cycles += 1
                orders += 1
            elif level < 6 and -side * (spread - reference) >= parameters[2 + level]:
                multiplier = parameters[8 + level]
        if multiplier > 0.0:
            a1, a2 = side * INVESTMENT * multiplier / a, -side * INVESTMENT * multiplier / b
            f1, f2 = a * (1.0 + side * SLIPPAGE), b * (1.0 - side * SLIPPAGE)
            cash -= a1 * f1 + a2 * f2 + FEE * (abs(a1) * f1 + abs(a2) * f2)
            cost += a1 * f1 + a2 * f2
            q1 += a1
            q2 += a2
            invested += INVESTMENT * multiplier
            level += 1
            reference = spread
            orders += 1
        equity = cash + q1 * a + q2 * b
        if equity > peak:
            peak = equity
        elif peak - equity > drawdown:
            drawdown = peak - equity
    return cycles, orders, equity, drawdown
