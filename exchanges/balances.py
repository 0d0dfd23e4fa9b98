"""What accounts hold now, as far as their venues answer."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from exchanges.adapters.base import Balance, CoinBalance
from exchanges.adapters.live import LiveVenue
from exchanges.adapters.venues import Kind
from exchanges.errors import ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.registry import desk_of, venue_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a `Balance` says, and every currency of which there is something."""

    currency: str
    total: Decimal
    equity: Decimal
    free: Decimal
    coins: Sequence[CoinBalance]


def wallet_of(account: ExchangeAccount, kind: Kind) -> Wallet:
    """Of swaps, or the one that coins are bought from. Raises DomainError for a kind that is not traded there,
    ExchangeError."""
    venue = desk_of(account, kind)
    balance = venue.balance()
    paper = [CoinBalance(balance.currency, balance.total, balance.free)]
    coins = venue.coins() if isinstance(venue, LiveVenue) else paper
    return Wallet(balance.currency, balance.total, balance.equity, balance.free, coins)


def balances_of(accounts: Iterable[ExchangeAccount]) -> dict[int, Balance]:
    """By account id; an account whose venue does not answer is missing."""
    found: dict[int, Balance] = {}
    for account in accounts:
        try:
            found[account.pk] = venue_of(account).balance()
        except (ExchangeError, ValidationError) as error:
            log.info("account %d shows no balance: %s", account.pk, error)
    return found
