"""Whose language and time zone a request is answered in."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.middleware import PreferencesMiddleware
from bots.tests.factories import make_user

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
