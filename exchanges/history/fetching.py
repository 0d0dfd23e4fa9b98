"""Fetching history from a venue into the candle store, page by page: what is stored already is never asked for again.

Whoever iterates may stop at any time: what was received is stored, and the next time goes on from there.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from exchanges.history import candles
from exchanges.history.venue_pages import candles_from, funding_from, part
from exchanges.timeframes import HOUR_MS, MINUTE_MS, timeframe_ms
from trading.core.candles import Candles, Flags, Floats, Ints, Stretch, gaps, outages

SETTLED_MS: Final = 10_000
"""A venue may still correct a bar that it has just closed."""
BATCH_PAGES: Final = 20
"""Received before they are stored: a series is written as a whole."""
SMALLEST_PAGE: Final = 100
"""Less is not asked for: a venue without the bars sought answers with later ones."""
ROUNDS: Final = 2
"""How often a venue is asked for what it did not send: once more than needed."""
FUNDING_STEP_MS: Final = 8 * HOUR_MS
"""Between two payments, at most; venues make it shorter, and longer only by stopping."""


class NothingYet(Exception):
    """The time asked for leaves nothing to fetch."""


class Progress(NamedTuple):
    """`done` of `total` bars (of funding: hours) are looked at, up to `reached` (ms); `rows` are newly stored."""

    done: int
    total: int
    reached: int
    rows: int


@dataclass(frozen=True, slots=True)
class Result:
    """`missing`: what the venue does not have either, between first and last wanted bar; `outages`: flat bars there."""

    rows: int
    missing: list[Stretch]
    outages: list[Stretch]


@dataclass
class CandleHistory:
    """The bars of one series that open at or after `since` and before `until` and have closed by `now` (ms).

    Raises NothingYet where there are none.
    """

    exchange: str
    symbol: str
    timeframe: str
    since: int
    until: int
    now: int
    rows: int = field(default=0, init=False)
    _waiting: list[Candles] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._length = timeframe_ms(self.timeframe)
        closed = (self.now - SETTLED_MS) // self._length * self._length
        self.first = -(-self.since // self._length) * self._length
        self.last = min(-(-self.until // self._length) * self._length, closed) - self._length
        if self.last < self.first:
            raise NothingYet("no bar has closed in that time")

    def steps(self) -> Generator[Progress, None, None]:
        """Raises ExchangeError, StoredDiffers."""
        wanted = self.missing()
        total, done = sum(hole.bars for hole in wanted), 0
        try:
            for _ in range(ROUNDS):
                for hole in wanted:
                    for reached in self._fill(hole):
                        bars = min((reached - hole.first) // self._length, hole.bars)
                        yield Progress(min(done + bars, total), total, reached, self._received)
                    done += hole.bars
                self._store()
                wanted = self.missing()
        finally:
            self._store()

    def missing(self) -> list[Stretch]:
        """The bars that are wanted and not stored."""
        stored = candles.load(self.exchange, self.symbol, self.timeframe)
        return lacking(np.empty(0, np.int64) if stored is None else stored.times, self.first, self.last, self._length)

    def result(self) -> Result:
        stored = candles.load(self.exchange, self.symbol, self.timeframe)
        down = [] if stored is None else outages(part(stored, self.first, self.last), self._length)
        return Result(self.rows, self.missing(), down)

    @property
    def _received(self) -> int:
        return self.rows + sum(len(page) for page in self._waiting)

    def _fill(self, hole: Stretch) -> Iterator[int]:
        """Yields up to where it has looked. An empty page: the venue has nothing from there on."""
        at, end = hole.first, hole.last + self._length
        while at < end:
            few = max((end - at) // self._length, SMALLEST_PAGE)
            page = candles_from(self.exchange, self.symbol, self.timeframe, at, few)
            at = int(page.times[-1]) + self._length if len(page) else end
            self._take(part(page, hole.first, hole.last))
            yield min(at, end)

    def _take(self, page: Candles) -> None:
        if len(page):
            self._waiting.append(page)
        if len(self._waiting) >= BATCH_PAGES:
            self._store()

    def _store(self) -> None:
        if not self._waiting:
            return
        pages, self._waiting = self._waiting, []
        whole = pages[0]
        for page in pages[1:]:
            whole = candles.merge(whole, page)
        candles.save(self.exchange, self.symbol, self.timeframe, whole, source=f"downloaded from {self.exchange}")
        self.rows += len(whole)


@dataclass
class FundingHistory:
    """The funding rates of one market that were paid at or after `since` and before `until`, until `now` (ms).

    Raises NothingYet.
    """

    exchange: str
    symbol: str
    since: int
    until: int
    now: int
    rows: int = field(default=0, init=False)
    _waiting: list[tuple[Ints, Floats]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.first, self.last = self.since, min(self.until, self.now) - 1
        if self.last < self.first:
            raise NothingYet("that time has not come yet")

    def steps(self) -> Generator[Progress, None, None]:
        """Raises ExchangeError, StoredDiffers."""
        wanted = self._wanted()
        total, done = sum(_hours(hole) for hole in wanted), 0
        try:
            for _ in range(ROUNDS):
                for hole in wanted:
                    for reached in self._fill(hole):
                        hours = min((reached - hole.first) // HOUR_MS, _hours(hole))
                        yield Progress(min(done + hours, total), total, reached, self._received)
                    done += _hours(hole)
                self._store()
                wanted = self.missing()
        finally:
            self._store()

    def missing(self) -> list[Stretch]:
        """Times without a payment that are longer than usual there; `bars` counts what would fit in at the least."""
        known = self._known()
        edges = np.concatenate(([self.first - FUNDING_STEP_MS], known, [self.last + 1]))
        steps = np.diff(edges)
        far = np.flatnonzero((steps > FUNDING_STEP_MS + MINUTE_MS) | _longer_than_neighbours(steps))
        holes = [(max(int(edges[i]) + MINUTE_MS, self.first), int(edges[i + 1]) - MINUTE_MS) for i in far]
        return [Stretch(first, last, (last - first) // FUNDING_STEP_MS + 1) for first, last in holes if first <= last]

    def _wanted(self) -> list[Stretch]:
        """What is missing, and what may have been paid since the last known payment."""
        missing, known = self.missing(), self._known()
        after = int(known[-1]) + MINUTE_MS if len(known) else self.first
        if after > self.last or (missing and missing[-1].last >= after):
            return missing
        return [*missing, Stretch(after, self.last, 1)]

    def _known(self) -> Ints:
        stored = candles.load_funding(self.exchange, self.symbol)
        stamps = np.empty(0, np.int64) if stored is None else stored[0]
        return stamps[(stamps >= self.first) & (stamps <= self.last)]

    def result(self) -> Result:
        return Result(self.rows, self.missing(), [])

    @property
    def _received(self) -> int:
        return self.rows + sum(len(stamps) for stamps, _ in self._waiting)

    def _fill(self, hole: Stretch) -> Iterator[int]:
        at = hole.first
        while at <= hole.last:
            stamps, rates = funding_from(self.exchange, self.symbol, at)
            wanted = stamps <= hole.last
            if wanted.any():
                self._waiting.append((stamps[wanted], rates[wanted]))
            at = int(stamps[-1]) + MINUTE_MS if len(stamps) else hole.last + 1
            yield min(at, hole.last + 1)

    def _store(self) -> None:
        if not self._waiting:
            return
        pages, self._waiting = self._waiting, []
        stamps, rates = (np.concatenate(columns) for columns in zip(*pages, strict=True))
        candles.save_funding(self.exchange, self.symbol, stamps, rates, source=f"downloaded from {self.exchange}")
        self.rows += len(stamps)


def lacking(times: Ints, first: int, last: int, length: int) -> list[Stretch]:
    """The bars from `first` to `last` (opening times) that a series in order does not have."""
    within = times[(times >= first) & (times <= last)]
    edges = np.concatenate(([first - length], within, [last + length]))
    return gaps(edges, length)


def _longer_than_neighbours(steps: Ints) -> Flags:
    """By more than half: a payment is missing there. The first and the last step are no payments' own."""
    found = np.zeros(len(steps), dtype=bool)
    between = steps[1:-1]
    if len(between) > 2:
        around = np.maximum(np.r_[between[1], between[:-1]], np.r_[between[1:], between[-2]])
        found[1:-1] = between * 2 > around * 3
    return found


def _hours(hole: Stretch) -> int:
    return (hole.last - hole.first) // HOUR_MS + 1
