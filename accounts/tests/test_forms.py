"""What the pages of log-in, registration and settings accept."""

import pytest
from django.test import RequestFactory

from accounts.models import User
from accounts.pages.forms import EmailForm, LoginForm, PasswordForm, RegisterForm, SettingsForm
from accounts.tests.clients import anonymous
from bots.tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_from():
    def build(address=None):
        request = RequestFactory(REMOTE_ADDR=address or anonymous().defaults["REMOTE_ADDR"]).post("/")
        request.LANGUAGE_CODE = "zh-hans"
        return request

    return build


def test_log_in_by_name_or_email(request_from):
    user = make_user(email="mei@example.org")
    for name in (user.username, "MEI@example.org"):
        form = LoginForm(request_from(), {"username": name, "password": PASSWORD})
        assert form.is_valid()
        assert form.user == user


def test_a_wrong_password_belongs_to_no_field(request_from):
    form = LoginForm(request_from(), {"username": make_user().username, "password": "x"})
    assert not form.is_valid()
    assert list(form.errors) == ["__all__"]
    assert form.user is None


def test_pages_and_api_count_log_ins_together(request_from, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"login": "1/hour"}}
    user = make_user()
    anonymous().post("/api/v1/auth/login", {"username": user.username, "password": "x"}, format="json")
    form = LoginForm(request_from(), {"username": user.username, "password": PASSWORD})
    assert not form.is_valid()
    assert form.has_error("__all__", "throttled")


def test_registering_takes_over_language_and_time_zone(request_from):
    data = {"username": "mei", "email": "mei@example.org", "password": PASSWORD, "time_zone": "Asia/Shanghai"}
    form = RegisterForm(request_from(), data)
    assert form.is_valid()
    user = form.save()
    assert user is not None
    assert (user.language, user.time_zone) == ("zh-hans", "Asia/Shanghai")


def test_registering_with_an_unknown_time_zone_means_utc(request_from):
    form = RegisterForm(
        request_from(), {"username": "mei", "email": "m@example.org", "password": PASSWORD, "time_zone": "x"}
    )
    assert form.is_valid()
    user = form.save()
    assert user is not None
    assert user.time_zone == "UTC"


def test_what_the_rules_refuse_stands_at_its_field(request_from):
    make_user(username="mei", email="mei@example.org")
    form = RegisterForm(request_from(), {"username": "mei", "email": "MEI@example.org", "password": "short"})
    assert form.is_valid()
    assert form.save() is None
    assert sorted(form.errors) == ["email", "password", "username"]
    assert User.objects.count() == 1


def test_settings():
    user = make_user()
    data = {"language": "en", "time_zone": "Europe/Berlin", "theme": "light"}
    form = SettingsForm(data, instance=user)
    assert form.is_valid()
    form.save()
    user.refresh_from_db()
    assert {name: getattr(user, name) for name in data} == data


def test_a_taken_email_and_a_wrong_password_stand_at_their_fields():
    make_user(email="taken@example.org")
    form = EmailForm(make_user(), {"email": "TAKEN@example.org", "current_password": "x"})
    assert form.is_valid()
    assert form.save() is None
    assert list(form.errors) == ["email", "current_password"]


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("x", "another horse staple", "current_password"), (PASSWORD, "short", "new_password")],
)
def test_a_password_that_does_not_change(current, new, field):
    user = make_user()
    form = PasswordForm(user, {"current_password": current, "new_password": new})
    assert form.is_valid()
    assert form.save() is False
    assert list(form.errors) == [field]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_password_that_changes():
    user = make_user()
    form = PasswordForm(user, {"current_password": PASSWORD, "new_password": "another horse staple"})
    assert form.is_valid()
    assert form.save() is True
    user.refresh_from_db()
    assert user.check_password("another horse staple")
