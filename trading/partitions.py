"""Tables that lose old rows by the day: a partition for each (UTC) day of writing, made ahead, dropped when old.

Rows of a day that has no partition land in the default one; making the day's partition moves them there.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from exchanges.models import MarketQuote
from trading.models import SpreadHistory

DAYS_AHEAD: Final = 7
LOCK_TIMEOUT = "2s"


@dataclass(frozen=True, slots=True)
class DailyTable:
    """`table` is partitioned by `stored_on`; days before the last `days_kept` are dropped."""

    table: str
    days_kept: int
    last_words: str = ""
    """SQL that keeps what is to stay of a `{partition}`."""

    def keep(self, today: date) -> None:
        """Everything that a day needs; may run as often as it likes, and beside itself."""
        for ahead in range(-1, DAYS_AHEAD + 1):
            self.create(today + timedelta(days=ahead))
        for day in self._days_in_default():
            self.create(day)
        for day in self.days():
            if day < today - timedelta(days=self.days_kept):
                self.drop(day)

    def days(self) -> list[date]:
        """Those that have a partition, oldest first."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [self.table]
            )
            names = [re.fullmatch(rf"{self.table}_p(\d{{8}})", name) for (name,) in cursor.fetchall()]
        return sorted(datetime.strptime(name[1], "%Y%m%d").date() for name in names if name)

    def create(self, day: date) -> None:
        """Nothing happens when it is there. Gives up (OperationalError) rather than make writers wait for long."""
        if day in self.days():
            return
        name, default = self._name(day), self._default
        with transaction.atomic(), connection.cursor() as cursor:
            self._lock(cursor)
            if day in self.days():
                return
            cursor.execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
            cursor.execute(f"CREATE TABLE {name} (LIKE {self.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
            cursor.execute(
                f"WITH moved AS (DELETE FROM {default} WHERE stored_on = %s RETURNING *)"  # a table of ours  # nosec B608
                f" INSERT INTO {name} SELECT * FROM moved",
                [day],
            )
            cursor.execute(
                f"ALTER TABLE {self.table} ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
            )

    def drop(self, day: date) -> None:
        """What is to stay of it for ever is written first, in the same transaction."""
        with transaction.atomic(), connection.cursor() as cursor:
            self._lock(cursor)
            if self.last_words and day in self.days():
                cursor.execute(self.last_words.format(partition=self._name(day)))
            cursor.execute(f"DROP TABLE IF EXISTS {self._name(day)}")

    def _lock(self, cursor: CursorWrapper) -> None:
        """One change at a time; writers of days that have a partition go on."""
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [self.table])

    def _days_in_default(self) -> list[date]:
        query = f"SELECT DISTINCT stored_on FROM {self._default} ORDER BY stored_on"  # a table of ours  # nosec B608
        with connection.cursor() as cursor:
            cursor.execute(query)
            return [day for (day,) in cursor.fetchall()]

    def _name(self, day: date) -> str:
        return f"{self.table}_p{day:%Y%m%d}"

    @property
    def _default(self) -> str:
        return f"{self.table}_default"


HOURS = """
INSERT INTO spread_hours AS h (bot_id, at, spread_low, spread_high, spread_close, market1_price, market2_price)
SELECT bot_id, date_trunc('hour', recorded_at, 'UTC'), min(spread_low), max(spread_high),
    (array_agg(spread_percentage ORDER BY recorded_at DESC))[1],
    (array_agg(market1_price ORDER BY recorded_at DESC))[1],
    (array_agg(market2_price ORDER BY recorded_at DESC))[1]
FROM {partition} JOIN bot_instances ON bot_instances.id = bot_id WHERE kind = 'minute' GROUP BY 1, 2
ON CONFLICT (bot_id, at) DO UPDATE SET spread_low = least(h.spread_low, EXCLUDED.spread_low),
    spread_high = greatest(h.spread_high, EXCLUDED.spread_high), spread_close = EXCLUDED.spread_close,
    market1_price = EXCLUDED.market1_price, market2_price = EXCLUDED.market2_price
"""

SPREADS: Final = DailyTable(SpreadHistory._meta.db_table, days_kept=90, last_words=HOURS)
QUOTES: Final = DailyTable(MarketQuote._meta.db_table, days_kept=2)


def partitions_keep(today: date) -> None:
    for table in (SPREADS, QUOTES):
        table.keep(today)
