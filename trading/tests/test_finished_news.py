"""Who left a scan, a search or a long back-test to run is told when it has ended."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Notification, User
from bots.tests.factories import make_user
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests.services import backtest_cancel
from trading.finished_news import backtest_news
from trading.models import Backtest
from trading.tests.backtests.made import done
from trading.tests.scans import made as scans
from trading.tests.scans.worlds import world  # noqa: F401
from trading.tests.searches import made as searches

pytestmark = pytest.mark.django_db


def news(user: User) -> list[tuple[str, str, str]]:
    return list(Notification.objects.filter(owner=user, kind="finished").values_list("severity", "text", "link"))


def test_of_a_scan_how_many_pairs_hold(world: Any) -> None:  # noqa: F811
    user = make_user()
    scan = scans.run(scans.created(user))
    assert news(user) == [("info", "15 pairs were looked at. 1 holds in both parts.", f"/pairs/{scan.pk}/")]


def test_of_one_that_failed_why_in_its_owner_s_language(world: Any) -> None:  # noqa: F811
    user = make_user(language="zh-hans")
    scan = scans.run(scans.created(user, since="2030-01-01T00:00Z"))
    assert scan.status == JobStatus.FAILED
    [(severity, text, _link)] = news(user)
    assert severity == "warning"
    assert str(scan.problems[0]) in text


def test_of_a_search_how_many_sets_were_tried(stored_pair: Any) -> None:  # noqa: F811
    user = make_user()
    row = searches.run(searches.created(user))
    assert news(user) == [("info", "21 sets of parameters were tried.", f"/backtests/{row.pk}/")]


def test_of_a_back_test_only_if_it_took_long(stored_pair: Any) -> None:  # noqa: F811
    user = make_user()
    row = done(user)
    assert news(user) == []
    assert row.finished_at is not None
    row.created_at = row.finished_at - timedelta(minutes=1)
    backtest_news(row)
    assert news(user) == [("info", "The back-test is done.", f"/backtests/{row.pk}/")]


def test_what_was_canceled_is_no_news(stored_pair: Any) -> None:  # noqa: F811
    user = make_user()
    row = searches.created(user)
    backtest_cancel(actor=user, backtest=row, now=searches.NOW)
    searches.run(Backtest.objects.get(pk=row.pk))
    assert news(user) == []
