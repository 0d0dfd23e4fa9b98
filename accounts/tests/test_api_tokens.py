"""API tokens: made once, shown once, bound to their scope, revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.api.token_book import token_make
from accounts.models import ApiToken, AuditEntry, User
from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import make_bot, make_user, make_viewer
from bots.tests.page_client import client_of, complaints

pytestmark = pytest.mark.django_db

TOKENS, ME, BOTS = "/api/v1/users/me/tokens", "/api/v1/users/me", "/api/v1/bots/"


def client_with(text, word="Bearer"):
    client = anonymous()
    client.credentials(HTTP_AUTHORIZATION=f"{word} {text}")
    return client


def token_of(user, scope="read", **fields):
    return token_make(user=user, name=f"t{ApiToken.objects.count()}", scope=scope, **fields)


def test_made_by_api_shown_once_and_used():
    user = make_user()
    made = bearer(user).post(TOKENS, {"name": "desk", "scope": "read"}, format="json")
    assert made.status_code == 201
    text = made.json()["token"]
    assert text.startswith("cm_")
    for word in ("Bearer", "bearer", "Token"):
        assert client_with(text, word).get(ME).json()["id"] == user.pk
    listed = bearer(user).get(TOKENS).json()["results"]
    assert [row["name"] for row in listed] == ["desk"]
    assert "token" not in listed[0]
    assert listed[0]["last_used_at"] is not None
    assert not ApiToken.objects.filter(digest__contains=text[3:]).exists()
    entry = AuditEntry.objects.get(owner=user, action="key.create")
    assert text not in str(entry.details)


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "get", BOTS, 200),
        ("read", "post", BOTS, 403),
        ("read", "post", "/api/v1/exchanges/", 403),
        ("read", "post", "/api/v1/ws/ticket", 200),
        ("read", "get", "/api/v1/users/me/audit", 403),
        ("trade", "post", BOTS, 400),
        ("trade", "post", "/api/v1/exchanges/", 403),
        ("trade", "patch", ME, 403),
        ("admin", "post", "/api/v1/exchanges/", 400),
        ("admin", "patch", ME, 200),
        ("admin", "get", "/api/v1/users/me/audit", 200),
        ("admin", "get", TOKENS, 403),
        ("admin", "post", TOKENS, 403),
        ("admin", "get", "/api/v1/users/me/sessions", 403),
        ("admin", "post", "/api/v1/users/me/password", 403),
        ("admin", "post", "/api/v1/auth/step-up", 403),
        ("admin", "put", "/api/v1/users/me/addresses", 403),
        ("admin", "post", "/api/v1/auth/logout", 403),
    ],
)
def test_the_scope_decides_by_method(scope, method, path, status):
    text = token_of(make_user(), scope)[1]
    answer = getattr(client_with(text), method)(path, {}, format="json")
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] in ("scope_needed", "login_needed")


def test_a_viewers_token_trades_nothing():
    text = token_of(make_viewer(), "trade")[1]
    assert client_with(text).post(BOTS, {}, format="json").status_code == 403


def test_an_admin_token_changes_no_email():
    user = make_user()
    body = {"email": "new@example.org", "current_password": "x"}
    assert client_with(token_of(user, "admin")[1]).patch(ME, body, format="json").status_code == 403


def test_other_peoples_bots_stay_hidden():
    bot = make_bot()
    text = token_of(make_user(), "admin")[1]
    assert client_with(text).get(f"{BOTS}{bot.pk}").status_code == 404


def revoke(user, token):
    assert bearer(user).delete(f"{TOKENS}/{token.pk}").status_code == 204


def run_out(user, token):
    ApiToken.objects.update(expires_at=timezone.now())


def disable(user, token):
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("end", [revoke, run_out, disable])
def test_what_ends_a_token(end):
    user = make_user()
    token, text = token_of(user, "read", expires_at=timezone.now() + timedelta(days=1))
    assert client_with(text).get(ME).status_code == 200
    end(user, token)
    answer = client_with(text).get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


@pytest.mark.parametrize("text", ["cm_", "cm_x", "cm_" + "a" * 43, "cm_\x00", "cm_é"])
def test_what_is_no_token(text):
    assert client_with(text).get(ME).status_code == 401
    assert client_with(text, "Token").get(ME).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "scope": "read"}, "name"),
        ({"name": "taken", "scope": "read"}, "name"),
        ({"name": "n", "scope": "root"}, "scope"),
        ({"name": "n", "scope": "read", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "n" * 61, "scope": "read"}, "name"),
    ],
)
def test_bad_wishes_are_named_by_field(body, field):
    user = make_user()
    token_make(user=user, name="taken", scope="read")
    answer = bearer(user).post(TOKENS, body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert ApiToken.objects.count() == 1


def test_a_name_is_free_again_after_its_token():
    user = make_user()
    token = token_make(user=user, name="desk", scope="read")[0]
    revoke(user, token)
    token_make(user=user, name="desk", scope="trade", expires_at=timezone.now() + timedelta(seconds=1))
    ApiToken.objects.update(expires_at=timezone.now())
    token_make(user=user, name="desk", scope="trade")


def test_nobody_revokes_somebody_elses():
    token = token_of(make_user())[0]
    assert bearer(make_user()).delete(f"{TOKENS}/{token.pk}").status_code == 404
    assert client_of(make_user()).post(f"/settings/tokens/{token.pk}/revoke").status_code == 404


def test_the_page_makes_lists_and_revokes():
    user = make_viewer()
    client = client_of(user)
    made = client.post("/settings/tokens", {"name": "desk", "scope": "read", "days": ""}).content.decode()
    assert not complaints(made)
    token = user.api_tokens.get()
    assert "cm_" in made
    assert token.expires_at is None
    again = client.get("/settings/tokens").content.decode()
    assert f"{token.prefix}…" in again
    assert client.post(f"/settings/tokens/{token.pk}/revoke").status_code == 302
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    wrong = client.post("/settings/tokens", {"name": "", "scope": "root"})
    assert wrong.status_code == 400
    assert not complaints(wrong.content.decode())
