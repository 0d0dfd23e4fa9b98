"""Two at the same instant: one wins, the other gets an ordinary answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts.models import User
from accounts.services import user_register
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


def test_a_refresh_token_is_spent_once():
    token = session_open(make_user()).refresh_token
    assert outcomes(lambda: session_refresh(token)) == ["InvalidToken"] * (TOGETHER - 1) + ["TokenPair"]


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
