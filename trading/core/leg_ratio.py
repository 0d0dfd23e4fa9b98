"""What the two legs of a level are worth: as much as each other, or leg 2 so many times leg 1 (the hedge ratio).

Both together are worth twice the order's size whatever the ratio, so caps, margin and returns count the same. The ratio
is that of the candle that decided: each level has its own, and nothing of it has to be remembered.
"""

from decimal import Decimal
from typing import Final

from trading.core.compiled import inlined

EQUAL: Final = 1.0
LEAST: Final = 0.1
MOST: Final = 10.0
"""Beyond these one leg would hardly hedge the other: nothing is ordered."""


@inlined
def usable(ratio: float) -> bool:
    """Not for one that is not a number."""
    return LEAST <= ratio <= MOST


@inlined
def value_of_leg1(notional: float, ratio: float) -> float:
    """Of a level of `notional` per leg on average; `notional` itself, to the last bit, where the legs are equal."""
    return notional * (2.0 / (1.0 + ratio))


def notionals_of(notional: Decimal, ratio: float) -> tuple[Decimal, Decimal]:
    """Of both legs, in quote currency. The ratio must be usable."""
    if ratio == EQUAL:
        return notional, notional
    exact = Decimal(repr(ratio))
    first = 2 * notional / (1 + exact)
    return first, first * exact
