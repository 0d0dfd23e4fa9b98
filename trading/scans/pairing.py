"""Which markets make pairs, numbered so that every process counts alike."""

from collections.abc import Sequence
from itertools import combinations

from exchanges.history.public_data import kind_of
from exchanges.symbols import settle_of


def pairs_of(symbols: Sequence[str]) -> list[tuple[int, int]]:
    """Places in `symbols` of both markets: those of one kind that settle in one currency, in order."""
    classes = [(kind_of(symbol), settle_of(symbol)) for symbol in symbols]
    return [(one, two) for one, two in combinations(range(len(symbols)), 2) if classes[one] == classes[two]]
