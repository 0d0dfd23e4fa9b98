"""What accounts hold now, as far as their venues answer."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError

from exchanges import shared
from exchanges.adapters.base import Balance, CoinBalance
from exchanges.adapters.live import LiveVenue
from exchanges.adapters.venues import Kind
from exchanges.errors import ExchangeError
from exchanges.limits import unhurried
from exchanges.models import ExchangeAccount
from exchanges.registry import desk_of, venue_of

BALANCE_KEPT_S: Final = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a `Balance` says, and every currency of which there is something."""

    currency: str
    total: Decimal
    equity: Decimal
    free: Decimal
    coins: Sequence[CoinBalance]


@unhurried()
def wallet_of(account: ExchangeAccount, kind: Kind) -> Wallet:
    """Of swaps, or the one that coins are bought from. Raises DomainError for a kind that is not traded there,
    ExchangeError."""
    venue = desk_of(account, kind)
    balance = venue.balance()
    paper = [CoinBalance(balance.currency, balance.total, balance.free)]
    coins = venue.coins() if isinstance(venue, LiveVenue) else paper
    return Wallet(balance.currency, balance.total, balance.equity, balance.free, coins)


@unhurried()
def balances_of(accounts: Iterable[ExchangeAccount]) -> dict[int, Balance]:
    """By account id, as they were a moment ago; an account whose venue does not answer is missing."""
    found: dict[int, Balance] = {}
    for account in accounts:
        try:
            found[account.pk] = _balance(account)
        except (ExchangeError, ValidationError) as error:
            log.info("account %d shows no balance: %s", account.pk, error)
    return found


def _balance(account: ExchangeAccount) -> Balance:
    """Raises what `Venue.balance` does."""
    key = f"balance:{account.pk}:{account.updated_at.timestamp()}"
    known: Balance | None = shared.found(key)
    if known is None:
        known = venue_of(account).balance()
        shared.keep(key, known, BALANCE_KEPT_S)
    return known
