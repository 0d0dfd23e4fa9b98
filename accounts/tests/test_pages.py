"""Log-in, registration, settings and the switches of the top bar, as a browser without scripts uses them."""

import pytest
from django.urls import reverse

from accounts.models import User
from bots.tests.factories import PASSWORD, make_user
from bots.tests.page_client import client_of, complaints, page_of

pytestmark = pytest.mark.django_db

GOOD = {"username": "trader", "email": "trader@example.org", "password": "three quiet horses"}


@pytest.mark.parametrize("name", ["login", "register"])
def test_doors_are_sound_pages(name):
    html = client_of().get(reverse(name)).content.decode()
    assert not complaints(html)


def test_log_in_leads_to_where_one_wanted_to_go():
    make_user(username="trader")
    data = {"username": "trader", "password": PASSWORD, "next": "/orders/"}
    response = client_of().post("/login", data)
    assert (response.status_code, response.headers["Location"]) == (302, "/orders/")


@pytest.mark.parametrize(
    "wished", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_log_in_never_leads_to_another_site(wished):
    make_user(username="trader")
    response = client_of().post("/login", {"username": "trader", "password": PASSWORD, "next": wished})
    assert response.headers["Location"] == "/"


def test_a_wrong_password_is_said_without_naming_which_half_is_wrong():
    make_user(username="trader")
    client = client_of()
    known = client.post("/login", {"username": "trader", "password": "wrong"})
    unknown = client.post("/login", {"username": "nobody", "password": "wrong"})
    assert known.status_code == unknown.status_code == 400
    assert "User name or password is not right." in known.content.decode()
    assert "User name or password is not right." in unknown.content.decode()


def test_registration_logs_in_and_keeps_the_browsers_time_zone():
    client = client_of()
    response = client.post("/register", GOOD | {"time_zone": "Asia/Shanghai"})
    assert (response.status_code, response.headers["Location"]) == (302, "/welcome")
    assert User.objects.get(username="trader").time_zone == "Asia/Shanghai"
    assert client.get("/settings/").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("email", "no address"),
        ("password", "short"),
        ("password", "12345678"),
        ("password", "password"),
    ],
)
def test_registration_says_what_is_wrong_beside_the_field(field, value):
    html = client_of().post("/register", GOOD | {field: value}).content.decode()
    assert 'class="field-error"' in html
    assert not User.objects.filter(email=GOOD["email"]).exists()


def test_log_out_needs_a_post():
    client = client_of(make_user())
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").headers["Location"] == "/login"
    assert client.get("/").headers["Location"].startswith("/login")


def test_settings_change_language_zone_and_theme():
    user = make_user()
    data = {"email": user.email, "language": "zh-hans", "time_zone": "Asia/Shanghai", "theme": "dark"}
    assert client_of(user).post("/settings/", data).status_code == 302
    user.refresh_from_db()
    assert (user.language, user.time_zone, user.theme) == ("zh-hans", "Asia/Shanghai", "dark")
    html = page_of(user, "/settings/")
    assert 'lang="zh-hans" data-bs-theme="dark"' in html
    assert 'data-time-zone="Asia/Shanghai"' in html


def test_a_wrong_time_zone_changes_nothing():
    user = make_user()
    data = {"email": user.email, "language": "en", "time_zone": "Mars/Olympus", "theme": "dark"}
    assert client_of(user).post("/settings/", data).status_code == 400
    user.refresh_from_db()
    assert (user.time_zone, user.theme) == ("UTC", "auto")


def test_the_password_changes_and_this_browser_stays_logged_in():
    user = make_user()
    here, elsewhere = client_of(user), client_of(user)
    data = {"current_password": PASSWORD, "new_password": "four louder horses"}
    assert here.post("/settings/password", data).status_code == 302
    assert here.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302


def test_the_old_password_is_asked_for():
    data = {"current_password": "wrong", "new_password": "four louder horses"}
    response = client_of(make_user()).post("/settings/password", data)
    assert response.status_code == 400
    assert "This is not your password." in response.content.decode()


def test_theme_and_language_are_kept_before_log_in_and_with_the_user():
    visitor = client_of()
    visitor.post("/settings/theme", {"theme": "dark", "next": "/login"})
    visitor.post("/settings/language", {"language": "zh-hans", "next": "/login"})
    html = visitor.get("/login").content.decode()
    assert 'lang="zh-hans" data-bs-theme="dark"' in html
    user = make_user()
    client_of(user).post("/settings/theme", {"theme": "light"})
    client_of(user).post("/settings/language", {"language": "zh-hans"})
    user.refresh_from_db()
    assert (user.theme, user.language) == ("light", "zh-hans")


@pytest.mark.parametrize(("path", "data"), [("theme", {"theme": "pink"}), ("language", {"language": "xx"})])
def test_unknown_choices_of_the_switches_are_ignored(path, data):
    user = make_user()
    assert client_of(user).post(f"/settings/{path}", data).status_code == 302
    user.refresh_from_db()
    assert (user.theme, user.language) == ("auto", "en")


@pytest.mark.parametrize(
    "path", ["/", "/bots/", "/orders/", "/orders/export.csv", "/exchanges/", "/exchanges/new", "/settings/"]
)
def test_pages_ask_to_log_in(path):
    response = client_of().get(path)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/login?next={path}"
