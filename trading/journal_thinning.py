"""What journals forget. Trades, errors, what a person did and what happened once are kept for ever.

Lines that only say that a state goes on are written again and again: of those that are older than `JOURNAL_KEEP_DAYS`
the first one of each (UTC) day stays for each bot, event, reason and market.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

REPEATED = (
    "book_crossed",
    "book_wide",
    "candles_missing",
    "close_by_book",
    "close_by_mark",
    "close_waits",
    "entries_wait",
    "level_refused",
    "quotes_apart",
    "quotes_missing",
    "quotes_stale",
    "risk_refused",
    "switch_halted",
    "switch_reducing",
    "venue_unavailable",
    "waiting",
)
FORGETFUL_TYPES = ("info", "warning")
BATCH = 20_000


def journals_thin(now: datetime) -> int:
    """How many lines went. At most `BATCH` in one statement, so that no writer waits for long."""
    until = now - timedelta(days=settings.JOURNAL_KEEP_DAYS)
    gone = 0
    while (count := _thin_once(until)) > 0:
        gone += count
    return gone


def _thin_once(until: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM trade_logs WHERE id IN (SELECT id FROM ("
            " SELECT id, row_number() OVER (PARTITION BY bot_id, log_type, details->>'code', details->>'reason',"
            "   details->>'symbol', (created_at AT TIME ZONE 'UTC')::date ORDER BY id) AS place"
            " FROM trade_logs WHERE created_at < %s AND log_type = ANY(%s) AND details->>'code' = ANY(%s)"
            ") AS ranked WHERE place > 1 LIMIT %s)",
            [until, list(FORGETFUL_TYPES), list(REPEATED), BATCH],
        )
        return cursor.rowcount
