"""The worker for messages listens to chats too, beside its tasks."""

from typing import Any

from celery import signals
from django.utils import timezone

from trading.chat.listening import Listener

QUEUE = "io"
_listener = Listener(timezone.now)


@signals.worker_ready.connect
def _begin(sender: Any, **kwargs: Any) -> None:
    if QUEUE in sender.app.amqp.queues.consume_from:
        _listener.start()


@signals.worker_shutting_down.connect
def _end(**kwargs: Any) -> None:
    _listener.stop()
