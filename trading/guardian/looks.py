"""Which bots were looked at without a lease: what the guardian reads, written for a whole chunk in one statement."""

from collections.abc import Iterable

from django.db import connection


def looks_note(bot_ids: Iterable[int]) -> None:
    """By PostgreSQL's clock. Rows in the order of their ids: two chunks never wait for each other in a circle."""
    chosen = sorted(bot_ids)
    if not chosen:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO last_looks (bot_id, at) SELECT id, clock_timestamp() FROM unnest(%s::bigint[]) AS id"
            " ON CONFLICT (bot_id) DO UPDATE SET at = excluded.at",
            [chosen],
        )
