"""What Celery runs for exchanges, in queue `io`."""

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from bots.feed import events as feed
from exchanges.history import download_running
from exchanges.history.download_rows import group, live_row
from exchanges.models import CandleDownload

DOWNLOAD = "download"
"""Type of the events that the owner's pages hear (`bots.consumers.DownloadsConsumer`)."""


@shared_task
def download_run(download_id: int) -> None:
    download_running.download_run(download_id, timezone.now, tell)


@shared_task
def downloads_sweep() -> None:
    """Every minute (`bots.schedules.install_housekeeping`)."""
    download_running.downloads_sweep(timezone.now(), tell)


@worker_shutting_down.connect
def _hand_back(**kwargs: object) -> None:
    """A download takes minutes; a restart should not wait for it."""
    download_running.interrupt()


def tell(download: CandleDownload) -> None:
    """The owner's open pages, once the transaction is committed."""
    feed.publish_group_on_commit(group(download.owner_id), DOWNLOAD, live_row(download))
