"""Two legs as one position: how much of a level is filled, what is too much, what is missing. Amounts are positive."""

from dataclasses import dataclass
from decimal import Decimal

from trading.core.position import ZERO
from trading.core.sizing import MarketRules, round_down


@dataclass(frozen=True, slots=True)
class Excess:
    """The fuller leg (1 or 2) and how much of it to close again."""

    leg: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Missing:
    """What each leg lacks of its order, on its lot step."""

    amount1: Decimal
    amount2: Decimal

    def __bool__(self) -> bool:
        return bool(self.amount1 or self.amount2)


def filled_share(filled1: Decimal, q1: Decimal, filled2: Decimal, q2: Decimal) -> Decimal:
    """The share of the level that both legs reached, 0 to 1. Raises ValueError unless both orders are above 0."""
    if not (q1 > 0 and q2 > 0):
        raise ValueError(f"ordered amounts must be above 0, not {q1} and {q2}")
    return min(filled1 / q1, filled2 / q2, Decimal(1))


def excess(
    filled1: Decimal, q1: Decimal, filled2: Decimal, q2: Decimal, rules1: MarketRules, rules2: MarketRules
) -> Excess | None:
    """What the fuller leg holds above the common share, rounded down to its lot; None when that is less than a lot."""
    share = filled_share(filled1, q1, filled2, q2)
    over1 = round_down(max(filled1 - share * q1, ZERO), rules1.amount_step)
    over2 = round_down(max(filled2 - share * q2, ZERO), rules2.amount_step)
    if over1 > 0 and filled1 * q2 > filled2 * q1:
        return Excess(1, over1)
    if over2 > 0 and filled2 * q1 > filled1 * q2:
        return Excess(2, over2)
    return None


def missing(
    filled1: Decimal, q1: Decimal, filled2: Decimal, q2: Decimal, rules1: MarketRules, rules2: MarketRules
) -> Missing:
    """What completing the level would order."""
    return Missing(
        round_down(max(q1 - filled1, ZERO), rules1.amount_step),
        round_down(max(q2 - filled2, ZERO), rules2.amount_step),
    )
