"""One writer per bot: a lease on the bot's row, by PostgreSQL's clock, with a token that only ever rises.

Whoever claims a lease gets a higher token than everybody before. Each step that counts (writing a trade, marking orders
`submitted`) checks the token in its own transaction, so that a holder which was frozen past its lease can do nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from bots.models import Bot

TAKE_WAIT_MS = 1000


class LeaseLost(Exception):
    """Somebody else owns the bot now, or the lease ran out: stop at once, write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    bot_id: int
    token: int


def claim(bot_id: int, *, holder: str) -> Lease | None:
    """None while another holder's lease runs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bot_instances SET lease_token = lease_token + 1, lease_holder = %s,"
            " lease_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE id = %s AND (lease_until IS NULL OR lease_until < clock_timestamp()) RETURNING lease_token",
            [holder[:80], settings.BOT_LEASE_S, bot_id],
        )
        row = cursor.fetchone()
    return Lease(bot_id, row[0]) if row else None


def take(bot_id: int, *, holder: str, spares: str) -> Lease | None:
    """Whoever holds the bot loses it, for what may not wait; None where a holder whose name begins with `spares` does.

    Raises OperationalError while another transaction keeps the bot's row for longer than `TAKE_WAIT_MS`.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {TAKE_WAIT_MS}")
        cursor.execute(
            "UPDATE bot_instances SET lease_token = lease_token + 1, lease_holder = %s,"
            " lease_until = clock_timestamp() + make_interval(secs => %s) WHERE id = %s"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp() OR NOT starts_with(lease_holder, %s))"
            " RETURNING lease_token",
            [holder[:80], settings.BOT_LEASE_S, bot_id, spares],
        )
        row = cursor.fetchone()
    return Lease(bot_id, row[0]) if row else None


def take_all(bot_ids: Collection[int], *, holder: str, spares: str) -> dict[int, Lease]:
    """`take` for many in one statement, without waiting for a row: by bot those that were free at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bot_instances b SET lease_token = b.lease_token + 1, lease_holder = %s,"
            " lease_until = clock_timestamp() + make_interval(secs => %s)"
            " FROM (SELECT id FROM bot_instances WHERE id = ANY(%s)"
            "  AND (lease_until IS NULL OR lease_until < clock_timestamp() OR NOT starts_with(lease_holder, %s))"
            "  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS free"
            " WHERE b.id = free.id RETURNING b.id, b.lease_token",
            [holder[:80], settings.BOT_LEASE_S, list(bot_ids), spares],
        )
        return {bot_id: Lease(bot_id, token) for bot_id, token in cursor.fetchall()}


def renew(lease: Lease) -> None:
    """Raises LeaseLost when the lease has run out, even if nobody took it since."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bot_instances SET lease_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE id = %s AND lease_token = %s AND lease_until > clock_timestamp()",
            [settings.BOT_LEASE_S, lease.bot_id, lease.token],
        )
        if cursor.rowcount != 1:
            raise LeaseLost


def release(lease: Lease) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bot_instances SET lease_until = NULL, lease_holder = '', last_tick_at = clock_timestamp()"
            " WHERE id = %s AND lease_token = %s",
            [lease.bot_id, lease.token],
        )


def locked_bot(lease: Lease) -> Bot:
    """The bot's row, locked until the surrounding transaction ends, after proof that the lease still holds.

    Raises LeaseLost.
    """
    rows = Bot.objects.raw(
        "SELECT * FROM bot_instances WHERE id = %s AND lease_token = %s AND lease_until > clock_timestamp() FOR UPDATE",
        [lease.bot_id, lease.token],
    )
    bot = next(iter(rows), None)
    if bot is None:
        raise LeaseLost
    return bot


def locked_bots(leases: Collection[Lease]) -> dict[int, Bot]:
    """The same for many, without those whose lease is lost. Raises OperationalError where one is locked for long."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {TAKE_WAIT_MS}")
    rows = Bot.objects.raw(
        "SELECT b.* FROM bot_instances b JOIN unnest(%s::bigint[], %s::bigint[]) AS l (bot_id, token)"
        " ON b.id = l.bot_id AND b.lease_token = l.token WHERE b.lease_until > clock_timestamp()"
        " ORDER BY b.id FOR UPDATE OF b",
        [[lease.bot_id for lease in leases], [lease.token for lease in leases]],
    )
    return {bot.pk: bot for bot in rows}
