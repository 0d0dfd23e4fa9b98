"""What to do next about a trade whose two legs are on their way: complete, trim, cancel, wait or book it.

Pure: the facts of both legs go in, one step comes out. `trading.execution` carries the step out and asks again, so
that a process that died anywhere continues from the orders' rows alone.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from trading.core.pair import excess, filled_share
from trading.core.position import ZERO
from trading.core.sizing import MarketRules, round_down

ENTRY_ATTEMPTS: Final = 3
"""Orders that one leg of an entry may send, the first included, before the other leg is trimmed instead."""
EXIT_ATTEMPTS: Final = 4
"""Closing or trimming orders of one leg after which the bot reports an error (and goes on trying)."""


@dataclass(frozen=True, slots=True)
class LegFacts:
    """One leg of a trade, in base units.

    `filled`: entries filled, less what was trimmed again (for a close: what is closed). `working`: what live orders may
    still fill. `attempts`: entry or closing orders that reached the venue, `trims`: unwinding orders that did.
    `overdue`: a live order is past its time.
    """

    rules: MarketRules
    target: Decimal
    filled: Decimal
    working: Decimal = ZERO
    attempts: int = 0
    trims: int = 0
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    pass


@dataclass(frozen=True, slots=True)
class Cancel:
    legs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Complete:
    leg: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Trim:
    leg: int
    amount: Decimal
    attempt: int


@dataclass(frozen=True, slots=True)
class Close:
    """Remaining amounts to close now, by leg; a leg that is still working is left out."""

    amounts: tuple[tuple[int, Decimal, int], ...]  # leg, amount, attempt


@dataclass(frozen=True, slots=True)
class Book:
    """Nothing is on its way any more and the legs are as equal as lots allow."""

    share: Decimal


Step = Wait | Cancel | Complete | Trim | Close | Book


def entry_step(leg1: LegFacts, leg2: LegFacts, *, complete: bool, give_up: bool) -> Step:
    """The next step of an opening or adding trade. `give_up`: something more urgent waits, let nothing rest."""
    if late := tuple(n for n, leg in ((1, leg1), (2, leg2)) if leg.working and (leg.overdue or give_up)):
        return Cancel(late)
    if not leg2.target:  # one market: nothing can be left alone, what is filled is booked
        return Wait() if leg1.working else Book(min(leg1.filled / leg1.target, Decimal(1)))
    may_complete = complete and not give_up and not (leg1.trims or leg2.trims)
    if leg1.working or leg2.working:
        return _while_working(leg1, leg2, may_complete)
    if may_complete and (step := _completion(leg1, leg2)):
        return step
    if over := excess(leg1.filled, leg1.target, leg2.filled, leg2.target, leg1.rules, leg2.rules):
        return Trim(over.leg, over.amount, (leg1 if over.leg == 1 else leg2).trims + 1)
    return Book(filled_share(leg1.filled, leg1.target, leg2.filled, leg2.target))


def exit_step(leg1: LegFacts, leg2: LegFacts, *, hurry: bool = False) -> Step:
    """The next step of a closing trade: each leg on its own, whatever happens to the other. `hurry`: nothing rests."""
    if late := tuple(n for n, leg in ((1, leg1), (2, leg2)) if leg.working and (leg.overdue or hurry)):
        return Cancel(late)
    open_legs = tuple(
        (n, leg.target - leg.filled, leg.attempts + 1)
        for n, leg in ((1, leg1), (2, leg2))
        if not leg.working and leg.target > leg.filled
    )
    if open_legs:
        return Close(open_legs)
    if leg1.working or leg2.working:
        return Wait()
    return Book(Decimal(1))


def _while_working(leg1: LegFacts, leg2: LegFacts, may_complete: bool) -> Step:
    """A leg that settled short while the other still works is helped at once, or the other is called back."""
    for n, leg in ((1, leg1), (2, leg2)):
        lacking = round_down(leg.target - leg.filled, leg.rules.amount_step)
        if leg.working or lacking <= 0:
            continue
        if may_complete and leg.attempts < ENTRY_ATTEMPTS:
            return Complete(n, lacking)
        return Cancel((2 if n == 1 else 1,))
    return Wait()


def _completion(leg1: LegFacts, leg2: LegFacts) -> Complete | None:
    """Lifts the leg that lags to the share of the other, while attempts are left."""
    share = max(leg1.filled / leg1.target, leg2.filled / leg2.target)
    for n, leg in ((1, leg1), (2, leg2)):
        lacking = round_down(share * leg.target - leg.filled, leg.rules.amount_step)
        if (
            lacking >= max(leg.rules.amount_min, leg.rules.amount_step)
            and lacking > 0
            and leg.attempts < ENTRY_ATTEMPTS
        ):
            return Complete(n, lacking)
    return None
