"""Two lists of decisions side by side. Pure: the same lists always give the same pairs."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trading.parity.decisions import Decided

SPREAD_TOLERANCE: Final = 1e-9
_GAIN: Final = 2.0
_APART: Final = 0.9
_OTHER: Final = {"action": 0.4, "level": 0.5, "side": 0.7}


class Outcome(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    ONLY_LIVE = "only_live"
    ONLY_REPLAYED = "only_replayed"


@dataclass(frozen=True, slots=True)
class Pair:
    """`differs` names what is not the same: time (another candle), action, level, side, spread."""

    lived: Decided | None
    replayed: Decided | None
    outcome: Outcome
    differs: tuple[str, ...] = ()

    @property
    def candle(self) -> int:
        found = self.lived or self.replayed
        assert found is not None
        return found.candle


def compared(
    lived: Sequence[Decided], replayed: Sequence[Decided], *, reach_ms: int, between_closes: bool
) -> list[Pair]:
    """Every decision of both lists (each in order of time) exactly once, in order of time.

    Two decisions belong together when they are of one kind and at most `reach_ms` apart, or of the same candle; of all
    ways to join the lists without crossing, the one with the least differences is taken. `between_closes`: the bot
    decides on quotes, so that within one candle neither the instant nor the spread counts as a difference.
    """
    joined = _joined(lived, replayed, reach_ms)
    pairs = [_pair(lived[i], replayed[j], between_closes) for i, j in joined]
    of_lived, of_replayed = {i for i, _ in joined}, {j for _, j in joined}
    pairs += [Pair(one, None, Outcome.ONLY_LIVE) for i, one in enumerate(lived) if i not in of_lived]
    pairs += [Pair(None, one, Outcome.ONLY_REPLAYED) for j, one in enumerate(replayed) if j not in of_replayed]
    return sorted(pairs, key=lambda pair: (pair.candle, (pair.lived or pair.replayed).at))  # type: ignore[union-attr]


def _pair(lived: Decided, replayed: Decided, between_closes: bool) -> Pair:
    differs = [name for name in ("action", "level", "side") if getattr(lived, name) != getattr(replayed, name)]
    if lived.candle != replayed.candle:
        differs.insert(0, "time")
    if abs(lived.spread - replayed.spread) > SPREAD_TOLERANCE and (differs or not between_closes):
        differs.append("spread")
    return Pair(lived, replayed, Outcome.DIFFERENT if differs else Outcome.SAME, tuple(differs))


def _joined(lived: Sequence[Decided], replayed: Sequence[Decided], reach_ms: int) -> list[tuple[int, int]]:
    """The increasing chain of index pairs with the largest sum of gains (a Fenwick tree keeps the best prefix)."""
    candles = [one.candle for one in replayed]
    best: list[tuple[float, int]] = [(0.0, -1)] * (len(replayed) + 1)
    links: list[tuple[int, int, int]] = []
    for i, one in enumerate(lived):
        first = bisect_left(candles, one.candle - reach_ms)
        last = bisect_right(candles, one.candle + reach_ms)
        for j in range(last - 1, first - 1, -1):  # downwards: a lived decision joins one replayed decision at most
            gain = _gain(one, replayed[j], reach_ms)
            if gain <= 0.0:
                continue
            score, before = _best(best, j)
            links.append((i, j, before))
            _raise(best, j + 1, (score + gain, len(links) - 1))
    return _chain(links, _best(best, len(replayed))[1])


def _gain(lived: Decided, replayed: Decided, reach_ms: int) -> float:
    if lived.is_entry != replayed.is_entry:
        return 0.0
    apart = abs(lived.candle - replayed.candle)
    others = [name for name in _OTHER if getattr(lived, name) != getattr(replayed, name)]
    if others and apart:
        return 0.0
    return _GAIN - sum(_OTHER[name] for name in others) - _APART * apart / max(reach_ms, 1)


def _best(tree: Sequence[tuple[float, int]], count: int) -> tuple[float, int]:
    """Of the first `count` replayed decisions."""
    found = (0.0, -1)
    while count > 0:
        found = max(found, tree[count], key=lambda one: one[0])
        count -= count & -count
    return found


def _raise(tree: list[tuple[float, int]], place: int, value: tuple[float, int]) -> None:
    while place < len(tree):
        if value[0] > tree[place][0]:
            tree[place] = value
        place += place & -place


def _chain(links: Sequence[tuple[int, int, int]], end: int) -> list[tuple[int, int]]:
    found = []
    while end >= 0:
        i, j, end = links[end]
        found.append((i, j))
    return found[::-1]
