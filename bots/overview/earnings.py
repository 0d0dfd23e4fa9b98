"""Realised P&L by the time of its booking, fast however long the ledger is.

Ledger lines are never changed and their ids rise with time, so what was once added up stays right: sums are kept in the
cache with the id up to which they reach, and only later lines are read. Without Redis everything is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.db.models import BooleanField, Max, Min, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import TruncMinute
from redis import RedisError

from trading.models import LedgerLine

KEPT_S: Final = 7 * 24 * 3600
SETTLED_AFTER: Final = timedelta(minutes=10)  # by then every transaction that took an id before has ended
FINE_FOR: Final = timedelta(days=2)
COARSER: Final = ((timedelta(days=32), 86_400), (timedelta(days=8), 3600), (FINE_FOR, 900))
"""(age from which, seconds): bookings of long ago are kept by the day, younger ones by the hour or its quarter."""

Booking = tuple[int, Decimal]


class Minute(NamedTuple):
    """Lines of one minute; `at` (epoch seconds) is its beginning."""

    at: int
    amount: Decimal
    first_id: int
    last_id: int


@dataclass(slots=True)
class Kept:
    """Sums of all lines up to `last_id` of `bots`, by the second (epoch) at which their minute, quarter, hour or day
    began."""

    bots: frozenset[int] = frozenset()
    last_id: int = 0
    sums: dict[int, Decimal] = field(default_factory=dict)


def bookings(scope: str, bot_ids: Iterable[int], *, currency: str, now: datetime) -> list[Booking]:
    """(epoch seconds, amount) of what the bots realised, oldest first. `scope` names this choice of bots. One query."""
    ids = frozenset(bot_ids)
    key = f"bookings:{scope}:{currency}"
    kept = _load(key)
    if kept is None or not kept.bots <= ids:  # a bot was deleted, and its lines with it
        kept = Kept(ids)
    minutes = _minutes(_lines(ids, currency).filter(pk__gt=kept.last_id))
    settled = _settled(minutes, (now - SETTLED_AFTER).timestamp())
    kept = _grown(kept, ids, minutes[:settled], now)
    _save(key, kept)
    sums = dict(kept.sums)
    for minute in minutes[settled:]:
        sums[minute.at] = sums.get(minute.at, Decimal(0)) + minute.amount
    return sorted(sums.items())


def realised_since(bot_ids: Sequence[int], since: datetime) -> dict[int, Decimal]:
    """Money that came and went by bot, counted when it was booked here: a replay's own time lies in the past."""
    lines = LedgerLine.objects.filter(bot__in=bot_ids, pk__gte=_first_id(since), created_at__gte=since).order_by()
    return dict(lines.values_list("bot").annotate(total=Sum("amount")))


def _settled(minutes: Sequence[Minute], before: float) -> int:
    """How many of the first minutes nothing can be added to any more: they are over, and every later line has a higher
    id than all of theirs."""
    highest = list(accumulate((minute.last_id for minute in minutes), max))
    lowest_after = [*accumulate((minute.first_id for minute in reversed(minutes)), min)][::-1][1:]
    return max(
        (
            place + 1
            for place, minute in enumerate(minutes)
            if minute.at + 60 <= before and (place + 1 == len(minutes) or highest[place] < lowest_after[place])
        ),
        default=0,
    )


def _grown(kept: Kept, ids: frozenset[int], settled: Sequence[Minute], now: datetime) -> Kept:
    if not settled:
        return kept
    limits = [((now - age).timestamp(), length) for age, length in COARSER]
    sums: dict[int, Decimal] = {}
    for at, amount in [*kept.sums.items(), *((minute.at, minute.amount) for minute in settled)]:
        length = next((length for before, length in limits if at < before), 1)
        slot = at - at % length
        sums[slot] = sums.get(slot, Decimal(0)) + amount
    return Kept(ids, max(minute.last_id for minute in settled), sums)


def _lines(ids: frozenset[int], currency: str) -> QuerySet[LedgerLine]:
    """One parameter for all ids: a thousand cost as much as the query itself."""
    of_bots = RawSQL("ledger_lines.bot_id = ANY(%s)", [sorted(ids)], BooleanField())
    return LedgerLine.objects.filter(of_bots, currency=currency).order_by()


def _minutes(lines: QuerySet[LedgerLine]) -> list[Minute]:
    """Oldest first."""
    rows = lines.annotate(minute=TruncMinute("created_at")).values_list("minute")
    found = rows.annotate(Sum("amount"), Min("pk"), Max("pk"))
    return sorted(Minute(int(at.timestamp()), amount, first, last) for at, amount, first, last in found)


def _first_id(since: datetime) -> int:
    """No line with a lower id was booked since the full hour before. Found once an hour and kept."""
    since = since.replace(minute=0, second=0, microsecond=0)
    key = f"first_booking:{since.isoformat()}"
    known = _load(key)
    if isinstance(known, int):
        return known
    found = LedgerLine.objects.filter(created_at__gte=since).aggregate(first=Min("pk"))["first"]
    if found is None:
        return 0
    _save(key, found)
    return int(found)


def _load(key: str) -> Any:
    try:
        return cache.get(key)
    except (RedisError, OSError):
        return None


def _save(key: str, value: Any) -> None:
    try:
        cache.set(key, value, KEPT_S)
    except (RedisError, OSError):
        return
