"""Reconciliation as Celery runs it, in queue `io`: every minute, at the start of a worker, and again within seconds
where something was seen once."""

import logging

from celery import shared_task
from celery.signals import worker_init, worker_ready
from django.utils import timezone

from exchanges.models import ExchangeAccount
from trading.installation import installation_check
from trading.reconciliation.claimed import accounts_in_use
from trading.reconciliation.rounds import accounts_reconcile

log = logging.getLogger(__name__)

CHUNK = 10
CHUNK_LIFE_S = 55
AGAIN_S = 5


@shared_task
def accounts_reconcile_all() -> None:
    """Hands the accounts over in chunks, so that one slow venue does not keep the others waiting."""
    installation_check(timezone.now())
    ids = [account.pk for account in accounts_in_use()]
    for start in range(0, len(ids), CHUNK):
        accounts_reconcile_chunk.apply_async((ids[start : start + CHUNK],), expires=CHUNK_LIFE_S)


@shared_task
def accounts_reconcile_chunk(account_ids: list[int], *, is_second: bool = False, thorough: bool = False) -> None:
    """A second look follows within seconds where the first found something; a third waits for the next minute."""
    accounts = list(ExchangeAccount.objects.filter(pk__in=account_ids).defer("api_secret", "passphrase"))
    again = accounts_reconcile(accounts, timezone.now(), thorough=thorough)
    if again and not is_second:
        accounts_reconcile_chunk.apply_async(
            (again,), {"is_second": True}, countdown=AGAIN_S, expires=AGAIN_S + CHUNK_LIFE_S
        )


@worker_init.connect
def _look_for_a_restore(**kwargs: object) -> None:
    """Before the first look at a bot: rows that were put back into another database are not to be traded on."""
    if installation_check(timezone.now()):
        log.error("the database is another one than before: bots wait in error")


@worker_ready.connect
def _compare_at_the_start(**kwargs: object) -> None:
    accounts_reconcile_all.apply_async(expires=CHUNK_LIFE_S)
