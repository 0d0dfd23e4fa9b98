"""What Celery does for notifications, in queue `io`."""

from datetime import timedelta

from celery import current_app, shared_task
from django.utils import timezone

from accounts.notifications import inbox, waking
from accounts.notifications.engine_watch import engine_look, sign_of_life
from accounts.notifications.fan_out import notifications_route
from accounts.notifications.sending import channel_send, channels_due

KEPT_DAYS = 90
LIFE_S = 60
AGAIN_S = 1


@shared_task
def dispatch() -> None:
    """Whatever is committed by now gets on its way, each channel in a task of its own: a slow one delays no other."""
    waking.begun()
    while is_left := notifications_route():
        continue
    if is_left is None and waking.is_first():  # the other may have looked a moment too early
        dispatch.apply_async(countdown=AGAIN_S, queue="io", expires=LIFE_S)
    for channel_id in channels_due(timezone.now()):
        send_channel.apply_async((channel_id,), queue="io", expires=LIFE_S)


@shared_task
def send_channel(channel_id: int) -> None:
    if channel_send(channel_id, timezone.now):
        send_channel.apply_async((channel_id,), queue="io", expires=LIFE_S)


@shared_task
def sweep() -> None:
    """Every ten seconds: what a lost worker or a broker that was away has left behind, and who has fallen silent."""
    sign_of_life("io")
    current_app.send_task("accounts.tasks_notifications.trading_alive", queue="trading", expires=LIFE_S)
    dispatch()
    engine_look()


@shared_task
def trading_alive() -> None:
    """In queue `trading`."""
    sign_of_life("trading")


@shared_task
def forget_old() -> None:
    inbox.notifications_forget(timezone.now() - timedelta(days=KEPT_DAYS))
