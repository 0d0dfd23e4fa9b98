"""The spread history's partitions, one for each (UTC) day of writing: made ahead, dropped when they are old.

Rows of a day that has no partition land in the default one; making the day's partition moves them there.
"""

import re
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from trading.models import SpreadHistory

DAYS_AHEAD = 7
DAYS_KEPT = 90
LOCK_TIMEOUT = "2s"

_PARENT = SpreadHistory._meta.db_table
_DEFAULT = f"{_PARENT}_default"
_NAME = re.compile(rf"{_PARENT}_p(\d{{8}})")


def partitions_keep(today: date) -> None:
    """Everything that a day needs; may run as often as it likes, and beside itself."""
    for ahead in range(-1, DAYS_AHEAD + 1):
        partition_create(today + timedelta(days=ahead))
    for day in _days_in_default():
        partition_create(day)
    for day in partition_days():
        if day < today - timedelta(days=DAYS_KEPT):
            partition_drop(day)


def partition_days() -> list[date]:
    """Oldest first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [_PARENT])
        names = [_NAME.fullmatch(name) for (name,) in cursor.fetchall()]
    return sorted(datetime.strptime(name[1], "%Y%m%d").date() for name in names if name)


def partition_create(day: date) -> None:
    """Nothing happens when it is there. Gives up (OperationalError) rather than make writers wait for long."""
    if day in partition_days():
        return
    name = _name(day)
    with transaction.atomic(), connection.cursor() as cursor:
        _lock(cursor)
        if day in partition_days():
            return
        cursor.execute(f"LOCK TABLE {_DEFAULT} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE {name} (LIKE {_PARENT} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {_DEFAULT} WHERE stored_on = %s RETURNING *)"  # a table of ours  # nosec B608
            f" INSERT INTO {name} SELECT * FROM moved",
            [day],
        )
        cursor.execute(
            f"ALTER TABLE {_PARENT} ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        )


def partition_drop(day: date) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        _lock(cursor)
        cursor.execute(f"DROP TABLE IF EXISTS {_name(day)}")


def _lock(cursor: CursorWrapper) -> None:
    """One change at a time; writers of days that have a partition go on."""
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_PARENT])


def _days_in_default() -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT stored_on FROM {_DEFAULT} ORDER BY stored_on")  # a table of ours  # nosec B608
        return [day for (day,) in cursor.fetchall()]


def _name(day: date) -> str:
    return f"{_PARENT}_p{day:%Y%m%d}"
