"""The last two days of a bot's spread in at most a hundred points, for the lists. Kept for a minute per bot."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.cache import cache
from django.db import connection
from redis import RedisError

HOURS: Final = 48
POINTS: Final = 96  # a bot younger than two days gets as many, down to one a minute
KEPT_S: Final = 60

_SQL = """
SELECT b.id, p.spread
FROM unnest(%(ids)s::bigint[]) AS b(id)
CROSS JOIN LATERAL (SELECT max(recorded_at) AS at FROM spread_history WHERE bot_id = b.id AND kind = 'minute') newest
CROSS JOIN LATERAL (
    SELECT min(recorded_at) AS at FROM spread_history
    WHERE bot_id = b.id AND kind = 'minute' AND recorded_at > newest.at - %(span)s::interval
) oldest
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (slot)
        date_bin(greatest((newest.at - oldest.at) / %(points)s, interval '1 minute'), recorded_at, oldest.at) AS slot,
        spread_percentage AS spread
    FROM spread_history
    WHERE bot_id = b.id AND kind = 'minute' AND recorded_at > newest.at - %(span)s::interval
    ORDER BY slot, recorded_at DESC
) p
ORDER BY b.id, p.slot
"""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Spreads in percentage points, oldest first, evenly spaced; at least two."""

    spreads: tuple[float, ...]


def sparklines(bot_ids: Sequence[int]) -> dict[int, Sparkline]:
    """By bot id, without bots that have too little history. Ends at the newest minute that each bot recorded."""
    keys = {f"sparkline:{bot_id}": bot_id for bot_id in bot_ids}
    try:
        found = {keys[key]: spreads for key, spreads in cache.get_many(keys).items()}
    except (RedisError, OSError):
        found = {}
    missing = [bot_id for bot_id in bot_ids if bot_id not in found]
    found |= _kept(_read(missing)) if missing else {}
    return {bot_id: Sparkline(tuple(spreads)) for bot_id, spreads in found.items() if len(spreads) > 1}


def _read(bot_ids: Sequence[int]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    values: dict[str, Any] = {"ids": list(bot_ids), "points": POINTS, "span": f"{HOURS} hours"}
    with connection.cursor() as cursor:
        cursor.execute(_SQL, values)
        for bot_id, spread in cursor.fetchall():
            found[bot_id].append(spread)
    return {bot_id: found.get(bot_id, []) for bot_id in bot_ids}


def _kept(found: dict[int, list[float]]) -> dict[int, list[float]]:
    try:
        cache.set_many({f"sparkline:{bot_id}": spreads for bot_id, spreads in found.items()}, KEPT_S)
    except (RedisError, OSError):
        return found
    return found
