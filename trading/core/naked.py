"""How long, and with how much, one leg of a trade stood alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.core.position import ZERO


@dataclass(frozen=True, slots=True)
class LegFill:
    """`amount` signed along the trade: what brings the leg towards its target is positive."""

    at: datetime
    leg: int
    amount: Decimal
    price: Decimal


def naked(fills: Sequence[LegFill], target1: Decimal, target2: Decimal) -> tuple[int, Decimal]:
    """Milliseconds during which the legs' filled shares differed, and the largest value of what the fuller leg then
    had beyond the other's share (quote), whatever the legs' intended ratio.

    0 where only one leg has a target. Fills of one instant count together. What is still unequal after the last fill
    adds no time here: the trade goes on.
    """
    if not (target1 and target2):
        return 0, ZERO
    shares, values = {1: ZERO, 2: ZERO}, {1: ZERO, 2: ZERO}
    targets = {1: target1, 2: target2}
    total_ms, largest, since = 0, ZERO, None
    ordered = sorted(fills, key=lambda fill: fill.at)
    for i, fill in enumerate(ordered):
        shares[fill.leg] += fill.amount / targets[fill.leg]
        values[fill.leg] += fill.amount * fill.price
        if i + 1 < len(ordered) and ordered[i + 1].at == fill.at:
            continue
        if since is not None:
            total_ms += round((fill.at - since).total_seconds() * 1000)
        unequal = abs(shares[1] - shares[2]) > Decimal("0.000001")
        since = fill.at if unequal else None
        if unequal:
            largest = max(largest, _alone(shares, values))
    return total_ms, largest


def _alone(shares: dict[int, Decimal], values: dict[int, Decimal]) -> Decimal:
    fuller, other = (1, 2) if shares[1] > shares[2] else (2, 1)
    if shares[fuller] <= 0:  # more was unwound than filled
        return abs(values[other])
    return abs(values[fuller] * (1 - shares[other] / shares[fuller]))
