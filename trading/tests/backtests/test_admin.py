"""Back-tests in the back office: looked at, canceled and deleted, never edited."""

import pytest
from django.test import Client

from accounts.models import Role
from bots.tests.factories import make_user
from exchanges.models import JobStatus
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401
from trading.models import Backtest
from trading.tests.backtests.made import done, queued

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_pair")]

LIST = "/admin/trading/backtest/"


@pytest.fixture
def office(settings) -> Client:
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": backend}}
    client = Client()
    client.force_login(make_user(role=Role.ADMIN, is_staff=True, is_superuser=True))
    return client


def act(office: Client, action: str, *backtests: Backtest) -> str:
    chosen = {"action": action, "_selected_action": [backtest.pk for backtest in backtests]}
    answer = office.post(LIST, chosen, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_they_are_shown_and_not_edited(office):
    backtest = done(make_user())
    assert backtest.owner.username in office.get(LIST).content.decode()
    page = office.get(f"{LIST}{backtest.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert office.get(f"{LIST}add/").status_code == 403
    assert office.post(f"{LIST}{backtest.pk}/delete/", {"post": "yes"}).status_code == 403


def test_cancel(office):
    waiting, ended = queued(make_user(), name="Waiting"), done(make_user(), name="Ended")
    page = act(office, "cancel", waiting, ended)
    waiting.refresh_from_db()
    assert waiting.status == JobStatus.CANCELED
    assert "Ended: " in page


def test_delete(office):
    ended, at_work = done(make_user()), queued(make_user(), name="At work")
    Backtest.objects.filter(pk=at_work.pk).update(status=JobStatus.RUNNING)
    page = act(office, "delete", ended, at_work)
    assert list(Backtest.objects.all()) == [at_work]
    assert "At work: " in page
