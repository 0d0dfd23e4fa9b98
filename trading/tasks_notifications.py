"""What Celery does to find news that nobody comes across by trading, in queue `io`."""

from celery import shared_task
from django.utils import timezone

from trading.daily_summary import daily_summaries_tell
from trading.limits_watch import limits_look


@shared_task
def daily_summaries() -> None:
    daily_summaries_tell(timezone.now())


@shared_task
def limits_watch() -> None:
    limits_look(timezone.now())
