"""Which installation this is: its tag is part of every client order id, and a restored database begins a new one.

(reliability.md, invariant 1.) A copy of the rows in another database, or on another server, is told by PostgreSQL's own
numbers of both; what was put back into the very same database has to be said (`manage.py restored`).
"""

import secrets
from datetime import datetime

from django.db import connection, transaction

from accounts import audit
from accounts.models import User
from bots import services
from bots.models import Bot, BotStatus, Intent, IntentStatus
from bots.ready_query import ReadyQuery
from trading.models import AccountBooks, Difference, DifferenceStatus, Installation

PREFIX = "cm"
TAG_LENGTH = 4
RESTORED = "restored"


def new_client_order_id() -> str:
    """30 letters and digits: accepted by all venues, never repeated by another installation."""
    return new_client_order_ids(1)[0]


def new_client_order_ids(count: int) -> list[str]:
    tag = installation().tag
    return [f"{PREFIX}{tag}{secrets.token_hex(12)}" for _ in range(count)]


def installation() -> Installation:
    """The newest; the first one is made when it is asked for."""
    newest: Installation | None = next(iter(_NEWEST.rows()), None)
    return newest or _begin("first start")


_NEWEST = ReadyQuery(lambda: Installation.objects.order_by("-id")[:1], 0)


def is_ours(client_order_id: str) -> bool:
    """Whether this installation, or what it was restored from, gave the id out."""
    tag = client_order_id[len(PREFIX) : len(PREFIX) + TAG_LENGTH]
    return client_order_id.startswith(PREFIX) and Installation.objects.filter(tag=tag).exists()


def installation_check(now: datetime) -> bool:
    """True where the rows lie in another database than they were written in: bots wait in `error` then."""
    if installation().database == database_name():
        return False
    restored(actor=None, now=now, reason="the database is another one than before")
    return True


def restored(*, actor: User | None, now: datetime, reason: str) -> list[Bot]:
    """Call after a backup was put back: a new tag, nothing waits to be done, and the bots that may hold something or
    would open something are in `error` until a person starts them again. Returns those bots."""
    with transaction.atomic():
        begun = _begin(reason)
        waiting = Intent.objects.filter(status=IntentStatus.WAITING)
        waiting.update(status=IntentStatus.REFUSED, result=RESTORED, settled_at=now)
        Difference.objects.filter(status=DifferenceStatus.SUSPECT).delete()
        AccountBooks.objects.update(balance=None, thorough_at=None)
        audit.record(actor=actor, action="installation.restored", target=begun, details={"reason": reason})
    bots = list(Bot.objects.filter(deleted_at=None).exclude(status=BotStatus.STOPPED).order_by("pk"))
    for bot in bots:
        services.bot_fail(bot=bot, reason=RESTORED, now=now)
    return bots


def database_name() -> str:
    """Of the server's data (its cluster) and of the database in it: a dump that is read in elsewhere gets others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT system_identifier FROM pg_control_system()), oid FROM pg_database"
            " WHERE datname = current_database()"
        )
        cluster, database = cursor.fetchone()
    return f"{cluster}/{database}"


def _begin(reason: str) -> Installation:
    """Two processes that begin at once take the same row: the later one only reads."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE installations IN SHARE ROW EXCLUSIVE MODE")
        newest = Installation.objects.order_by("-id").first()
        if newest is not None and reason == "first start":
            return newest
        known = set(Installation.objects.values_list("tag", flat=True))
        tag = next(tag for tag in iter(lambda: secrets.token_hex(TAG_LENGTH // 2), None) if tag not in known)
        return Installation.objects.create(tag=tag, database=database_name(), reason=reason[:300])
