"""One writer per bot: a lease on the bot's row, by PostgreSQL's clock, with a token that only ever rises.

Whoever claims a lease gets a higher token than everybody before. Each step that counts (writing a trade, marking orders
`submitted`) checks the token in its own transaction, so that a holder which was frozen past its lease can do nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateTimeField, Func

from bots.models import Bot
from bots.ready_query import ReadyQuery

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


def renewed_bot(lease: Lease) -> Bot:
    """Renews the lease and locks the bot's row until the surrounding transaction ends; the row with its ids alone.

    Raises LeaseLost.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bot_instances SET lease_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE id = %s AND lease_token = %s AND lease_until > clock_timestamp()"
            " RETURNING id, owner_id, exchange_account_id, exchange_account2_id",
            [settings.BOT_LEASE_S, lease.bot_id, lease.token],
        )
        row = cursor.fetchone()
    if row is None:
        raise LeaseLost
    return Bot.from_db(connection.alias, _IDS, row)


_IDS = ("id", "owner_id", "exchange_account_id", "exchange_account2_id")


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
    rows = _LOCKED.rows(lease.bot_id, lease.token)
    if not rows:
        raise LeaseLost
    bot: Bot = rows[0]
    return bot


class _ClockTimestamp(Func):
    function, template = "clock_timestamp", "%(function)s()"
    output_field = DateTimeField()


_LOCKED = ReadyQuery(
    lambda pk, token: (
        Bot.objects.filter(pk=pk, lease_token=token, lease_until__gt=_ClockTimestamp()).order_by().select_for_update()
    ),
    2,
)


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
