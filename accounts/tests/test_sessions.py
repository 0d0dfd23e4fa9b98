"""Open log-ins: written down, listed, ended one by one, and what a new place is."""

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, LoginKind, LoginSession
from accounts.places import device_of, network_of
from accounts.signals import login_changed, login_from_new_place
from accounts.tests.clients import anonymous, bearer
from accounts.tokens import session_open
from bots.tests.factories import PASSWORD, make_user, make_viewer
from bots.tests.page_client import client_of, page_of

pytestmark = pytest.mark.django_db

SESSIONS = "/api/v1/users/me/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1"


def test_browsers_and_programs_stand_in_one_list():
    user = make_viewer()
    client_of(user)
    found = bearer(user).get(SESSIONS).json()["results"]
    assert [(row["kind"], row["is_current"]) for row in found] == [("program", True), ("browser", False)]


def test_ending_a_programs_log_in_stops_its_tokens():
    user = make_user()
    victim = bearer(user)
    key = LoginSession.objects.get(owner=user).pk
    assert bearer(user).delete(f"{SESSIONS}/{key}").status_code == 204
    assert victim.get(SESSIONS).status_code == 401
    assert bearer(user).delete(f"{SESSIONS}/{key}").status_code == 404
    assert AuditEntry.objects.filter(owner=user, action="session.end").count() == 1


def test_ending_a_browsers_log_in_logs_it_out():
    user = make_user()
    here, there = client_of(user), client_of(user)
    first = LoginSession.objects.filter(owner=user).earliest("pk")
    assert there.post(f"/settings/sessions/{first.pk}/end").status_code == 302
    assert here.get("/settings/").headers["Location"].startswith("/login")
    assert there.get("/settings/").status_code == 200


def test_all_others_end_but_this_one_stays():
    user = make_user()
    here, there, program = client_of(user), client_of(user), bearer(user)
    assert here.post("/settings/sessions/end").status_code == 302
    assert (here.get("/settings/").status_code, there.get("/settings/").status_code) == (200, 302)
    assert program.get(SESSIONS).status_code == 401


@pytest.mark.parametrize("method", ["api", "page"])
def test_nobody_ends_somebody_elses(method):
    victim, outsider = make_user(), make_user()
    other = client_of(victim)
    login = LoginSession.objects.get(owner=victim)
    if method == "api":
        assert bearer(outsider).delete(f"{SESSIONS}/{login.pk}").status_code == 404
    else:
        assert client_of(outsider).post(f"/settings/sessions/{login.pk}/end").status_code == 404
    assert other.get("/settings/").status_code == 200


def test_logging_out_ends_the_row_and_tells_open_sockets(django_capture_on_commit_callbacks):
    told = []

    def hear(sender, user_id, **kwargs):
        told.append(user_id)

    login_changed.connect(hear)
    user = make_user()
    client = client_of(user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/logout")
    login_changed.disconnect(hear)
    assert LoginSession.objects.get(owner=user).ended_at is not None
    assert told == [user.pk]
    assert AuditEntry.objects.filter(owner=user, action="user.logout").count() == 1


def test_a_session_of_an_older_version_gets_its_row():
    user = make_user()
    client = client_of(user)
    session = client.session
    del session["login"]
    session.save()
    LoginSession.objects.all().delete()
    assert client.get("/settings/").status_code == 200
    assert LoginSession.objects.get(owner=user).kind == LoginKind.BROWSER


def test_one_users_key_does_not_open_anothers_account():
    victim, thief = make_user(), make_user()
    client_of(victim)
    client = client_of(thief)
    session = client.session
    session["login"] = LoginSession.objects.get(owner=victim).key.hex
    session.save()
    assert client.get("/settings/").status_code == 302


def test_a_log_in_runs_out():
    user = make_user()
    client, program = client_of(user), bearer(user)
    LoginSession.objects.update(expires_at=timezone.now())
    assert client.get("/settings/").status_code == 302
    assert program.get(SESSIONS).status_code == 401


def test_a_new_password_ends_the_others_in_the_list():
    user = make_user()
    here = client_of(user)
    session_open(user)
    data = {"current_password": PASSWORD, "new_password": "four louder horses"}
    assert here.post("/settings/password", data).status_code == 302
    assert LoginSession.objects.filter(owner=user, ended_at=None).count() == 1


def test_the_settings_page_lists_them():
    user = make_user()
    client = anonymous()
    client.post(
        "/api/v1/auth/login", {"username": user.username, "password": PASSWORD}, "json", HTTP_USER_AGENT=FIREFOX
    )
    html = page_of(user, "/settings/")
    assert "Firefox, Linux" in html
    assert "This one" in html


class TestPlaces:
    def log_in(self, user, address, agent, capture):
        body = {"username": user.username, "password": PASSWORD}
        with capture(execute=True):
            anonymous().post("/api/v1/auth/login", body, "json", REMOTE_ADDR=address, HTTP_USER_AGENT=agent)

    def test_the_first_place_is_no_news_the_next_is(self, django_capture_on_commit_callbacks):
        heard = []

        def hear(sender, user, login, **kwargs):
            heard.append((user.pk, login.ip))

        login_from_new_place.connect(hear)
        user = make_user()
        for address, agent in (
            ("192.0.2.7", FIREFOX),
            ("192.0.2.99", FIREFOX),
            ("198.51.100.1", FIREFOX),
            ("192.0.2.7", IPHONE),
            ("192.0.2.7", IPHONE),
        ):
            self.log_in(user, address, agent, django_capture_on_commit_callbacks)
        login_from_new_place.disconnect(hear)
        assert heard == [(user.pk, "198.51.100.1"), (user.pk, "192.0.2.7")]
        assert AuditEntry.objects.filter(owner=user, action="user.new_place").count() == 2

    def test_devices_and_networks(self):
        assert device_of(FIREFOX) == "Firefox, Linux"
        assert device_of(IPHONE) == "Safari, iPhone"
        assert device_of("curl/8.5.0") == "curl"
        assert device_of("") == ""
        assert network_of("192.0.2.77") == "192.0.2.0/24"
        assert network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
