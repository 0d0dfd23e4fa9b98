"""The spread history's days: made ahead, filled in order, dropped when old."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from bots.charts.points import spread_points
from bots.models import Bot
from bots.tests.factories import make_bot
from trading import partitions
from trading.models import SpreadHistory, SpreadHour
from trading.spread_log import SpreadPoint, points_write

TODAY = date(2026, 3, 10)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> Bot:
    return make_bot()


@pytest.fixture(autouse=True)
def _no_days(db: None) -> None:
    for day in partitions.SPREADS.days():
        partitions.SPREADS.drop(day)


def add_row(bot: Bot, day: date, minute: int = 0) -> None:
    SpreadHistory.objects.create(
        bot=bot,
        market1_price=1,
        market2_price=1,
        spread_percentage=0.0,
        spread_open=0.0,
        spread_high=0.0,
        spread_low=0.0,
        recorded_at=datetime(2025, 1, 1, 0, minute).astimezone(),
        stored_on=day,
    )


def tables_of_rows() -> dict[date, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stored_on, tableoid::regclass::text FROM spread_history")
        return dict(cursor.fetchall())


def test_days_are_made_ahead_and_twice_makes_no_difference() -> None:
    partitions.partitions_keep(TODAY)
    days = [TODAY + timedelta(days=ahead) for ahead in range(-1, partitions.DAYS_AHEAD + 1)]
    assert partitions.SPREADS.days() == days
    partitions.partitions_keep(TODAY)
    assert partitions.SPREADS.days() == days


def test_rows_find_their_day(bot: Bot) -> None:
    partitions.partitions_keep(TODAY)
    add_row(bot, TODAY)
    add_row(bot, TODAY + timedelta(days=partitions.DAYS_AHEAD))
    assert tables_of_rows() == {
        TODAY: "spread_history_p20260310",
        TODAY + timedelta(days=partitions.DAYS_AHEAD): "spread_history_p20260317",
    }


def test_a_row_without_a_day_is_kept_and_moves_when_the_day_is_made(bot: Bot) -> None:
    forgotten = TODAY - timedelta(days=20)
    add_row(bot, TODAY)
    add_row(bot, forgotten, minute=1)
    assert set(tables_of_rows().values()) == {"spread_history_default"}
    partitions.partitions_keep(TODAY)
    assert tables_of_rows() == {TODAY: "spread_history_p20260310", forgotten: "spread_history_p20260218"}


def test_ids_go_on_and_points_stay_unique_across_days(bot: Bot) -> None:
    partitions.partitions_keep(TODAY)
    for ahead in range(3):
        add_row(bot, TODAY + timedelta(days=ahead), minute=ahead)
    assert SpreadHistory.objects.values("id").distinct().count() == 3
    assert SpreadHistory.objects.filter(bot=bot, stored_on=TODAY).count() == 1


def test_old_days_go_with_their_rows(bot: Bot) -> None:
    oldest_kept = TODAY - timedelta(days=partitions.SPREADS.days_kept)
    for day in (oldest_kept, oldest_kept - timedelta(days=1)):
        partitions.SPREADS.create(day)
        add_row(bot, day)
    add_row(bot, oldest_kept - timedelta(days=300), minute=1)
    partitions.partitions_keep(TODAY)
    assert partitions.SPREADS.days()[0] == oldest_kept
    assert set(tables_of_rows()) == {oldest_kept}


def test_what_is_dropped_leaves_its_hours(bot: Bot) -> None:
    old = TODAY - timedelta(days=partitions.SPREADS.days_kept + 1)
    at = datetime(2025, 12, 8, 7, 58, tzinfo=UTC)
    points_write([SpreadPoint(bot.pk, at + n * MINUTE, Decimal(n + 1), Decimal(2), n / 2 - 1) for n in range(4)])
    SpreadHistory.objects.filter(bot=bot).update(stored_on=old)
    for _ in range(2):
        partitions.partitions_keep(TODAY)
    assert not SpreadHistory.objects.filter(bot=bot).exists()
    figures = "at", "spread_low", "spread_high", "spread_close", "market1_price"
    seven = at.replace(minute=0)
    assert list(SpreadHour.objects.filter(bot=bot).order_by("at").values_list(*figures)) == [
        (seven, -1.0, -0.5, -0.5, 2.0),
        (seven + timedelta(hours=1), 0.0, 0.5, 0.5, 4.0),
    ]
    assert [point.spread for point in spread_points(bot, seven, seven + MINUTE)] == [-0.5]


@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_in_use_is_waited_for_only_shortly(monkeypatch: Any) -> None:
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT", "50ms")
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE spread_history_default IN ROW EXCLUSIVE MODE")
            with pytest.raises(OperationalError):
                partitions.SPREADS.create(TODAY)
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    partitions.SPREADS.create(TODAY)
    assert partitions.SPREADS.days() == [TODAY]
    partitions.SPREADS.drop(TODAY)
