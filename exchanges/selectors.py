"""Reads of venue accounts and of the candle store's catalogue; every account query starts from its user."""

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.models import User
from exchanges.models import CandleSet, ExchangeAccount


def accounts_of(user: User) -> QuerySet[ExchangeAccount]:
    """Secret and passphrase stay in the database; whether there is a key at all says `api_key`."""
    return ExchangeAccount.objects.filter(owner=user).defer("api_secret", "passphrase")


def account_of(user: User, account_id: int) -> ExchangeAccount:
    """Raises ExchangeAccount.DoesNotExist, for somebody else's too."""
    return accounts_of(user).get(pk=account_id)


def candle_sets(exchange: str = "", timeframe: str = "") -> Sequence[CandleSet]:
    """What can be replayed, by symbol and timeframe."""
    rows = CandleSet.objects.order_by("exchange", "symbol", "timeframe")
    if exchange:
        rows = rows.filter(exchange=exchange)
    if timeframe:
        rows = rows.filter(timeframe=timeframe)
    return list(rows)
