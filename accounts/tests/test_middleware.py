"""Whose language and time zone a request is answered in."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.middleware import PreferencesMiddleware
from accounts.tests.second_factors import code_of, with_second_factor
from bots.tests.factories import make_user
from bots.tests.page_client import client_of

pytestmark = pytest.mark.django_db

NOWHERE = "/api/v1/nowhere"


def language_of(client: Client, wish: str = "") -> str:
    return client.get(NOWHERE, headers={"Accept-Language": wish})["Content-Language"]


def test_before_log_in_the_cookie_then_the_browser_decides(client):
    assert language_of(client) == "en"
    assert language_of(client, "zh-CN,zh;q=0.9") == "zh-hans"
    assert language_of(client, "de") == "en"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    assert language_of(client, "en") == "zh-hans"


def test_after_log_in_the_user_s_own_language_decides(client):
    client.force_login(make_user(language="zh-hans"))
    assert language_of(client, "en") == "zh-hans"


def test_the_user_s_time_zone_holds_for_the_request_only():
    seen = []

    def view(request):
        seen.append((timezone.get_current_timezone_name(), translation.get_language()))
        return HttpResponse()

    request = RequestFactory().get("/")
    request.user = make_user(time_zone="Asia/Shanghai", language="zh-hans")
    response = PreferencesMiddleware(view)(request)
    assert seen == [("Asia/Shanghai", "zh-hans")]
    assert timezone.get_current_timezone_name() == "UTC"
    assert response["Vary"] == "Accept-Language, Cookie"


@pytest.mark.usefixtures("plain_static")
def test_the_back_office_has_no_log_in_of_its_own(client):
    assert client.get("/admin/login/?next=/admin/bots/bot/").url == "/login?next=/admin/bots/bot/"
    assert client.post("/admin/login/", {"username": "x", "password": "y"}).url == "/login?next=/admin/"
    client.force_login(make_user())
    assert client.get("/admin/login/?next=/admin/").status_code == 403
    client.force_login(make_user(is_staff=True))
    assert client.get("/admin/login/?next=/admin/").url == "/admin/"


class TestBackOfficeWithSecondFactor:
    @pytest.fixture(autouse=True)
    def _wanted(self, settings):
        settings.ADMIN_SECOND_FACTOR = True

    def test_staff_without_one_are_led_to_it(self):
        client = client_of(make_user(is_staff=True, is_superuser=True))
        assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
        assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/settings/second-factor"

    def test_staff_who_have_one_give_a_code_first(self):
        user = make_user(is_staff=True, is_superuser=True)
        with_second_factor(user)
        client = client_of(user)
        assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/settings/confirm?next=%2Fadmin%2F"
        assert (
            client.post("/settings/confirm", {"code": code_of(user), "next": "/admin/"}).headers["Location"]
            == "/admin/"
        )
        assert client.get("/admin/").status_code == 200

    def test_nobody_else_gets_in_with_one(self):
        user = make_user()
        with_second_factor(user)
        assert client_of(user).get("/admin/login/").status_code == 403
