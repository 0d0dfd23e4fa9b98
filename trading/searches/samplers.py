"""Which sets a search tries: all of them, or a random choice without repeats. A set depends on its number alone."""

from hashlib import blake2b
from typing import Final

from trading.searches.space import Space, Value

WAVE: Final = 32
"""Sets that an adaptive method is asked for together, and that can run side by side; part of what its seed means."""
_ROUNDS: Final = 6


def grid_set(space: Space, number: int) -> dict[str, Value]:
    return space.at(number)


def random_set(space: Space, number: int, seed: int) -> dict[str, Value]:
    """Every number below the space's size gives another set."""
    return space.at(permuted(number, space.size, seed))


def permuted(index: int, size: int, seed: int) -> int:
    """The place of `index` in a shuffled range(size), without keeping the shuffled range.

    A Feistel network over the next power of four, walked until it lands within the range: J. Black and P. Rogaway,
    "Ciphers with Arbitrary Finite Domains", 2002.
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    key = blake2b(str(seed).encode(), digest_size=16).digest()
    while True:
        index = _mixed(index, half, key)
        if index < size:
            return index


def _mixed(index: int, half: int, key: bytes) -> int:
    left, right = index >> half, index & ((1 << half) - 1)
    for turn in range(_ROUNDS):
        digest = blake2b(f"{turn}:{right}".encode(), digest_size=16, key=key).digest()
        left, right = right, left ^ (int.from_bytes(digest, "big") & ((1 << half) - 1))
    return left << half | right
