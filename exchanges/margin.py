"""What is free for new margin, without asking the venue before every order.

A reading of at most `READ_AGAIN_S` is believed where it leaves plenty, unless orders of ours have been sent since it
was begun. Without Redis the venue is asked every time.
"""

import secrets
from dataclasses import dataclass
from decimal import Decimal

from django.core.cache import cache
from redis.exceptions import RedisError

from exchanges import shared
from exchanges.adapters.base import Balance, Venue

READ_AGAIN_S = 75.0
"""Reconciliation reads every account once a minute."""
MARKS_KEPT_S = 600.0
PLENTY = 2
"""A reading is believed while at most one part in so many of it is wanted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`mark`: the account's last order when the reading was begun."""

    account_id: int
    mark: str | None


def is_plenty(account_id: int, needed: Decimal) -> bool:
    """Whether a reading is known that leaves no doubt about so much."""
    known = _known(account_id)
    return known is not None and known >= PLENTY * needed


def free_now(venue: Venue, account_id: int) -> Decimal:
    """Asked for. Raises ExchangeError."""
    if venue.is_paper:
        return venue.balance().free
    reading = reading_begin(account_id)
    balance = venue.balance()
    reading_keep(reading, balance)
    return balance.free


def reading_begin(account_id: int) -> Reading:
    """Before the venue is asked."""
    return Reading(account_id, shared.found(_mark_key(account_id)))


def reading_keep(reading: Reading, balance: Balance) -> None:
    shared.keep(_reading_key(reading.account_id), (reading.mark, balance.free), READ_AGAIN_S)


def orders_sent(account_id: int) -> None:
    """Orders that take margin are on their way, or were answered: what was read before counts no more."""
    shared.keep(_mark_key(account_id), secrets.token_hex(8), MARKS_KEPT_S)


def _known(account_id: int) -> Decimal | None:
    names = _reading_key(account_id), _mark_key(account_id)
    try:
        found = cache.get_many(names)
    except (RedisError, OSError):
        return None
    mark, free = found.get(names[0], ("", None))
    return free if mark == found.get(names[1]) else None


def _reading_key(account_id: int) -> str:
    return f"margin:{account_id}"


def _mark_key(account_id: int) -> str:
    return f"margin-orders:{account_id}"
