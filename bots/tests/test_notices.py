"""Which lines of the journal become news, for whom and how loudly."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts.models import Notification
from accounts.notifications.fan_out import notifications_route
from bots.journal import lines as journal
from bots.journal.notices import NOTICES
from bots.journal.words import MESSAGES
from bots.tests.factories import make_bot, make_user

pytestmark = pytest.mark.django_db


def test_every_code_that_is_told_has_a_sentence():
    assert set(NOTICES) <= set(MESSAGES)


def test_every_way_of_closing_is_told():
    assert {code for code in MESSAGES if code.startswith("closed_")} <= set(NOTICES)


def test_what_alarms_in_the_journal_is_told_as_well():
    assert {code for code in MESSAGES if code.startswith(("alert_", "differs_"))} <= set(NOTICES)


def test_a_line_is_written_and_told_though_no_page_can_be_imported(settings):
    """Trades are booked in the same transaction: a broken page must not keep them from the books."""
    bot = make_bot()
    address = reverse("bots:detail", args=[bot.pk])
    settings.ROOT_URLCONF = "no.such.module"
    journal.write(bot, "leg_alone", log_type="error", symbol="GALA/USDT:USDT", seconds=12.0)
    assert Notification.objects.get().link == address


def test_an_error_is_told_to_the_owner_in_his_language():
    bot = make_bot(owner=make_user(language="zh-hans"))
    journal.write(bot, "leg_alone", log_type="error", symbol="GALA/USDT:USDT", seconds=12.0)
    told = Notification.objects.get()
    assert (told.owner, told.kind, told.severity, told.title) == (bot.owner, "naked_leg", "error", bot.bot_name)
    assert told.link == f"/bots/{bot.pk}/"
    with override("zh-hans"):
        assert told.text == journal.sentence(bot.logs.get())


def test_a_line_that_nobody_needs_is_not_told():
    journal.write(make_bot(), "waiting", log_type="info", spread=1.0, distance=0.5)
    assert not Notification.objects.exists()


def test_trades_of_a_recording_are_no_news_but_its_errors_are():
    bot = make_bot()
    then = datetime(2025, 1, 1, tzinfo=UTC)
    trade = {"side": 1, "notional": 100, "spread": 1.0}
    journal.write(bot, "opened", log_type="trade", market_time=then, **trade)
    assert not Notification.objects.exists()
    journal.write(bot, "failed", log_type="error", market_time=then, reason="leg_stuck")
    journal.write(bot, "opened", log_type="trade", market_time=timezone.now() - timedelta(seconds=1), **trade)
    assert [row.kind for row in Notification.objects.order_by("pk")] == ["bot_error", "trade"]


def test_each_trade_is_news_and_a_repeated_trouble_is_counted():
    bot = make_bot()
    for level in (2, 3):
        journal.write(bot, "added", log_type="trade", level=level, notional=100, spread=1.0)
    for _ in range(3):
        journal.write(bot, "quotes_stale", log_type="warning", symbol="GALA/USDT:USDT", age=12.0)
    notifications_route()
    assert sorted(Notification.objects.values_list("kind", "count")) == [("stale_data", 3), ("trade", 1), ("trade", 1)]


def test_a_switch_over_many_bots_is_one_piece_of_news():
    owner = make_user()
    for _ in range(3):
        journal.write(make_bot(owner=owner), "switch_halted", log_type="warning", reason="halted_user")
    notifications_route()
    assert [(row.kind, row.count) for row in Notification.objects.all()] == [("kill_switch", 3)]
