"""Orders without a bot, as Celery looks after them: queue `io`."""

import logging

from celery import shared_task
from django.core.exceptions import ValidationError
from django.utils import timezone

from exchanges.errors import ExchangeError
from trading.by_hand.settlement import account_orders_settle, accounts_unsettled

log = logging.getLogger(__name__)


@shared_task
def orders_by_hand_settle() -> None:
    """Every ten seconds (`bots.schedules.install_housekeeping`); a venue that does not answer is asked next time."""
    for account in accounts_unsettled():
        try:
            account_orders_settle(account, timezone.now())
        except (ExchangeError, ValidationError) as error:
            log.warning("orders by hand on account %d are not settled: %s", account.pk, error)
