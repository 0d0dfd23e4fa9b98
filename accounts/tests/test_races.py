"""Two at the same instant: one wins, the other gets an ordinary answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts.api.token_book import token_make
from accounts.links import password_link, user_of_password_link
from accounts.logins import login_end
from accounts.models import AuditEntry, LoginSession, User
from accounts.second_factor import check
from accounts.services import user_register, user_reset_password
from accounts.tests.second_factors import code_of, with_second_factor
from accounts.tokens import session_open, session_refresh, user_of_access_token
from bots.tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)

TOGETHER = 4


def outcomes(action: Callable[[], object]) -> list[str]:
    """Names of what `TOGETHER` threads got that did the same at once: a result's or an exception's type."""
    barrier = Barrier(TOGETHER)

    def run(_: int) -> str:
        barrier.wait()
        try:
            return type(action()).__name__
        except (InvalidToken, ValidationError) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as threads:
        return sorted(threads.map(run, range(TOGETHER)))


def test_a_refresh_token_is_spent_once_and_whoever_comes_later_ends_the_log_in():
    user = make_user()
    token = session_open(user).refresh_token
    found = outcomes(lambda: session_refresh(token))
    assert found[: TOGETHER - 1] == ["InvalidToken"] * (TOGETHER - 1)
    assert LoginSession.objects.get(owner=user).ended_at is not None
    assert AuditEntry.objects.filter(owner=user, action="session.reused").count() == 1


def test_a_recovery_code_opens_one_door():
    user = make_user()
    code = with_second_factor(user)[0]
    assert outcomes(lambda: check(user, code)) == ["NoneType"] + ["WrongCode"] * (TOGETHER - 1)


def test_an_apps_code_opens_one_door():
    user = make_user()
    with_second_factor(user)
    code = code_of(user)
    assert outcomes(lambda: check(user, code)) == ["NoneType"] + ["WrongCode"] * (TOGETHER - 1)


def test_a_link_sets_one_password():
    user = make_user()
    uid, token = password_link(user)

    def set_password():
        found = user_of_password_link(uid, token)
        if found is None:
            raise InvalidToken
        return user_reset_password(user=found, new="four louder horses")

    assert "User" in outcomes(set_password)
    assert user_of_password_link(uid, token) is None


def test_a_token_name_is_given_once():
    user = make_user()
    found = outcomes(lambda: token_make(user=user, name="desk", scope="read"))
    assert found == ["ValidationError"] * (TOGETHER - 1) + ["tuple"]
    assert user.api_tokens.count() == 1


def test_a_log_in_ends_once():
    user = make_user()
    session_open(user)
    login = LoginSession.objects.select_related("owner").get(owner=user)
    outcomes(lambda: login_end(actor=user, login=login))
    assert AuditEntry.objects.filter(owner=user, action="session.end").count() == 1


def test_a_name_is_given_once():
    new = {"username": "mei", "email": "mei@example.org", "password": PASSWORD}
    assert outcomes(lambda: user_register(**new)) == ["User"] + ["ValidationError"] * (TOGETHER - 1)
    assert User.objects.count() == 1


def test_an_access_token_outside_of_a_request():
    user = make_user()
    pair = session_open(user)
    assert user_of_access_token(pair.access_token) == user
    for text in (pair.refresh_token, "x", ""):
        with pytest.raises(InvalidToken):
            user_of_access_token(text)
