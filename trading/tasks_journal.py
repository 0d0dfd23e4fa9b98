"""What Celery runs for the journals, in queue `io`."""

from celery import shared_task
from django.utils import timezone

from trading.journal_thinning import journals_thin


@shared_task
def journals_thin_all() -> None:
    journals_thin(timezone.now())
