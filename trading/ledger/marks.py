"""What open positions are worth now."""

from collections.abc import Sequence
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from trading.core import position as core
from trading.models import Position


def positions_mark(marks: Sequence[tuple[Position, Decimal]]) -> None:
    """Current price and unrealised P&L of open positions, for lists and the API; live pages compute their own."""
    for position, price in marks:
        held = core.Position(position.signed_amount, position.cost)
        position.current_price, position.unrealized_pnl = price, held.unrealised(price)
        position.updated_at = timezone.now()
    if marks:
        rows = [position for position, _ in marks]
        Position.objects.bulk_update(rows, ["current_price", "unrealized_pnl", "updated_at"])


def cycle_lows_note(lows: Sequence[tuple[int, int, float]]) -> None:
    """(bot, cycle, P&L if closed now) of bots in position: a cycle keeps the lowest."""
    if not lows:
        return
    bots, cycles, pnls = zip(*lows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cycles c SET lowest_pnl = v.pnl"
            " FROM unnest(%s::bigint[], %s::int[], %s::float8[]) AS v (bot_id, number, pnl)"
            " WHERE c.bot_id = v.bot_id AND c.number = v.number AND c.lowest_pnl > v.pnl",
            [list(bots), list(cycles), list(pnls)],
        )
