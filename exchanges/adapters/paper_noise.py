"""Prices of simulated coins as a pure function of seed and time, so that every process sees the same, none stored.

Log prices are sums of value noise: for each of a ladder of periods, normal numbers hashed onto a lattice of that
period, joined by straight lines. Amplitudes that grow with the root of the period give the look of a random walk; a
longest period keeps it near its base for ever. Both markets of a pair share one such walk (trends, common jumps); what
each adds of its own has periods of hours, so the pair is cointegrated. Jumps come at hashed times and fade over hours.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

COMMON_PERIODS_S: Final = tuple(2 * 2**k for k in range(23))  # 2 s to 97 days
OWN_PERIODS_S: Final = tuple(4 * 2**k for k in range(14))  # 4 s to 9 hours
COMMON_YEARLY: Final = 0.65
OWN_YEARLY: Final = 0.55
YEAR_S: Final = 365.0 * 86_400
JUMP_CELL_S: Final = 6 * 3600
JUMP_FADE_S: Final = 2 * 3600.0
JUMP_CHANCE: Final = 0.35
JUMP_SIZE: Final = 0.012
JUMP_CELLS: Final = 4
"""How many cells back a jump is still felt."""


@dataclass(frozen=True, slots=True)
class Coin:
    """`base_price` in quote units; `beta`: how much of the pair's common walk it follows."""

    pair: str
    base_price: float
    beta: float


COINS: Final[Mapping[str, Coin]] = {
    "GALA/USDT:USDT": Coin("games", 0.0172, 1.1),
    "CHZ/USDT:USDT": Coin("games", 0.0391, 1.0),
    "BTC/USDT:USDT": Coin("majors", 96_500.0, 0.7),
    "ETH/USDT:USDT": Coin("majors", 3_420.0, 0.8),
    "SOL/USDT:USDT": Coin("layers", 172.0, 1.0),
    "AVAX/USDT:USDT": Coin("layers", 27.4, 1.05),
    "LTC/USDT:USDT": Coin("forks", 104.0, 0.8),
    "BCH/USDT:USDT": Coin("forks", 462.0, 0.85),
    "SAND/USDT:USDT": Coin("worlds", 0.286, 1.05),
    "MANA/USDT:USDT": Coin("worlds", 0.302, 1.0),
}


class Noise:
    """Everything random about one simulation."""

    def __init__(self, seed: int, volatility: float) -> None:
        self._seed = seed
        self._volatility = volatility
        self._walks = {symbol: self._walk(symbol) for symbol in COINS}
        self._jumps = {symbol: self._jump(symbol) for symbol in COINS}

    def prices(self, symbol: str, seconds: Ints) -> Floats:
        """At whole seconds since the epoch."""
        logs = self._walks[symbol].at(seconds) + self._jumps[symbol].at(seconds)
        prices: Floats = COINS[symbol].base_price * np.exp(logs * self._volatility)
        return prices

    def normal(self, symbol: str, what: str, numbers: Ints) -> Floats:
        """One normal number for each whole number."""
        return normal(mixed(numbers, self._key(symbol, what)))

    def _walk(self, symbol: str) -> "_Walks":
        coin = COINS[symbol]
        shared = [(coin.pair, period, COMMON_YEARLY * coin.beta) for period in COMMON_PERIODS_S]
        own = [(symbol, period, OWN_YEARLY) for period in OWN_PERIODS_S]
        parts = shared + own
        return _Walks(
            periods=np.array([period for _, period, _ in parts])[:, None],
            keys=np.array([self._key(name, f"walk{period}") for name, period, _ in parts])[:, None],
            amplitudes=np.array([yearly * np.sqrt(period / YEAR_S) / 2 for _, period, yearly in parts])[:, None],
        )

    def _jump(self, symbol: str) -> "_Jumps":
        names = (COINS[symbol].pair, symbol)
        return _Jumps(
            happen=self._keys(names, "jump"),
            when=self._keys(names, "when"),
            size=self._keys(names, "size"),
            weights=np.array([COINS[symbol].beta, 1.0])[:, None, None],
        )

    def _keys(self, names: Sequence[str], what: str) -> Ints:
        return np.array([self._key(name, what) for name in names])[:, None, None]

    def _key(self, name: str, what: str) -> int:
        return zlib.crc32(f"{self._seed}:{name}:{what}".encode())


@dataclass(frozen=True, slots=True, eq=False)
class _Walks:
    """Value noise of several periods (rows), added up; columns are instants."""

    periods: Ints
    keys: Ints
    amplitudes: Floats

    def at(self, seconds: Ints) -> Floats:
        cell, place = np.divmod(seconds[None, :], self.periods)
        left, right = normal(mixed(cell, self.keys)), normal(mixed(cell + 1, self.keys))
        total: Floats = (self.amplitudes * (left + (right - left) * (place / self.periods))).sum(axis=0)
        return total


@dataclass(frozen=True, slots=True, eq=False)
class _Jumps:
    """Jumps of several names (first axis), of the last cells of time (second); the third axis are instants."""

    happen: Ints
    when: Ints
    size: Ints
    weights: Floats

    def at(self, seconds: Ints) -> Floats:
        cell = (seconds // JUMP_CELL_S)[None, None, :] - np.arange(JUMP_CELLS)[None, :, None]
        felt = uniform(mixed(cell, self.happen)) < JUMP_CHANCE
        age = seconds - (cell + uniform(mixed(cell, self.when))) * JUMP_CELL_S
        # A jump fades to nothing, not nearly nothing, by the time at which it is no longer looked at.
        left = np.clip(1.0 - age / (JUMP_CELL_S * (JUMP_CELLS - 1)), 0.0, 1.0)
        size = self.weights * normal(mixed(cell, self.size)) * JUMP_SIZE
        faded = size * np.exp(-np.maximum(age, 0) / JUMP_FADE_S) * left
        total: Floats = np.where(felt & (age >= 0), faded, 0.0).sum(axis=(0, 1))
        return total


def mixed(lattice: Ints, key: Ints | int) -> Words:
    """A 64-bit hash (splitmix64's finisher) of each lattice point under a key; overflow wraps around, as it must."""
    x: Words = lattice.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = x + np.asarray(key, np.uint64) * np.uint64(0xD1B54A32D192ED03)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def uniform(words: Words) -> Floats:
    values: Floats = (words >> np.uint64(11)) / float(1 << 53)
    return values


def normal(words: Words) -> Floats:
    """Nearly normal, variance 1, never beyond 3.5: the sum of four uniform numbers."""
    low = np.uint64(0xFFFF)
    first, second = words & low, (words >> np.uint64(16)) & low
    third, fourth = (words >> np.uint64(32)) & low, words >> np.uint64(48)
    values: Floats = ((first + second + third + fourth) / 65_535.0 - 2.0) * 3.0**0.5
    return values
