"""The spread's history: one row a minute and one per trade, for many bots in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from trading.models import SpreadKind


@dataclass(frozen=True, slots=True)
class SpreadPoint:
    """`at` is market time; a minute's row is keyed by its start."""

    bot_id: int
    at: datetime
    price1: Decimal
    price2: Decimal
    spread: float
    kind: SpreadKind = SpreadKind.MINUTE


def points_write(points: Sequence[SpreadPoint]) -> None:
    """Adds to the minute's row (open, high, low, close) or begins it; a trade's point stands alone."""
    if not points:
        return
    columns: list[list[Any]] = [
        [point.bot_id for point in points],
        [point.kind.value for point in points],
        [_stamp(point) for point in points],
        [point.price1 for point in points],
        [point.price2 for point in points],
        [point.spread for point in points],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO spread_history AS s (bot_id, kind, recorded_at, market1_price, market2_price,"
            " spread_percentage, spread_open, spread_high, spread_low, stored_on)"
            " SELECT v.bot_id, v.kind, v.at, v.p1, v.p2, v.spread, v.spread, v.spread, v.spread, CURRENT_DATE"
            " FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::numeric[], %s::numeric[], %s::float8[])"
            " AS v (bot_id, kind, at, p1, p2, spread)"
            " ON CONFLICT (bot_id, kind, recorded_at, stored_on) DO UPDATE SET"
            " market1_price = EXCLUDED.market1_price, market2_price = EXCLUDED.market2_price,"
            " spread_percentage = EXCLUDED.spread_percentage,"
            " spread_high = greatest(s.spread_high, EXCLUDED.spread_high),"
            " spread_low = least(s.spread_low, EXCLUDED.spread_low)",
            columns,
        )


def _stamp(point: SpreadPoint) -> datetime:
    return point.at if point.kind == SpreadKind.TRADE else point.at.replace(second=0, microsecond=0)
