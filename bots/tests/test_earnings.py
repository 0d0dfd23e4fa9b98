"""Sums of the ledger that are kept and only grow."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from bots.overview.earnings import FINE_FOR, bookings, realised_since
from bots.tests.factories import make_bot, make_paper_account
from bots.tests.page_rows import AT
from trading.models import LedgerLine, LineKind

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def book(bot, amount, at, currency="USDT"):
    row = LedgerLine.objects.create(
        account=bot.exchange_account,
        bot=bot,
        symbol="GALA/USDT:USDT",
        kind=LineKind.REALISED,
        amount=Decimal(amount),
        currency=currency,
        at=AT,
    )
    LedgerLine.objects.filter(pk=row.pk).update(created_at=at)


def total(found):
    return sum((amount for _, amount in found), Decimal(0))


def test_what_is_booked_later_is_added_to_what_was_kept():
    bot = make_bot()
    for days in (400, 30, 1):
        book(bot, "10.5", NOW - timedelta(days=days))
    first = bookings("mine", [bot.pk], currency="USDT", now=NOW)
    assert (len(first), total(first)) == (3, Decimal("31.5"))
    book(bot, "-1.25", NOW + timedelta(minutes=1))
    for minutes in (1, 2, 60, 3000):
        later = bookings("mine", [bot.pk], currency="USDT", now=NOW + timedelta(minutes=minutes))
        assert total(later) == Decimal("30.25")


def test_a_line_that_is_committed_late_is_not_lost():
    """Its id is lower than that of a line which was seen already, but both are too young to be kept."""
    bot = make_bot()
    book(bot, "1", NOW - timedelta(minutes=1))
    assert total(bookings("mine", [bot.pk], currency="USDT", now=NOW)) == 1
    LedgerLine.objects.filter(bot=bot).update(id=F("id") + 100)
    low = LedgerLine.objects.get(bot=bot)
    low.pk -= 50
    low.created_at = NOW - timedelta(minutes=1)
    low.save(force_insert=True)
    assert total(bookings("mine", [bot.pk], currency="USDT", now=NOW + timedelta(minutes=1))) == 2


def test_old_bookings_are_kept_by_the_quarter_of_an_hour():
    bot = make_bot()
    for minutes in (1, 4, 9):
        book(bot, "1", NOW - FINE_FOR - timedelta(days=1, minutes=minutes))
    for minutes in (31, 34):
        book(bot, "1", NOW - timedelta(minutes=minutes))
    found = bookings("mine", [bot.pk], currency="USDT", now=NOW)
    assert [amount for _, amount in found] == [3, 1, 1]
    assert all(at % 900 == 0 for at, _ in found[:1])


def test_only_later_lines_are_read_again():
    bot = make_bot()
    book(bot, "1", NOW - timedelta(days=1))
    bookings("mine", [bot.pk], currency="USDT", now=NOW)
    with CaptureQueriesContext(connection) as captured:
        bookings("mine", [bot.pk], currency="USDT", now=NOW)
    assert all(f'"id" > {LedgerLine.objects.get(bot=bot).pk}' in query["sql"] for query in captured)


def test_a_deleted_bot_takes_its_profit_along_and_a_new_one_adds_its_own():
    account = make_paper_account()
    gone, stays = make_bot(account=account), make_bot(account=account)
    book(gone, "100", NOW - timedelta(days=2))
    book(stays, "1", NOW - timedelta(days=1))
    assert total(bookings("mine", [gone.pk, stays.pk], currency="USDT", now=NOW)) == 101
    assert total(bookings("mine", [stays.pk], currency="USDT", now=NOW)) == 1
    new = make_bot(account=account)
    book(new, "7", NOW)
    assert total(bookings("mine", [stays.pk, new.pk], currency="USDT", now=NOW)) == 8


def test_other_bots_and_other_currencies_are_not_added():
    bot = make_bot()
    book(bot, "5", NOW, currency="USDC")
    book(make_bot(), "9", NOW)
    assert bookings("mine", [bot.pk], currency="USDT", now=NOW) == []


def test_without_redis_everything_is_read(settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    bot = make_bot()
    book(bot, "3", NOW - timedelta(days=3))
    assert total(bookings("mine", [bot.pk], currency="USDT", now=NOW)) == 3
    assert realised_since([bot.pk], NOW - timedelta(days=4)) == {bot.pk: 3}


def test_what_was_realised_since_is_counted_by_bot():
    account = make_paper_account()
    one, two = make_bot(account=account), make_bot(account=account)
    book(one, "50", NOW - timedelta(days=2))
    book(one, "3", NOW)
    book(two, "-4", NOW)
    for _ in range(2):
        assert realised_since([one.pk, two.pk], NOW - timedelta(days=1)) == {one.pk: 3, two.pk: -4}
