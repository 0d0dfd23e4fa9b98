"""What each level of a ladder would order on both legs, one after the other, or why it cannot. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from trading.core.leg_ratio import EQUAL
from trading.core.sizing import LevelQuantities, MarketRules, SizeRefused, level_quantities

ZERO = Decimal()


@dataclass(frozen=True, slots=True)
class Held:
    """What a position holds already, and what the ladder wanted up to here (base units, absolute)."""

    amount1: Decimal = ZERO
    amount2: Decimal = ZERO
    planned1: Decimal = ZERO
    planned2: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class WantedLevel:
    """One leg's notional of a level, the prices at which it would be decided, and what leg 2 is worth for each 1 of
    leg 1 (both together twice the notional)."""

    level: int
    notional: Decimal
    price1: Decimal
    price2: Decimal
    ratio: float = EQUAL


def ladder_sizes(
    rules1: MarketRules,
    rules2: MarketRules,
    side: int,
    levels: Iterable[WantedLevel],
    *,
    held: Held,
    max_imbalance: Decimal,
) -> list[LevelQuantities | SizeRefused]:
    """One entry per level; the next builds on what the last could order. `max_imbalance` is a fraction."""
    found: list[LevelQuantities | SizeRefused] = []
    for wanted in levels:
        try:
            sizes = level_quantities(
                rules1,
                rules2,
                side,
                wanted.notional,
                wanted.price1,
                wanted.price2,
                held.amount1,
                held.amount2,
                held.planned1,
                held.planned2,
                max_imbalance,
                wanted.ratio,
            )
        except SizeRefused as refused:
            found.append(refused)
            continue
        found.append(sizes)
        held = Held(held.amount1 + sizes.amount1, held.amount2 + sizes.amount2, sizes.planned1, sizes.planned2)
    return found
