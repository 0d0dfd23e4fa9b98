"""Stretches of time as bars in percent of a common axis, for small drawings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

BUCKETS: Final = 400
"""Gaps nearer together than a part of this many are drawn as one."""
TICKS_MAX: Final = 6
_DAYS: Final = (1, 2, 5, 10)
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60)


class Part(NamedTuple):
    """In percent of the width."""

    x: float
    width: float


class Tick(NamedTuple):
    x: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Axis:
    """From `first` to `last`, in ms."""

    first: int
    last: int

    @property
    def span(self) -> int:
        return max(self.last - self.first, 1)

    def part(self, first: int, last: int) -> Part:
        start, end = (min(max(at, self.first), self.last) for at in (first, last))
        return Part(round((start - self.first) / self.span * 100, 3), round((end - start) / self.span * 100, 3))

    def parts(self, stretches: Iterable[tuple[int, int]]) -> list[Part]:
        """In order; what would touch is joined."""
        size, joined = self.span / BUCKETS, list[list[int]]()
        for first, last in stretches:
            if joined and first - joined[-1][1] < size:
                joined[-1][1] = max(last, joined[-1][1])
            else:
                joined.append([first, last])
        return [self.part(first, last) for first, last in joined]

    @property
    def is_short(self) -> bool:
        """Days matter on it."""
        return self.span < 62 * 86_400_000

    def ticks(self) -> list[Tick]:
        """The beginnings of days, months or years, few enough to be read."""
        moments = next((found for found in self._rhythms() if len(found) <= TICKS_MAX), [])
        return [Tick(self.part(self.first, _ms(at)).width, at) for at in moments]

    def _rhythms(self) -> Iterable[Sequence[datetime]]:
        first, last = (datetime.fromtimestamp(at / 1000, UTC) for at in (self.first, self.last))
        if self.is_short:
            for step in _DAYS:
                yield _days(first, last, step)
        for step in _MONTHS:
            yield _months(first, last, step)


def _days(first: datetime, last: datetime, step: int) -> list[datetime]:
    start = first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return [at for k in range(0, (last - start).days + 1, step) if (at := start + timedelta(days=k)) <= last]


def _months(first: datetime, last: datetime, step: int) -> list[datetime]:
    months = range(first.year * 12 + first.month, last.year * 12 + last.month)
    return [datetime(k // 12, k % 12 + 1, 1, tzinfo=UTC) for k in months if k % step == 0]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
