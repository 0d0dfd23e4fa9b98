"""Asking for a back-test, canceling it and deleting it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from bots.tests.factories import make_user, make_viewer
from bots.tests.gated import redis_gate  # noqa: F401
from chainmakes.tests.broker import own_broker  # noqa: F401
from exchanges.errors import DomainError
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.backtests import services
from trading.backtests.queueing import RUN_TASK
from trading.backtests.selectors import backtest_of, backtests_of
from trading.models import Backtest, BacktestSeries
from trading.tests.backtests.made import NOW, done, queued, wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]


def test_a_new_one_is_queued_and_sent_to_the_workers(broker, django_capture_on_commit_callbacks):
    owner = make_user()
    with django_capture_on_commit_callbacks(execute=True):
        backtest = queued(owner)
    assert (backtest.status, backtest.kind, backtest.owner) == ("queued", "run", owner)
    assert broker.waiting("compute") == [(RUN_TASK, [backtest.pk])]


def test_nothing_is_sent_for_what_is_not_written(broker):
    with pytest.raises(Exception):  # noqa: B017, PT011
        services.backtest_create(actor=make_user(), data=wish(timeframe="x"), now=NOW)
    assert broker.waiting("compute") == []
    assert not Backtest.objects.exists()


def test_it_waits_in_the_database_while_the_broker_is_away(broker, django_capture_on_commit_callbacks):
    broker.shut()
    with django_capture_on_commit_callbacks(execute=True):
        backtest = queued(make_user())
    backtest.refresh_from_db()
    assert backtest.status == JobStatus.QUEUED


def test_viewers_look_only():
    viewer = make_viewer()
    with pytest.raises(PermissionDenied):
        queued(viewer)
    backtest = done(make_user())
    Backtest.objects.update(owner=viewer)
    backtest.refresh_from_db()
    with pytest.raises(PermissionDenied):
        services.backtest_cancel(actor=viewer, backtest=backtest, now=NOW)
    with pytest.raises(PermissionDenied):
        services.backtest_delete(actor=viewer, backtest=backtest)


def test_so_many_at_once_and_no_more(settings):
    settings.BACKTESTS_OPEN_MAX = 2
    owner = make_user()
    first, _second = queued(owner), queued(owner)
    with pytest.raises(DomainError) as caught:
        queued(owner)
    assert caught.value.code == "too_many"
    queued(make_user())  # everybody's own
    services.backtest_cancel(actor=owner, backtest=first, now=NOW)
    assert queued(owner).status == JobStatus.QUEUED


def test_one_that_waits_is_canceled_at_once():
    owner = make_user()
    canceled = services.backtest_cancel(actor=owner, backtest=queued(owner), now=NOW)
    assert (canceled.status, canceled.finished_at, canceled.is_cancel_wanted) == ("canceled", NOW, True)


def test_one_that_runs_is_asked_to_end():
    owner = make_user()
    backtest = queued(owner)
    Backtest.objects.update(status=JobStatus.RUNNING)
    canceled = services.backtest_cancel(actor=owner, backtest=backtest, now=NOW)
    assert (canceled.status, canceled.finished_at, canceled.is_cancel_wanted) == ("running", None, True)


@pytest.mark.parametrize("status", [JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELED])
def test_one_that_has_ended_is_not_canceled(status):
    owner = make_user()
    backtest = queued(owner)
    Backtest.objects.update(status=status)
    with pytest.raises(DomainError) as caught:
        services.backtest_cancel(actor=owner, backtest=backtest, now=NOW)
    assert caught.value.code == "ended"


def test_deleted_with_its_result():
    backtest = done(make_user())
    assert BacktestSeries.objects.count() == 1
    services.backtest_delete(actor=backtest.owner, backtest=backtest)
    assert not Backtest.objects.exists()
    assert not BacktestSeries.objects.exists()


def test_one_that_runs_is_not_deleted():
    owner = make_user()
    backtest = queued(owner)
    Backtest.objects.update(status=JobStatus.RUNNING)
    with pytest.raises(DomainError) as caught:
        services.backtest_delete(actor=owner, backtest=backtest)
    assert caught.value.code == "running"
    assert Backtest.objects.exists()


def test_only_the_owner_s():
    backtest, stranger = queued(make_user()), make_user()
    assert list(backtests_of(stranger)) == []
    with pytest.raises(Backtest.DoesNotExist):
        backtest_of(stranger, backtest.pk)
    for refused in (
        lambda: services.backtest_cancel(actor=stranger, backtest=backtest, now=NOW),
        lambda: services.backtest_delete(actor=stranger, backtest=backtest),
    ):
        with pytest.raises(PermissionDenied):
            refused()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker")
def test_two_at_once_do_not_both_find_the_last_place(settings: Any) -> None:
    settings.BACKTESTS_OPEN_MAX = 1
    owner = make_user()

    def create(_number: int) -> str:
        try:
            return queued(owner).status
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(create, range(4)))
    assert found == ["queued", "too_many", "too_many", "too_many"]
