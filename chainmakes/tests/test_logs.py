"""What is written down: with the bot and the order at hand, and never with a secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings
from django.urls import path

from accounts.api.token_book import token_make
from accounts.tokens import session_open
from bots.tests.factories import PASSWORD, make_user
from bots.tests.page_client import client_of
from chainmakes.logs import JsonLines, TextFormatter, scrubbed
from chainmakes.tests.address_book import addresses
from exchanges.errors import ExchangeError
from exchanges.log_context import about
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of

MARKS = {
    "api_key": "MARKED-api-key-0a1b2c3d",
    "api_secret": "MARKED-api-secret-4e5f6a7b",
    "passphrase": "MARKED-passphrase-8c9d0e1f",
}
MARK = "MARKED-"


@pytest.fixture
def written() -> Iterator[dict[str, io.StringIO]]:
    """All that is logged, at every level, as text and as JSON."""
    root, handlers = logging.getLogger(), {}
    for name, formatter in (("text", TextFormatter("{levelname} {name} {message}", style="{")), ("json", JsonLines())):
        handlers[name] = logging.StreamHandler(io.StringIO())
        handlers[name].setFormatter(formatter)
        root.addHandler(handlers[name])
    level = root.level
    root.setLevel(logging.DEBUG)
    yield {name: handler.stream for name, handler in handlers.items()}
    root.setLevel(level)
    for handler in handlers.values():
        root.removeHandler(handler)


@pytest.mark.parametrize(
    "text",
    [
        'sent {"apiKey": "SECRETVALUE", "x": 1}',
        "GET /order?symbol=X&signature=SECRETVALUE&timestamp=1",
        "headers {'OK-ACCESS-PASSPHRASE': 'SECRETVALUE', 'X': 'y'}",
        "X-BAPI-API-KEY: SECRETVALUE",
        "Authorization: Bearer SECRETVALUE.with-more",
        "a token cm_SECRETVALUE0123456789abcdef of somebody",
        "postgres://user:SECRETVALUE@host/db",
        "form password=SECRETVALUE&name=x",
    ],
)
def test_what_stands_beside_a_secrets_name_is_blotted_out(text: str) -> None:
    assert "SECRETVALUE" not in scrubbed(text)


@pytest.mark.parametrize(
    "text", ["token is not valid", "Not Found: /api/v1/users/me/tokens", "the password is wrong", "order cm1 sent"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert scrubbed(text) == text


def test_secrets_of_the_settings_are_known() -> None:
    database = django_settings.DATABASES["default"]["PASSWORD"]
    for secret in (django_settings.SECRET_KEY, *django_settings.FERNET_KEYS):
        assert secret not in scrubbed(f"it was {secret} all along")
    assert database in ("", "devpw") or database not in scrubbed(f"it was {database}")


def test_lines_say_what_they_are_about(written: dict[str, io.StringIO]) -> None:
    with about(bot=5), about(order="cm1"):
        logging.getLogger("test").warning("sent %s", "it")
    logging.getLogger("test").warning("after")
    first, after = map(json.loads, written["json"].getvalue().splitlines())
    assert (first["message"], first["bot"], first["order"], first["level"]) == ("sent it", 5, "cm1", "WARNING")
    assert "bot" not in after
    assert written["text"].getvalue().splitlines()[0] == "WARNING test sent it [bot=5 order=cm1]"


def broken(request: Any) -> Any:
    """A defect whose text, cause and variables hold a secret."""
    key = MARKS["api_key"]
    try:
        raise ValueError(f"signed with {key}")
    except ValueError as error:
        raise RuntimeError({"secret": MARKS["api_secret"]}) from error


urlpatterns = [path("broken", broken), path("api/broken", broken)]
handler500 = "chainmakes.errors.server_error"


@pytest.mark.django_db(databases=["default", "paper"])
def test_a_run_writes_and_says_no_secret(written: dict[str, io.StringIO]) -> None:
    """Keys come in by the API, are used at a venue that is not there, and every address is asked afterwards."""
    owner = make_user()
    api_token = token_make(user=owner, name="of the run", scope="admin")[1]
    access = session_open(owner).access_token
    api = Client(headers={"Authorization": f"Bearer {access}"}, raise_request_exception=False)
    wish = {"exchange": "okx", "label": "Main"} | MARKS
    said = [api.post("/api/v1/exchanges", wish, content_type="application/json")]
    account = ExchangeAccount.objects.get(owner=owner)
    said.append(api.post("/api/v1/exchanges", wish | {"exchange": "none"}, content_type="application/json"))
    said.append(api.post("/api/v1/auth/login", {"username": owner.username, "password": PASSWORD}, "application/json"))
    with pytest.raises(ExchangeError) as unreachable:
        venue_of(account).balance()
    browser = client_of(owner)
    browser.raise_request_exception = False
    for one in plain_paths():
        said.append((api if one.startswith("/api/") else browser).get(one))
    shown_again = browser.post(f"/exchanges/{account.pk}/edit", {"label": ""} | MARKS).content.decode()
    assert MARKS["api_secret"] not in shown_again  # the key's name comes back to whoever has just typed it
    assert MARKS["passphrase"] not in shown_again
    with override_settings(ROOT_URLCONF=__name__):
        said += [browser.get("/broken"), api.get("/api/broken")]
    assert [answer.status_code for answer in said[-2:]] == [500, 500]
    texts = [b"".join(answer).decode("utf-8", "replace") for answer in said]
    assert len(texts) > 60
    assert not [answer.request["PATH_INFO"] for answer, text in zip(said, texts, strict=True) if MARK in text]
    assert MARK not in repr(unreachable.value)
    for stream in written.values():
        lines = stream.getvalue()
        assert "signed with [secret]" in lines
        for secret in (*MARKS.values(), access, api_token, django_settings.SECRET_KEY, PASSWORD):
            assert secret not in lines


def plain_paths() -> list[str]:
    """Addresses of pages and of the API that name nothing."""
    return [f"/{one.route}" for one in addresses() if not one.parameters and not one.is_back_office and one.name]
