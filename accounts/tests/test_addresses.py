"""Where requests come from, and users who allow some addresses only."""

import pytest
from django.core.exceptions import ValidationError

from accounts.addresses import address_of_scope, clean_address
from accounts.allowed_addresses import allowed_change, may_come_from, networks_clean
from accounts.api.token_book import token_make
from accounts.models import AuditEntry, User
from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import PASSWORD, make_user
from bots.tests.page_client import client_of, complaints

pytestmark = pytest.mark.django_db

ADDRESSES, ME = "/api/v1/users/me/addresses", "/api/v1/users/me"
HOME, AWAY = "192.0.2.7", "198.51.100.1"


def homebody():
    user = make_user()
    User.objects.filter(pk=user.pk).update(allowed_networks=["192.0.2.0/24"])
    user.refresh_from_db()
    return user


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        (None, None),
        ("unix:", None),
        ("1.2.3.4, 5.6.7.8", None),
    ],
)
def test_addresses_have_one_spelling(text, clean):
    assert clean_address(text) == clean


def test_networks_are_cleaned_and_bad_ones_named():
    assert networks_clean(["192.0.2.7", " 192.0.2.9/24 ", "", "192.0.2.0/24"]) == ["192.0.2.7/32", "192.0.2.0/24"]
    with pytest.raises(ValidationError) as refusal:
        networks_clean(["here", "300.1.1.1", "2001:db8::/32"])
    assert len(refusal.value.message_dict["networks"]) == 2


def test_an_address_that_is_not_known_is_on_nobodys_list():
    assert may_come_from(make_user(), None)
    assert not may_come_from(homebody(), None)


def test_log_in_from_elsewhere_is_refused_after_the_password_only():
    user = homebody()
    body = {"username": user.username, "password": PASSWORD}
    path = "/api/v1/auth/login"
    assert anonymous().post(path, body, "json", REMOTE_ADDR=HOME).status_code == 200
    refused = anonymous().post(path, body, "json", REMOTE_ADDR=AWAY)
    assert (refused.status_code, refused.json()["code"]) == (401, "address_not_allowed")
    wrong = anonymous().post(path, body | {"password": "x"}, "json", REMOTE_ADDR=AWAY)
    assert wrong.json()["code"] == "invalid_credentials"
    assert AuditEntry.objects.filter(action="user.login_failed", ip=AWAY).count() == 2


def test_tokens_and_cookies_are_worth_nothing_elsewhere():
    user = homebody()
    text = token_make(user=user, name="x", scope="read")[1]
    programs = [bearer(user), anonymous()]
    programs[1].credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    for program in programs:
        assert program.get(ME, REMOTE_ADDR=HOME).status_code == 200
        refused = program.get(ME, REMOTE_ADDR=AWAY)
        assert (refused.status_code, refused.json()["code"]) == (401, "address_not_allowed")
    browser = client_of(user)
    assert browser.get("/settings/", REMOTE_ADDR=HOME).status_code == 200
    assert browser.get("/settings/", REMOTE_ADDR=AWAY).status_code == 302
    assert browser.get(ME, REMOTE_ADDR=AWAY).status_code == 401
    assert browser.get("/settings/", REMOTE_ADDR=HOME).status_code == 200, "the log-in itself has not ended"


def test_nobody_shuts_himself_out():
    user = make_user()
    client = bearer(user)
    body = {"networks": ["203.0.113.0/24"]}
    refused = client.put(ADDRESSES, body, "json", REMOTE_ADDR=HOME)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["networks"])
    assert HOME in refused.json()["errors"]["networks"][0]
    body["networks"].append(HOME)
    assert client.put(ADDRESSES, body, "json", REMOTE_ADDR=HOME).json() == {
        "networks": ["203.0.113.0/24", f"{HOME}/32"]
    }
    assert client.get(ADDRESSES, REMOTE_ADDR=HOME).json()["networks"] == ["203.0.113.0/24", f"{HOME}/32"]


def test_the_page_does_the_same():
    user = make_user()
    client = client_of(user)
    page = client.get("/settings/addresses")
    assert not complaints(page.content.decode())
    assert "127.0.0.1" in page.content.decode()
    refused = client.post("/settings/addresses", {"networks": "203.0.113.0/24"})
    assert refused.status_code == 400
    assert not complaints(refused.content.decode())
    assert client.post("/settings/addresses", {"networks": "203.0.113.0/24\n127.0.0.0/8"}).status_code == 302
    user.refresh_from_db()
    assert user.allowed_networks == ["203.0.113.0/24", "127.0.0.0/8"]


def test_an_operator_opens_it_again():
    user = homebody()
    allowed_change(actor=None, user=user, networks=[], ip=None)
    assert User.objects.get(pk=user.pk).allowed_networks == []


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [(0, b"203.0.113.9", HOME), (1, b"203.0.113.9", "203.0.113.9"), (1, b"6.6.6.6, 203.0.113.9", "203.0.113.9")],
)
def test_sockets_believe_as_many_proxies_as_pages(settings, proxies, forwarded, expected):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    scope = {"client": (HOME, 5), "headers": [(b"x-forwarded-for", forwarded)]}
    assert address_of_scope(scope) == expected
