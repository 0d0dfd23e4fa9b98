"""Stored keys: encrypted, bound to their row, turned over to new encryption keys."""

from collections.abc import Iterator
from io import StringIO

import pytest
from cryptography.fernet import InvalidToken
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import override_settings

from bots.tests.factories import make_user
from exchanges.models import ExchangeAccount
from exchanges.secrets import SecretMismatch, seal, unseal

pytestmark = pytest.mark.django_db

OLD, NEW = "an old key material of some length", "a new key material of some length"


def account_of(label: str = "main", **secrets: str | None) -> ExchangeAccount:
    account = ExchangeAccount(owner=make_user(), exchange="okx", label=label)
    for name, text in secrets.items():
        setattr(account, name, seal(account, text))
    account.save()
    return account


def stored(account: ExchangeAccount, column: str = "api_key") -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM exchange_accounts WHERE id = %s", [account.pk])
        value = cursor.fetchone()[0]
    return bytes(value).decode() if isinstance(value, memoryview | bytes) else value


def reloaded(account: ExchangeAccount) -> ExchangeAccount:
    return ExchangeAccount.objects.get(pk=account.pk)


@pytest.mark.parametrize("text", ["key", "", 'with "quotes" and 中文', None])
def test_sealed_and_opened(text: str | None) -> None:
    account = reloaded(account_of(api_key=text))
    assert unseal(account, account.api_key) == text


def test_nothing_readable_is_stored() -> None:
    account = account_of(api_key="very-secret", api_secret=None)
    assert "very-secret" not in (stored(account) or "")
    assert stored(account, "api_secret") is None


def test_a_ciphertext_moved_to_another_row_does_not_open() -> None:
    mine, theirs = account_of(api_key="mine"), account_of("other", api_key="theirs")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_accounts SET api_key = other.api_key FROM exchange_accounts AS other "
            "WHERE other.id = %s AND exchange_accounts.id = %s",
            [theirs.pk, mine.pk],
        )
    moved = reloaded(mine)
    with pytest.raises(SecretMismatch):
        unseal(moved, moved.api_key)


def test_nor_does_one_whose_account_changed_hands() -> None:
    account = account_of(api_key="key")
    ExchangeAccount.objects.filter(pk=account.pk).update(owner=make_user())
    changed = reloaded(account)
    with pytest.raises(SecretMismatch):
        unseal(changed, changed.api_key)


@pytest.mark.parametrize("text", ["plain", "[]", "{}", "null", '{"owner": 1}'])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(SecretMismatch):
        unseal(account_of(), text)


def test_a_bulk_update_cannot_destroy_a_secret() -> None:
    account = account_of(api_key="key")
    with pytest.raises(FieldError), transaction.atomic():
        ExchangeAccount.objects.bulk_update([account], ["api_key"])
    with pytest.raises(FieldError), transaction.atomic():
        ExchangeAccount.objects.update(api_key=F("label"))
    account = reloaded(account)
    assert unseal(account, account.api_key) == "key"


def with_keys(*keys: str) -> override_settings:
    return override_settings(FERNET_KEYS=list(keys))


def forget_keys() -> None:
    """The field keeps its cipher for the life of a process."""
    for name in ("api_key", "api_secret", "passphrase"):
        field = ExchangeAccount._meta.get_field(name)
        for cached in ("keys", "fernet_keys", "fernet"):
            field.__dict__.pop(cached, None)


@pytest.fixture
def _fresh_keys() -> Iterator[None]:
    yield
    forget_keys()


@pytest.mark.usefixtures("_fresh_keys")
def test_keys_are_turned_over_row_by_row() -> None:
    with with_keys(OLD):
        forget_keys()
        account = account_of(api_key="key", passphrase=None)
        before = stored(account)
    with with_keys(NEW, OLD):
        forget_keys()
        out = StringIO()
        call_command("rotate_keys", stdout=out)
        assert "exchange accounts: 1 rows encrypted anew" in out.getvalue()
        assert stored(account) != before
    with with_keys(NEW):
        forget_keys()
        opened = reloaded(account)
        assert unseal(opened, opened.api_key) == "key"
        assert opened.passphrase is None
        assert opened.updated_at == account.updated_at
    with with_keys(OLD):
        forget_keys()
        with pytest.raises(InvalidToken):
            reloaded(account)
