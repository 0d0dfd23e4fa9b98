"""Every error of the API has one shape, whatever raised it."""

import json

import pytest
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import OperationalError
from django.test import Client
from django.urls import path as url
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts.models import User
from accounts.tests.clients import anonymous, bearer
from bots.tests.factories import make_user
from chainmakes.errors import api_exception
from exchanges import errors as venue
from exchanges.errors import DomainError


def answer_to(error: Exception) -> Response:
    answer = api_exception(error, {})
    assert answer is not None
    return answer


SHAPE = {"detail", "code", "errors"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DomainError("It runs already.", "running"), 409, "running"),
        (venue.Rejected("no"), 422, "rejected"),
        (venue.DuplicateOrder("twice"), 422, "duplicate_order"),
        (venue.OrderNotFound("none"), 404, "order_not_found"),
        (venue.AuthFailed("key"), 422, "auth_failed"),
        (venue.RateLimited("slow", retry_after_s=7), 429, "rate_limited"),
        (venue.Unavailable("down"), 503, "unavailable"),
        (venue.OutcomeUnknown("?"), 502, "outcome_unknown"),
        (venue.ExchangeError("?"), 502, "exchange_error"),
        (User.DoesNotExist(), 404, "not_found"),
        (exceptions.Throttled(wait=3), 429, "throttled"),
        (InvalidToken(), 401, "token_not_valid"),
        (venue.Unavailable("none yet", code="not_connected"), 422, "unavailable"),
        (PermissionDenied(), 403, "permission_denied"),
        (SuspiciousOperation(), 400, "bad_request"),
        (RequestDataTooBig(), 413, "too_large"),
        (RedisConnectionError(), 503, "unavailable"),
        (OperationalError(), 503, "unavailable"),
    ],
)
def test_status_and_code_of_each_kind(error, status, code):
    answer = answer_to(error)
    assert answer.status_code == status
    assert set(answer.data) == SHAPE
    assert (answer.data["code"], answer.data["errors"]) == (code, {})
    assert isinstance(answer.data["detail"], str)


def test_a_venue_s_wish_to_wait_is_passed_on():
    assert answer_to(venue.RateLimited("slow", retry_after_s=7))["Retry-After"] == "8"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValidationError({"label": ["Taken.", "Long."]}), {"label": ["Taken.", "Long."]}),
        (ValidationError("All wrong."), {"non_field_errors": ["All wrong."]}),
        (ValidationError({NON_FIELD_ERRORS: ["All wrong."]}), {"non_field_errors": ["All wrong."]}),
        (exceptions.ValidationError({"rows": [{}, {"spread": ["No number."]}]}), {"rows.1.spread": ["No number."]}),
        (exceptions.ValidationError({"config": {"seed": ["No number."]}}), {"config.seed": ["No number."]}),
        (exceptions.ValidationError(["All wrong."]), {"non_field_errors": ["All wrong."]}),
    ],
)
def test_values_that_are_not_right(error, expected):
    answer = answer_to(error)
    assert (answer.status_code, answer.data["code"], answer.data["errors"]) == (400, "invalid", expected)


def test_a_defect_is_not_dressed_up():
    assert api_exception(ZeroDivisionError(), {}) is None


@pytest.mark.django_db
class TestOverHttp:
    @pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/bots/", "/api/", "/api/v1/bots/none"])
    def test_no_such_path(self, path):
        answer = anonymous().get(path)
        assert (answer.status_code, answer.json()["code"], set(answer.json())) == (404, "not_found", SHAPE)

    def test_no_such_method(self):
        answer = bearer(make_user()).delete("/api/v1/users/me")
        assert (answer.status_code, answer.json()["code"], set(answer.json())) == (405, "method_not_allowed", SHAPE)

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"\xff",
            b'{"email": NaN}',
            b'{"email": 1e999}',
            b'{"email": "\\u0000"}',
            b'{"email": "\\ud800"}',
            b"[" * 100_000,
        ],
        ids=["half", "bytes", "nan", "infinite", "nul", "surrogate", "deep"],
    )
    def test_bodies_that_cannot_be_read(self, body):
        answer = bearer(make_user()).patch("/api/v1/users/me", body, content_type="application/json")
        assert (answer.status_code, set(answer.json())) == (400, SHAPE)
        assert answer.json()["code"] == "parse_error"

    def test_a_body_that_is_too_large(self):
        body = json.dumps({"email": "x" * 3_000_000})
        answer = bearer(make_user()).patch("/api/v1/users/me", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    @pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null"])
    def test_bodies_that_are_no_object(self, body):
        answer = bearer(make_user()).patch("/api/v1/users/me", body, content_type="application/json")
        assert (answer.status_code, set(answer.json())) == (400, SHAPE)

    def test_another_content_type(self):
        answer = bearer(make_user()).patch("/api/v1/users/me", "<x/>", content_type="application/xml")
        assert (answer.status_code, set(answer.json())) == (415, SHAPE)

    def test_an_answer_in_another_format(self):
        answer = bearer(make_user()).get("/api/v1/users/me", HTTP_ACCEPT="application/xml")
        assert (answer.status_code, set(answer.json())) == (406, SHAPE)

    def test_a_foreign_page_cannot_use_the_browser_s_cookie(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_user())
        answer = client.patch("/api/v1/users/me", json.dumps({"theme": "dark"}), content_type="application/json")
        assert (answer.status_code, set(answer.json())) == (403, SHAPE)

    def test_an_unknown_host(self):
        answer = anonymous().get("/api/v1/users/me", HTTP_HOST="elsewhere.example")
        assert (answer.status_code, set(answer.json())) == (400, SHAPE)

    def test_in_the_reader_s_language(self):
        answer = anonymous().get("/api/v1/users/me", HTTP_ACCEPT_LANGUAGE="zh-Hans")
        assert answer["Content-Language"] == "zh-hans"
        assert answer.json()["detail"] != anonymous().get("/api/v1/users/me").json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/users/me", "/api/v1/auth/logout"])
def test_paths_work_with_and_without_their_slash(path):
    client = bearer(make_user())
    method = client.post if path.endswith("logout") else client.get
    answers = [method(path + slash) for slash in ("/", "")]
    assert answers[0].status_code in (200, 204)
    assert client.get(path + "//").status_code == 404


def broken(request):
    raise ZeroDivisionError


def forbidden(request):
    raise PermissionDenied


urlpatterns = [url("api/broken", broken), url("api/forbidden", forbidden)]
handler403 = "chainmakes.errors.permission_denied"
handler500 = "chainmakes.errors.server_error"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("name", "status", "code"), [("broken", 500, "error"), ("forbidden", 403, "permission_denied")]
)
def test_what_django_itself_answers_below_api(client, name, status, code):
    client.raise_request_exception = False
    answer = client.get(f"/api/{name}")
    assert (answer.status_code, answer.json()["code"], set(answer.json())) == (status, code, SHAPE)
