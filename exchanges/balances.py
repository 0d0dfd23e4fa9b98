"""What accounts hold now, as far as their venues answer."""

import logging
from collections.abc import Iterable

from django.core.exceptions import ValidationError

from exchanges.adapters.base import Balance
from exchanges.errors import ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of

log = logging.getLogger(__name__)


def balances_of(accounts: Iterable[ExchangeAccount]) -> dict[int, Balance]:
    """By account id; an account whose venue does not answer is missing."""
    found: dict[int, Balance] = {}
    for account in accounts:
        try:
            found[account.pk] = venue_of(account).balance()
        except (ExchangeError, ValidationError) as error:
            log.info("account %d shows no balance: %s", account.pk, error)
    return found
