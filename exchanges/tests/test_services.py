"""Adding, changing, testing and deleting venue accounts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import User
from bots.models import BotStatus
from bots.tests.factories import make_bot, make_user
from exchanges import services
from exchanges.errors import DomainError, Unavailable
from exchanges.history import candles
from exchanges.models import ExchangeAccount
from exchanges.paper_models import PaperWallet
from exchanges.registry import venue_of
from exchanges.secrets import unseal
from exchanges.selectors import account_of, accounts_of
from exchanges.tests.series import CHZ, GALA, START, series_of, simulated_account, store_pair
from trading.models import Order

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

KEYS = {"api_key": "the-key", "api_secret": "the-secret"}


@pytest.fixture
def owner() -> User:
    return make_user()


def create(owner: User, **data: Any) -> ExchangeAccount:
    return services.account_create(owner=owner, data={"exchange": "paper", "label": "Paper", **data})


def complaints(owner: User, **data: Any) -> set[str]:
    with pytest.raises(ValidationError) as refusal:
        create(owner, **data)
    assert not ExchangeAccount.objects.filter(owner=owner).exists()
    return set(refusal.value.message_dict)


def test_a_paper_account_trades_at_once(owner: User) -> None:
    account = create(owner, paper_venue="okx", paper_config={"initial_balance": 500, "seed": 9})
    assert (account.paper_source, account.paper_config["seed"], account.is_paper) == ("simulated", 9, True)
    assert venue_of(account).balance().equity == 500
    assert account.paper_config["initial_balance"] == "500"


def test_keys_are_sealed_and_never_kept_in_clear(owner: User) -> None:
    account = create(owner, exchange="okx", label="Main", passphrase="the-phrase", is_testnet=True, **KEYS)
    stored = ExchangeAccount.objects.get(pk=account.pk)
    assert unseal(stored, stored.api_secret) == "the-secret"
    assert unseal(stored, stored.passphrase) == "the-phrase"
    assert stored.is_testnet
    with pytest.raises(Unavailable):
        venue_of(stored).balance()


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"exchange": "kraken"}, {"exchange"}),
        ({"exchange": None, "label": ""}, {"exchange", "label"}),
        ({"exchange": ["okx"]}, {"exchange"}),
        ({"label": "x" * 61}, {"label"}),
        ({"label": 5}, {"label"}),
        ({"label": "a\x00b"}, {"label"}),
        ({"exchange": "okx"}, {"api_key", "api_secret", "passphrase"}),
        ({"exchange": "binance", "api_key": "k"}, {"api_secret"}),
        ({"exchange": "bybit", **KEYS, "is_testnet": "maybe"}, {"is_testnet"}),
        ({"api_key": "k"}, {"api_key"}),
        ({"paper_venue": "paper"}, {"paper_venue"}),
        ({"paper_source": "dreams"}, {"paper_source"}),
        ({"paper_source": "live", "paper_config": {"speed": 60}}, {"speed"}),
        ({"paper_source": "live", "paper_venue": "kraken"}, {"paper_venue"}),
        ({"paper_config": [1]}, {"paper_config"}),
        ({"paper_config": {"speed": "fast", "colour": "red"}}, {"speed", "colour"}),
        ({"paper_config": {"speed": 0}}, {"speed"}),
        ({"paper_source": "replay"}, {"timeframe"}),
    ],
)
def test_bad_input_is_refused_field_by_field(
    owner: User, candle_dir: Any, data: dict[str, Any], fields: set[str]
) -> None:
    assert complaints(owner, **data) == fields


@pytest.mark.parametrize("data", [[], "text", None, 3])
def test_what_is_no_object_is_refused(owner: User, data: Any) -> None:
    with pytest.raises(ValidationError):
        services.account_create(owner=owner, data=data)


def test_labels_are_unique_per_owner_and_exchange(owner: User) -> None:
    create(owner)
    with pytest.raises(ValidationError) as refusal:
        create(owner, label=" Paper ")
    assert set(refusal.value.message_dict) == {"label"}
    create(make_user())
    create(owner, exchange="binance", **KEYS)


def test_two_who_choose_one_label_at_the_same_moment(owner: User) -> None:
    """The other one's row is not visible yet when ours is checked; our insert waits for it and is refused."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ExchangeAccount.objects.create(owner=owner, exchange="binance", label="Same")
            second = pool.submit(in_thread, lambda: create(owner, exchange="binance", label="Same", **KEYS))
            while not somebody_waits():
                assert not second.done()
        with pytest.raises(ValidationError) as refusal:
            second.result(timeout=10)
    assert set(refusal.value.message_dict) == {"label"}


def in_thread(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connections.close_all()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return bool(cursor.fetchone()[0])


def test_an_account_moves_to_the_testnet_while_no_bot_uses_it(owner: User) -> None:
    account = create(owner, exchange="bybit", **KEYS)
    ExchangeAccount.objects.filter(pk=account.pk).update(venue_uid="42", last_check_ok=True)
    services.account_update(account=account_of(owner, account.pk), data={"is_testnet": True})
    moved = account_of(owner, account.pk)
    assert (moved.is_testnet, moved.venue_uid, moved.last_check_ok) == (True, "", None)
    make_bot(account=moved)
    with pytest.raises(DomainError):
        services.account_update(account=moved, data={"is_testnet": False})
    paper = services.account_update(account=create(owner), data={"is_testnet": True})
    assert not paper.is_testnet


def test_only_paper_accounts_rehearse(owner: User) -> None:
    account = create(owner)
    services.rehearsal_start(account=account, faults={"faults": [{"fault": "reject"}]})
    with pytest.raises(ValueError, match="unknown key"):
        services.rehearsal_start(account=account, faults={"mood": "bad"})
    with pytest.raises(TypeError):
        services.rehearsal_start(account=create(owner, exchange="bybit", **KEYS), faults={})


def replay(owner: User, **config: Any) -> ExchangeAccount:
    return create(owner, paper_source="replay", paper_config={"speed": 0, "timeframe": "5m", **config})


def test_a_replay_begins_where_all_its_markets_have_begun(owner: User, candle_dir: Any) -> None:
    store_pair(50)
    candles.save("binance", "SOL/USDT:USDT", "5m", series_of([9.0] * 20, tick=0.5, start=START.replace(hour=1)))
    account = replay(owner)
    assert account.paper_config["symbols"] == [CHZ, GALA, "SOL/USDT:USDT"]
    assert account.paper_config["start"] == "2025-01-01T01:00:00+00:00"
    assert set(venue_of(account).markets()) == {GALA, CHZ, "SOL/USDT:USDT"}
    pair = create(owner, label="Pair", paper_source="replay", paper_config={"symbols": [GALA, CHZ], "timeframe": "5m"})
    assert pair.paper_config["start"] == "2025-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"timeframe": "1h"}, {"timeframe"}),
        ({"symbols": ["GALA/USDT", "DOGE/USDT"]}, {"symbols"}),
        ({"start": "2024-12-31T00:00:00Z"}, {"start"}),
        ({"start": "2025-06-01T00:00:00Z"}, {"start"}),
        ({"start": "2025-01-01T01:00:00Z", "end": "2025-01-01T00:30:00Z"}, {"end"}),
    ],
)
def test_a_replay_needs_what_is_recorded(
    owner: User, candle_dir: Any, config: dict[str, Any], fields: set[str]
) -> None:
    store_pair(50)
    assert complaints(owner, paper_source="replay", paper_config={"timeframe": "5m", **config}) == fields


def test_only_what_is_sent_changes(owner: User) -> None:
    account = create(owner, exchange="okx", label="Main", passphrase="p", **KEYS)
    services.account_test(account=account, now=timezone.now())
    account = services.account_update(account=account_of(owner, account.pk), data={"label": "Renamed", "api_key": ""})
    stored = ExchangeAccount.objects.get(pk=account.pk)
    assert (stored.label, unseal(stored, stored.api_key), stored.last_check_ok) == ("Renamed", "the-key", False)
    services.account_update(account=account_of(owner, account.pk), data={"exchange": "okx", "api_key": "new"})
    stored = ExchangeAccount.objects.get(pk=account.pk)
    assert (unseal(stored, stored.api_key), unseal(stored, stored.api_secret)) == ("new", "the-secret")
    assert (stored.last_check_ok, stored.last_check_message) == (None, "")


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"exchange": "okx"}, {"exchange"}),
        ({"label": " "}, {"label"}),
        ({"label": "Other"}, {"label"}),
        ({"paper_source": "replay"}, {"paper_source"}),
        ({"paper_venue": "bybit"}, {"paper_venue"}),
        ({"paper_config": {"seed": 5}}, {"seed"}),
        ({"paper_config": {"initial_balance": "7", "taker_fee": "x"}}, {"taker_fee"}),
        ({"api_secret": "x"}, {"api_secret"}),
        ({"is_active": 3}, {"is_active"}),
    ],
)
def test_what_may_not_change(owner: User, data: dict[str, Any], fields: set[str]) -> None:
    create(owner, label="Other")
    account = create(owner)
    with pytest.raises(ValidationError) as refusal:
        services.account_update(account=account_of(owner, account.pk), data=data)
    assert set(refusal.value.message_dict) == fields
    assert ExchangeAccount.objects.get(pk=account.pk).label == "Paper"


def test_costs_of_a_paper_account_may_change_and_count_at_once(owner: User) -> None:
    account = create(owner)
    assert venue_of(account).markets()[GALA].taker_fee > 0
    whole = account.paper_config | {"taker_fee": "0", "depth": 500}
    account = services.account_update(account=account_of(owner, account.pk), data={"paper_config": whole})
    assert venue_of(account).markets()[GALA].taker_fee == 0
    assert account.paper_config["depth"] == "500"


def test_an_account_with_a_running_bot_stays_on(owner: User) -> None:
    account = create(owner)
    make_bot(account=account, status=BotStatus.RUNNING)
    with pytest.raises(DomainError):
        services.account_update(account=account_of(owner, account.pk), data={"is_active": False})
    assert ExchangeAccount.objects.get(pk=account.pk).is_active


def test_testing_notes_what_came_of_it(owner: User) -> None:
    now = timezone.now()
    account = services.account_test(account=create(owner, paper_config={"initial_balance": 1234}), now=now)
    assert (account.last_check_ok, account.last_checked_at) == (True, now)
    assert "1,234.00 USDT" in account.last_check_message
    live = services.account_test(account=create(owner, exchange="bybit", **KEYS), now=now)
    assert ExchangeAccount.objects.get(pk=live.pk).last_check_ok is False


@pytest.mark.parametrize(
    "fields", [{"status": BotStatus.RUNNING}, {"level": 2, "side": 1}, {"status": BotStatus.STOPPED}]
)
def test_an_account_in_use_is_not_deleted(owner: User, fields: dict[str, Any]) -> None:
    account = create(owner)
    make_bot(account=account, **fields)
    with pytest.raises(DomainError):
        services.account_delete(account=account)
    assert ExchangeAccount.objects.filter(pk=account.pk).exists()


@pytest.mark.parametrize("status", ["unknown", "open", "closed"])
def test_nor_is_one_with_orders(owner: User, status: str) -> None:
    account = create(owner)
    values = {"purpose": "manual", "client_order_id": "a1", "symbol": GALA, "side": "buy", "order_type": "market"}
    Order.objects.create(account=account, amount=1, status=status, market_time=timezone.now(), **values)
    with pytest.raises(DomainError):
        services.account_delete(account=account)


def test_a_deleted_account_takes_its_paper_books_with_it(owner: User) -> None:
    account, other = create(owner), simulated_account(owner, label="Other")
    for each in (account, other):
        venue_of(each).balance()
    services.account_delete(account=account_of(owner, account.pk))
    assert list(PaperWallet.objects.values_list("account_id", flat=True)) == [other.pk]


def test_other_peoples_accounts_do_not_exist(owner: User) -> None:
    account = create(owner)
    stranger = make_user()
    assert not accounts_of(stranger).exists()
    with pytest.raises(ExchangeAccount.DoesNotExist):
        account_of(stranger, account.pk)
    assert accounts_of(owner).get() == account
