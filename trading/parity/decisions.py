"""What both sides of the comparison are made of: one decision with what it filled. Times in ms UTC, money as floats."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from trading.core import types as core
from trading.core.types import State

ENTRIES: Final = ("open", "add")
BY_ITSELF: Final = (*ENTRIES, "take_profit", "stop_loss", "signal", "liquidation")
"""Actions that the strategy decides; all others come from people or from a leg that was left alone."""


@dataclass(frozen=True, slots=True)
class Decided:
    """`at` is the instant of the decision, `candle` the close of the candle that it belongs to.

    `price1` and `price2` are the decision's; `q` (signed) and `p` what was filled and at which average price.
    `notional` is what an entry added to the invested value of one leg. `key` tells one decision from another of its
    side: a trade's id, or the place in the back-test's list.
    """

    key: int
    at: int
    candle: int
    action: str
    level: int
    side: int
    spread: float
    price1: float
    price2: float
    q1: float
    p1: float
    q2: float
    p2: float
    fees: float
    notional: float
    cycle: int

    @property
    def is_entry(self) -> bool:
        return self.action in ENTRIES

    @property
    def flow(self) -> float:
        """Money that the fills brought, fees left aside."""
        return -self.q1 * self.p1 - self.q2 * self.p2


def state_after(decided: Iterable[Decided], reference: float) -> State:
    """Where a bot stands that was flat at `reference` and then decided so, in this order; funding left aside."""
    state = core.flat_state(reference)
    for one in decided:
        if not one.is_entry:
            state = core.flat_state(one.spread)
            continue
        state = core.position_state(
            level=one.level,
            side=one.side,
            reference=one.spread,
            first_spread=state.first_spread if state.level else one.spread,
            last_spread=one.spread,
            invested=state.invested + one.notional,
            q1=state.q1 + one.q1,
            q2=state.q2 + one.q2,
            cost=state.cost - one.flow,
            fees=state.fees + one.fees,
        )
    return state
