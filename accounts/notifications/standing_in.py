"""What a process that needs PostgreSQL alone does for notifications: watches the others, and sends where none does."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections
from django.db.models.functions import Now

from accounts.models import SignOfLife
from accounts.notifications.engine_watch import engine_look, sign_of_life
from accounts.notifications.fan_out import notifications_route
from accounts.notifications.sending import channel_send, channels_due

log = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(1, thread_name_prefix="standing_in")
_sending: Future[None] | None = None


def watch_and_stand_in(now: Callable[[], datetime]) -> None:
    """Called by the guardian every few seconds; what is to be sent goes out in a thread of its own."""
    global _sending
    sign_of_life("guardian")
    engine_look()
    is_idle = _sending is None or _sending.done()
    if is_idle and _worker_is_silent():
        _sending = _sender.submit(_send_in_thread, now)


def send_everything(now: Callable[[], datetime]) -> None:
    """Routes and sends what is due, channel after channel."""
    while notifications_route():
        continue
    for channel_id in channels_due(now()):
        channel_send(channel_id, now)


def _send_in_thread(now: Callable[[], datetime]) -> None:
    try:
        send_everything(now)
    except Exception:
        log.exception("what waits could not be sent; it is tried again")
    finally:
        close_old_connections()


def _worker_is_silent() -> bool:
    heard = Now() - timedelta(seconds=settings.ENGINE_SILENCE_S)
    return not SignOfLife.objects.filter(part="io", at__gt=heard).exists()
