"""The dashboard's equity: the curve of the snapshots, and what each bot and account earned."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.overview.totals import equity_line
from bots.tests.factories import make_paper_account, make_user
from bots.tests.page_client import client_of, page_of
from bots.tests.page_rows import held_bot, line
from bots.tests.test_pages import live_account, text_of
from trading.models import EquitySnapshot, LedgerLine, LineKind

pytestmark = pytest.mark.django_db(databases=["default", "paper"])


def snapshot(account, days_ago, equity):
    at = timezone.now() - timedelta(days=days_ago)
    EquitySnapshot.objects.create(account=account, at=at, currency="USDT", equity=equity, balance=equity)


def told(user, path="/"):
    html = page_of(user, path)
    found = re.search(r'<script id="overview" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_curve_is_of_the_snapshots_and_says_what_was_gained():
    bot = held_bot()
    for days, equity in ((20, 10_000), (10, 10_400), (5, 10_100), (1, 10_250)):
        snapshot(bot.exchange_account, days, equity)
    curve = told(bot.owner, "/?range=30d")["curve"]
    assert (curve["kind"], curve["values"]) == ("equity", [10_000, 10_400, 10_100, 10_250])
    assert (curve["change"], curve["deepest"]) == (250, -300)
    assert told(bot.owner, "/?range=7d")["curve"]["change"] == 150


def test_a_deposit_is_no_gain():
    bot = held_bot()
    for days, equity in ((20, 10_000), (10, 11_000), (1, 10_900)):
        snapshot(bot.exchange_account, days, equity)
    at = timezone.now() - timedelta(days=15)
    LedgerLine.objects.create(
        account=bot.exchange_account, kind=LineKind.TRANSFER, amount=1000, currency="USDT", symbol="", at=at
    )
    html = text_of(page_of(bot.owner, "/?range=30d"))
    assert "30 days −100.00" in html
    assert "deposits +1,000.00 not counted" in html


def test_an_account_that_came_later_is_no_gain():
    curve = equity_line([1, 2, 3], [[100.0, 110.0, 110.0], [None, None, 1000.0]], [])
    assert curve is not None
    assert curve.values == [1100, 1110, 1110]
    assert curve.change == 10


def test_without_snapshots_one_sentence_says_when_the_curve_begins():
    user = make_user()
    make_paper_account(user)
    assert "The curve begins with the first look at the account" in page_of(user, "/")


def test_what_each_bot_and_account_earned():
    user = make_user()
    account = make_paper_account(user, label="Play")
    one = held_bot(account=account, bot_name="Alpha", earned="100")
    line(one, "-20", days_ago=3)
    line(one, "7", days_ago=20)
    held_bot(account=live_account(user), bot_name="Live one", earned="999")
    html = text_of(page_of(user, "/?by=bot&account=paper"))
    assert re.search(r"Alpha Play \+100.00 \+80.00 \+87.00 \+100.00", html)
    assert "Live one" not in html[: html.index("Exposure per coin")], "live and paper are added up apart"
    snapshot(account, 0, Decimal("1234.5"))
    html = text_of(page_of(user, "/?by=account&account=paper"))
    assert re.search(r"Play .*1,234.50 \+100.00 \+80.00 \+87.00", html)


@pytest.mark.parametrize("query", ["by=nobody", "by=bot&range=x", "range=24h", "by=account&status=paused"])
def test_odd_wishes_answer(query):
    bot = held_bot()
    snapshot(bot.exchange_account, 1, 100)
    assert client_of(bot.owner).get(f"/?{query}").status_code == 200


@pytest.mark.parametrize("query", ["", "by=bot", "by=account"])
def test_the_dashboard_costs_the_same_for_one_bot_and_for_thirty(query):
    account = make_paper_account()
    held_bot(account=account)
    snapshot(account, 2, 100)
    client = client_of(account.owner)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/?{query}").status_code == 200
        return len(captured)

    queries()
    few = queries()
    for _ in range(29):
        held_bot(account=account)
    assert queries() <= few + 1, "a new bot's spread is read once"
