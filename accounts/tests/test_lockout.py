"""Guessing passwords ends after some: for one name from one address; and the API takes so many requests a minute."""

import pytest

from accounts.models import AuditEntry
from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import PASSWORD, make_user, make_viewer
from bots.tests.page_client import client_of

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login"


@pytest.fixture(autouse=True)
def _two_failures(settings):
    settings.AXES_FAILURE_LIMIT = 2


def attempt(client, name, password):
    return client.post(LOGIN, {"username": name, "password": password}, format="json")


def test_every_way_to_write_the_name_counts_together():
    user = make_user(username="Mei", email="mei@example.org")
    client = anonymous()
    for name in ("Mei", "MEI@example.org"):
        assert attempt(client, name, "x").json()["code"] in ("invalid_credentials", "locked_out")
    locked = attempt(client, "Mei", PASSWORD)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked_out")
    assert int(locked["Retry-After"]) > 60
    assert attempt(anonymous(), "Mei", PASSWORD).status_code == 200, "the owner comes in from elsewhere"
    assert AuditEntry.objects.filter(owner=user, action="user.login_failed").exists()


def test_pages_and_api_count_together():
    user = make_user()
    address = "192.0.2.50"
    browser = client_of()
    for _ in range(2):
        browser.post("/login", {"username": user.username, "password": "x"}, REMOTE_ADDR=address)
    assert attempt(anonymous(), user.username, PASSWORD).status_code == 200
    body = {"username": user.username, "password": PASSWORD}
    assert anonymous().post(LOGIN, body, "json", REMOTE_ADDR=address).json()["code"] == "locked_out"
    page = browser.post("/login", body, REMOTE_ADDR=address)
    assert page.status_code == 400
    assert "Too many wrong passwords." in page.content.decode()


def test_getting_it_right_forgets_what_was_wrong():
    user = make_user()
    client = anonymous()
    for password in ("x", PASSWORD, "x", PASSWORD):
        last = attempt(client, user.username, password)
    assert last.status_code == 200


def test_the_api_takes_so_many_requests_of_one_user(settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"api": "2/hour"}}
    user, other = make_user(), make_viewer()
    clients = [bearer(user), bearer(user), bearer(user), bearer(other)]
    answers = [client.get("/api/v1/users/me") for client in clients]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert answers[2].json()["code"] == "throttled"
    assert int(answers[2]["Retry-After"]) > 0
