"""Every address × everybody who has no business there: the expected refusal. Generated from the URL tables."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from accounts import logins
from accounts.api.token_book import RANKS, token_make, token_revoke
from accounts.models import ApiToken, LoginSession, Role, User
from accounts.tokens import session_open
from bots import consumers
from bots.tests.factories import make_user
from bots.tests.page_client import PageClient, client_of
from bots.tests.test_consumers import HOST, in_database, opened, refusal
from chainmakes.routing import websocket_urlpatterns
from chainmakes.tests.access_rules import API, PAGES, SOCKETS, Api, Page
from chainmakes.tests.address_book import Address, World, addresses, world
from exchanges.tests.series import candle_dir, stored_pair  # noqa: F401

SAFE = "GET"
DATABASES = ("default", "paper")
NOT_ONES_OWN = {"exchange", "symbol", "scope", "action", "number", "uid", "token", "name", "kind"}
API_ADDRESSES = [one for one in addresses() if one.is_api]
BACK_OFFICE = [one for one in addresses() if one.is_back_office]
PAGE_ADDRESSES = [one for one in addresses() if not (one.is_api or one.is_back_office)]
Refused = Callable[[HttpResponse], bool]

pytestmark = pytest.mark.django_db(databases=DATABASES)


def names_of_one_user(address: Address) -> bool:
    return bool(set(address.parameters) - NOT_ONES_OWN)


def api_requests() -> Iterator[tuple[Address, str, Api]]:
    for address in API_ADDRESSES:
        for method in address.methods if address.name in API else ():
            yield address, method, API[address.name]


def page_requests() -> Iterator[tuple[Address, str, Page]]:
    for address in PAGE_ADDRESSES:
        if address.name in PAGES:
            for method in PAGES[address.name].methods:
                yield address, method, PAGES[address.name]


@pytest.fixture
def here(stored_pair: Any, settings: Any) -> World:  # noqa: F811
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "100000/min")
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
    return world()


def answer_to(client: Client, method: str, path: str) -> HttpResponse:
    """Of a request whose changes are taken back."""
    is_api = path.startswith("/api/")
    body: dict[str, Any] = {"content_type": "application/json", "data": "{}"} if is_api else {}
    kept = {using: transaction.savepoint(using=using) for using in DATABASES}
    response: Any = client.generic(method, path, **body) if method != SAFE else client.get(path)
    for using, savepoint in kept.items():
        transaction.savepoint_rollback(savepoint, using=using)
    return response


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def api_client(token: str) -> Client:
    return Client(headers=bearer(token), raise_request_exception=False)


def is_refused(status: int, rule: Api | Page) -> bool:
    return status in (401, 403, 405) or (status == 404 and not rule.empty)


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "") if response.content else ""


def rows_that_count() -> dict[str, list[Any]]:
    """Everything in the database that no refused request may change."""
    seen_only = {"last_seen_at", "last_used_at", "last_used_ip", "last_login"}
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in ("accounts", "exchanges", "bots", "trading") and model._meta.managed:
            fields = [field.attname for field in model._meta.concrete_fields if field.attname not in seen_only]
            found[model._meta.label] = sorted(map(repr, model._default_manager.values_list(*fields)))
    return found


# --- every address has a rule ----------------------------------------------------------------------------------------


def test_every_address_of_the_api_has_a_rule() -> None:
    assert {one.name for one in API_ADDRESSES} == set(API)


def test_every_page_has_a_rule() -> None:
    assert {one.name for one in PAGE_ADDRESSES} == set(PAGES)


def test_every_socket_has_a_rule() -> None:
    assert {class_of(one) for one in websocket_urlpatterns} - {"NoSuchSocket"} == set(SOCKETS)


# --- the owner, so that the refusals below mean something ------------------------------------------------------------


def test_the_owner_comes_in_everywhere(here: World) -> None:
    client = api_client(session_open(here.owner).access_token)
    wrong = []
    for address, method, rule in api_requests():
        status = 0 if rule.public else answer_to(client, method, here.path(address)).status_code
        if is_refused(status, rule) or status == 500:
            wrong.append((address.name, method, status))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_owner_sees_every_page(here: World) -> None:
    client = client_of(here.owner)
    wrong = []
    for address, method, rule in page_requests():
        status = 0 if rule.public else answer_to(client, method, here.path(address)).status_code
        if (is_refused(status, rule) and not (status == 404 and rule.asks)) or status >= 500:
            wrong.append((address.name, method, status))
    assert not wrong, "\n".join(map(str, wrong))


# --- the API ---------------------------------------------------------------------------------------------------------


def refusals(here: World, client: Client, expected: tuple[int, str], *, public: bool = False) -> list[Any]:
    """Requests that were not answered as expected."""
    found = []
    for address, method, rule in api_requests():
        if rule.public and not public:
            continue
        got = code_of(answer_to(client, method, here.path(address)))
        if got != expected:
            found.append((address.name, method, got))
    return found


def test_the_api_knows_nobody_without_a_log_in(here: World) -> None:
    before = rows_that_count()
    assert refusals(here, Client(), (401, "not_authenticated")) == []
    assert rows_that_count() == before


def expired_access(user: User) -> str:
    token: Any = AccessToken(session_open(user).access_token)  # type: ignore[arg-type]
    token.set_exp(lifetime=-timedelta(minutes=1))
    return str(token)


def ended_access(user: User) -> str:
    text = session_open(user).access_token
    for login in LoginSession.objects.filter(owner=user, ended_at=None):
        logins.login_end(actor=user, login=login)
    return text


def revoked_token(user: User) -> str:
    row, text = token_make(user=user, name="revoked", scope="admin")
    token_revoke(actor=user, token=row)
    return text


def expired_token(user: User) -> str:
    row, text = token_make(user=user, name="expired", scope="admin")
    ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    return text


@pytest.mark.parametrize("token_of", [expired_access, ended_access, revoked_token, expired_token])
def test_a_token_that_is_over_opens_nothing(here: World, token_of: Callable[[User], str]) -> None:
    assert refusals(here, api_client(token_of(here.owner)), (401, "token_not_valid")) == []


def test_what_is_anothers_does_not_exist(here: World) -> None:
    client = api_client(session_open(make_user()).access_token)
    before, wrong = rows_that_count(), []
    nowhere = replace(here, values=here.values | dict.fromkeys(here.values.keys() - NOT_ONES_OWN, 10**9), searches={})
    for address, method, rule in api_requests():
        if names_of_one_user(address) and not rule.shared:
            got = answer_to(client, method, here.path(address))
            missing = answer_to(client, method, nowhere.path(address))
            if got.status_code not in (404, 400) or code_of(got) != code_of(missing):
                wrong.append((address.name, method, got.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert rows_that_count() == before


def test_lists_hold_nothing_of_another(here: World) -> None:
    here.bot.bot_name = here.bot.exchange_account.label = "marked-as-somebody-elses"
    here.bot.save(update_fields=["bot_name"])
    here.bot.exchange_account.save(update_fields=["label"])
    other = make_user()
    client, browser = api_client(session_open(other).access_token), client_of(other)
    shown = [(one, client) for one, method, rule in api_requests() if method == SAFE and not names_of_one_user(one)]
    shown += [(one, browser) for one, method, _ in page_requests() if method == SAFE and not names_of_one_user(one)]
    texts = {one.name: answer_to(by, SAFE, here.path(one)) for one, by in shown}
    assert [name for name, answer in texts.items() if "somebody-elses" in body_of(answer)] == []


def body_of(answer: Any) -> str:
    return b"".join(answer).decode("utf-8", "replace")


def test_viewers_change_nothing(here: World) -> None:
    """Not even what is theirs."""
    as_viewer(here.owner)
    client, wrong = api_client(session_open(here.owner).access_token), []
    for address, method, rule in api_requests():
        if rule.public:
            continue
        status = answer_to(client, method, here.path(address)).status_code
        if is_refused(status, rule) == (method == SAFE or rule.viewers):
            wrong.append((address.name, method, status))
    assert not wrong, "\n".join(map(str, wrong))


def as_viewer(user: User) -> None:
    user.role = Role.VIEWER
    user.save(update_fields=["role"])


@pytest.mark.parametrize("scope", RANKS)
def test_a_token_does_what_its_scope_allows(here: World, scope: str) -> None:
    client, wrong = api_client(token_make(user=here.owner, name=scope, scope=scope)[1]), []
    before = rows_that_count()
    for address, method, rule in api_requests():
        if rule.public:
            continue
        needed = rule.read if method == SAFE else rule.write
        expected = scope_refusal(scope, needed)
        got = code_of_refusal(answer_to(client, method, here.path(address)))
        if got != expected:
            wrong.append((address.name, method, got, expected))
    assert not wrong, "\n".join(map(str, wrong))
    assert rows_that_count() == before


def scope_refusal(scope: str, needed: str | None) -> str:
    if needed is None:
        return "login_needed"
    return "" if RANKS[scope] >= RANKS[needed] else "scope_needed"


def code_of_refusal(answer: Any) -> str:
    return answer.json()["code"] if answer.status_code in (401, 403) else ""


# --- pages -----------------------------------------------------------------------------------------------------------


def leads_to_log_in(answer: Any) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/login?")


def ended_browser(user: User) -> Client:
    client = client_of(user)
    client.get("/help/")
    for login in LoginSession.objects.filter(owner=user, ended_at=None):
        logins.login_end(actor=user, login=login)
    return client


def disabled_browser(user: User) -> Client:
    client = client_of(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return client


def browser_with_api_token(user: User) -> Client:
    return PageClient(headers=bearer(token_make(user=user, name="page", scope="admin")[1]))


@pytest.mark.parametrize(
    "browser_of", [lambda user: client_of(), ended_browser, disabled_browser, browser_with_api_token]
)
def test_pages_lead_strangers_to_the_log_in(here: World, browser_of: Callable[[User], Client]) -> None:
    client, wrong = browser_of(here.owner), []
    before = rows_that_count()
    for address, method, rule in page_requests():
        answer = answer_to(client, method, here.path(address))
        if not rule.public and not leads_to_log_in(answer):
            wrong.append((address.name, method, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert rows_that_count() == before


def test_pages_of_another_do_not_exist(here: World) -> None:
    client, wrong = client_of(make_user()), []
    for address, method, rule in page_requests():
        if names_of_one_user(address) and not rule.shared:
            got = answer_to(client, method, here.path(address)).status_code
            wrong += [(address.name, method, got)] if got != 404 else []
    assert not wrong, "\n".join(map(str, wrong))


def test_viewers_look_at_pages_only(here: World) -> None:
    as_viewer(here.owner)
    client, wrong = client_of(here.owner), []
    for address, method, rule in page_requests():
        if rule.public:
            continue
        status = answer_to(client, method, here.path(address)).status_code
        is_meant_for_them = rule.viewers == "all" or (rule.viewers == "look" and method == SAFE)
        if is_refused(status, rule) == is_meant_for_them:
            wrong.append((address.name, method, status))
    assert not wrong, "\n".join(map(str, wrong))


# --- the back office -------------------------------------------------------------------------------------------------


def staff_without_second_factor() -> Client:
    return client_of(make_user(is_staff=True, is_superuser=True))


@pytest.mark.parametrize(
    ("method", "browser_of"),
    [
        ("GET", client_of),
        ("POST", lambda: client_of(make_user())),
        ("GET", lambda: client_of(make_user(role=Role.VIEWER))),
        ("GET", lambda: browser_with_api_token(make_user(is_staff=True, is_superuser=True))),
        ("GET", staff_without_second_factor),
    ],
    ids=["anonymous", "trader", "viewer", "token", "staff without a second factor"],
)
def test_the_back_office_lets_nobody_in(method: str, browser_of: Callable[[], Client], settings: Any) -> None:
    settings.ADMIN_SECOND_FACTOR = True
    client, wrong = browser_of(), []
    for address in BACK_OFFICE:
        answer = answer_to(client, method, back_office_path(address))
        if not is_kept_out(answer):
            wrong.append((address.route, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))


def back_office_path(address: Address) -> str:
    plain = re.sub(r"\(\?P<app_label>(\w+)[^)]*\)", r"\1", address.route).replace("(?P<url>.*)$", "nothing/")
    return "/" + re.sub(r"<[^>]+>", "1", plain).replace("^", "").replace("$", "")


def is_kept_out(answer: Any) -> bool:
    goes_to = answer.headers.get("Location", "")
    outside = (f"/{django_settings.ADMIN_URL}login/", "/login", "/settings/", f"/{django_settings.ADMIN_URL}")
    return answer.status_code in (403, 404, 405) or (answer.status_code == 302 and goes_to.startswith(outside))


# --- sockets ---------------------------------------------------------------------------------------------------------


def class_of(route: Any) -> str:
    return str(route.callback.consumer_class.__name__)


def socket_paths(here: World) -> dict[str, str]:
    values = here.values | {"exchange": "binance"}
    found = {}
    for route in websocket_urlpatterns:
        plain = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda match: str(values[match.group(1)]), str(route.pattern))
        found[class_of(route)] = "/" + plain.removeprefix("^").removesuffix("/?$")
    return {name: path for name, path in found.items() if name in SOCKETS}


@pytest.mark.django_db(databases=DATABASES, transaction=True)
async def test_sockets_are_closed_to_strangers(stored_pair: Any) -> None:  # noqa: F811
    here = await in_database(world)()
    texts = {
        "nobody": None,
        **{
            made.__name__: await in_database(made)(here.owner)
            for made in (expired_access, revoked_token, expired_token, ended_access)
        },
    }
    wrong = []
    for name, path in socket_paths(here).items():
        for kind, text in texts.items():
            got = await refusal(path, headers_of(text))
            wrong += [(name, kind, got)] if got != consumers.UNAUTHENTICATED else []
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.django_db(databases=DATABASES, transaction=True)
async def test_sockets_of_another_do_not_exist(stored_pair: Any) -> None:  # noqa: F811
    here = await in_database(world)()
    await in_database(as_viewer)(here.owner)
    other = headers_of(await in_database(lambda: session_open(make_user()).access_token)())
    owner = headers_of((await in_database(session_open)(here.owner)).access_token)
    for name, path in socket_paths(here).items():
        async with opened(path, owner) as socket:
            assert (await socket.frame())["type"] in ("snapshot", "unavailable"), name
        if SOCKETS[name]:
            assert await refusal(path, other) == consumers.NOT_FOUND, name


def headers_of(text: str | None) -> list[tuple[bytes, bytes]]:
    return [HOST, (b"authorization", f"Bearer {text}".encode())] if text else [HOST]
