"""Testing a real account says what its owner has to mend, and never repeats a key."""

from typing import Any

import pytest
from django.utils import timezone

from bots.tests.factories import make_user
from exchanges import registry
from exchanges.models import ExchangeAccount
from exchanges.services import account_test, account_update
from exchanges.tests.wire.accounts import SERVERS, live_account, serving
from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET, WireServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=sorted(SERVERS))
def exchange(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def server(exchange: str, settings: Any) -> Any:
    with serving(exchange, settings) as server:
        yield server


def checked(exchange: str, **data: Any) -> ExchangeAccount:
    return account_test(account=live_account(make_user(), exchange, **data), now=timezone.now())


def test_a_good_key_connects(server: WireServer, exchange: str) -> None:
    account = checked(exchange)
    assert (account.last_check_ok, "10,000.00 USDT" in account.last_check_message) == (True, True)
    if exchange != "binance":
        assert account.venue_uid


def test_a_key_that_can_withdraw_is_refused(server: WireServer, exchange: str) -> None:
    server.withdraws = True
    account = checked(exchange)
    assert (account.last_check_ok, "withdraw" in account.last_check_message) == (False, True)


@pytest.mark.parametrize(("name", "word"), [("api_key", "key"), ("api_secret", "secret")])
def test_a_wrong_credential_is_named(server: WireServer, exchange: str, name: str, word: str) -> None:
    account = checked(exchange, **{name: "mistyped-4711"})
    assert account.last_check_ok is False
    assert word in account.last_check_message
    for secret in (KEY, SECRET, PASSPHRASE, "mistyped-4711"):
        assert secret not in account.last_check_message


def test_a_wrong_passphrase_is_named(settings: Any) -> None:
    with serving("okx", settings):
        account = checked("okx", passphrase="mistyped-4711")
    assert (account.last_check_ok, "passphrase" in account.last_check_message) == (False, True)


def test_a_clock_that_is_wrong_does_not_matter(server: WireServer, exchange: str) -> None:
    server.skew_ms = -3_600_000
    assert checked(exchange).last_check_ok is True


def test_a_clock_that_moves_is_measured_again(server: WireServer, exchange: str) -> None:
    account = live_account(make_user(), exchange)
    assert account_test(account=account, now=timezone.now()).last_check_ok is True
    server.skew_ms = 3_600_000
    assert account_test(account=account, now=timezone.now()).last_check_ok is True


def test_hedge_mode_is_told(server: WireServer, exchange: str) -> None:
    server.market.hedged = True
    account = checked(exchange)
    assert account.last_check_ok is True
    if exchange != "bybit":  # tells it by positions alone
        assert "one-way" in account.last_check_message


def test_fees_in_another_coin_are_refused(settings: Any) -> None:
    with serving("binance", settings) as server:
        server.burns = True
        account = checked("binance")
    assert (account.last_check_ok, "BNB" in account.last_check_message) == (False, True)


def test_a_silent_exchange_is_not_a_wrong_key(server: WireServer, exchange: str) -> None:
    server.market.fault("http", 1_000, drop=True)
    account = checked(exchange)
    assert (account.last_check_ok, "key" in account.last_check_message) == (False, False)


def test_one_login_is_one_account(settings: Any) -> None:
    with serving("okx", settings):
        assert checked("okx").last_check_ok is True
        second = checked("okx")
    assert (second.last_check_ok, second.venue_uid) == (False, "")


def test_a_new_key_makes_a_new_client(server: WireServer, exchange: str) -> None:
    account = live_account(make_user(), exchange)
    first = registry.venue_of(account)
    assert registry.venue_of(account) is first
    account_update(account=account, data={"api_key": "mistyped-4711"})
    assert account_test(account=account, now=timezone.now()).last_check_ok is False
    assert registry.venue_of(account) is not first


def test_no_key_is_needed_to_refuse_an_account_that_is_off(server: WireServer, exchange: str) -> None:
    account = live_account(make_user(), exchange)
    account_update(account=account, data={"is_active": False})
    before = len(server.requests)
    assert account_test(account=account, now=timezone.now()).last_check_ok is False
    assert len(server.requests) == before
