"""What Celery runs for risk, in queue `io`: snapshots of equity, their thinning, and the watch over open pairs."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from exchanges.models import ExchangeAccount
from trading import equity, pair_health
from trading.risk import betas

CHUNK = 20
CHUNK_LIFE_S = 50
WATCH_LIFE_S = 10 * 60


@shared_task
def equity_snapshots() -> None:
    """Hands the accounts over in chunks, so that one slow venue does not keep the others waiting."""
    ids = [account.pk for account in equity.accounts_to_watch()]
    for start in range(0, len(ids), CHUNK):
        equity_chunk.apply_async((ids[start : start + CHUNK],), expires=CHUNK_LIFE_S, queue="io")


@shared_task
def equity_chunk(account_ids: list[int]) -> None:
    equity.snapshots_take(ExchangeAccount.objects.filter(pk__in=account_ids, is_active=True), timezone.now())


@shared_task
def equity_thin() -> None:
    equity.snapshots_thin(timezone.now())


@shared_task
def pairs_watch() -> None:
    """One at a time: the first look of an hour reads a month of candles."""
    if not cache.add("pairs_watch", True, WATCH_LIFE_S):
        return
    try:
        pair_health.watch_pairs(timezone.now())
        betas.betas_measure()
    finally:
        cache.delete("pairs_watch")
