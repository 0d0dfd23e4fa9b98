"""What every closed cycle came to on both sides, and the difference split exactly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

from trading.parity.compare import Outcome, Pair
from trading.parity.decisions import Decided
from trading.parity.lived import LivedCycle
from trading.parity.replayed import ReplayedCycle


@dataclass(frozen=True, slots=True)
class Parts:
    """What made the bot earn more (positive) or less than the back-test, in quote currency.

    `slippage`: its fills against the prices that it decided at, beside the back-test's same distance · `timing`: the
    prices at which it was decided · `quantities`: more or less of each coin, at the back-test's fill prices · `fees` ·
    `funding` · `decisions`: what no pair of decisions explains, such as a level that only one side had.
    """

    slippage: float = 0.0
    timing: float = 0.0
    quantities: float = 0.0
    fees: float = 0.0
    funding: float = 0.0
    decisions: float = 0.0

    def __add__(self, other: Self) -> "Parts":
        return Parts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def total(self) -> float:
        return sum(getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True, slots=True)
class CycleMoney:
    """None: this side had no such cycle, or has not closed it."""

    lived_cycle: int | None
    replayed_cycle: int | None
    lived: float | None
    replayed: float | None
    parts: Parts

    @property
    def difference(self) -> float:
        return (self.lived or 0.0) - (self.replayed or 0.0)


def pair_parts(pair: Pair) -> Parts:
    """Of the fills of two decisions that belong together; fees and funding are a cycle's."""
    lived, replayed = pair.lived, pair.replayed
    if lived is None or replayed is None:
        return Parts()
    found = Parts()
    for leg in (1, 2):
        q, fill, decided = _leg(lived, leg)
        other_q, other_fill, other_decided = _leg(replayed, leg)
        found += Parts(
            slippage=-q * ((fill - decided) - (other_fill - other_decided)),
            timing=-q * (decided - other_decided),
            quantities=-(q - other_q) * other_fill,
        )
    return found


def cycles_side_by_side(
    pairs: Sequence[Pair], lived: Mapping[int, LivedCycle], replayed: Mapping[int, ReplayedCycle]
) -> list[CycleMoney]:
    """The closed cycles of one stretch, in order of time."""
    joined = _joined(pairs)
    of_pairs = {number: [pair for pair in pairs if pair.lived and pair.lived.cycle == number] for number in joined}
    found = [
        _cycle(number, joined[number], lived.get(number), replayed.get(joined[number] or 0), of_pairs[number])
        for number in joined
    ]
    alone = [number for number in replayed if number not in joined.values()]
    found += [_cycle(None, number, None, replayed[number], ()) for number in alone]
    return [cycle for cycle in found if cycle.lived is not None or cycle.replayed is not None]


def totals(cycles: Iterable[CycleMoney]) -> tuple[float, float, Parts]:
    """Lived and replayed result of all closed cycles, and the difference split."""
    lived = replayed = 0.0
    parts = Parts()
    for cycle in cycles:
        lived += cycle.lived or 0.0
        replayed += cycle.replayed or 0.0
        parts += cycle.parts
    return lived, replayed, parts


def _joined(pairs: Sequence[Pair]) -> dict[int, int | None]:
    """The lived cycles, each with the back-test's that shares its first decision in common; every one once."""
    found: dict[int, int | None] = {}
    taken: set[int] = set()
    for pair in pairs:
        if pair.lived is None:
            continue
        known = found.setdefault(pair.lived.cycle, None)
        if known is None and pair.replayed is not None and pair.replayed.cycle not in taken:
            found[pair.lived.cycle] = pair.replayed.cycle
            taken.add(pair.replayed.cycle)
    return found


def _cycle(
    lived_number: int | None,
    replayed_number: int | None,
    lived: LivedCycle | None,
    replayed: ReplayedCycle | None,
    pairs: Sequence[Pair],
) -> CycleMoney:
    mine, theirs = lived.pnl if lived else None, replayed.pnl if replayed else None
    if lived is None or replayed is None:
        return CycleMoney(lived_number, replayed_number, mine, theirs, Parts(decisions=(mine or 0.0) - (theirs or 0.0)))
    parts = Parts(fees=replayed.fees - lived.fees, funding=lived.funding - replayed.funding)
    if all(pair.outcome in (Outcome.SAME, Outcome.DIFFERENT) for pair in pairs):
        for pair in pairs:
            parts += pair_parts(pair)
    parts += Parts(decisions=lived.pnl - replayed.pnl - parts.total)
    return CycleMoney(lived_number, replayed_number, mine, theirs, parts)


def _leg(one: Decided, leg: int) -> tuple[float, float, float]:
    """Signed quantity, price of the fill, price of the decision."""
    return (one.q1, one.p1, one.price1) if leg == 1 else (one.q2, one.p2, one.price2)
