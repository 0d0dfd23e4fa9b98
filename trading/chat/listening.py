"""Listens to the Telegram bots of all channels that take commands: one process at a time for each, by a lease."""

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ChannelChat
from accounts.notifications.chats import bot_token, is_awaited
from accounts.notifications.failures import SendFailed
from accounts.notifications.sending import pause_s
from trading.chat.handling import update_handle
from trading.chat.telegram import updates_read

WAITS_S: Final = 20
"""How long Telegram keeps a question open until something is written."""
LEASE: Final = timedelta(seconds=60)
"""Longer than one question takes."""
LOOK_S: Final = 5.0
CHATS_MOST: Final = 100
Clock = Callable[[], datetime]
log = logging.getLogger(__name__)


def chats_free() -> list[int]:
    """Channels that take commands and to which nobody listens."""
    free = Q(listening_until=None) | Q(listening_until__lt=Now())
    rows = ChannelChat.objects.filter(free, channel__is_active=True, channel__owner__is_active=True)
    asks = rows.filter(Q(chat_id__isnull=False) | Q(code_until__gt=Now()))
    return list(asks.order_by("pk").values_list("pk", flat=True)[:CHATS_MOST])


def chat_claim(chat_id: int) -> uuid.UUID | None:
    token = uuid.uuid4()
    free = ChannelChat.objects.filter(Q(listening_until=None) | Q(listening_until__lt=Now()), pk=chat_id)
    return token if free.update(listening_until=Now() + LEASE, listening_token=token) else None


def chat_release(chat_id: int, lease: uuid.UUID) -> None:
    ChannelChat.objects.filter(pk=chat_id, listening_token=lease).update(listening_until=None, listening_token=None)


def chat_listen_once(
    chat_id: int, lease: uuid.UUID, now: Clock, *, waits_s: int = WAITS_S, rest: Callable[[], None] | None = None
) -> bool:
    """Asks once and sees to what came; `rest` is called before the waiting.

    False when the lease or the channel is gone. Raises SendFailed.
    """
    mine = ChannelChat.objects.filter(pk=chat_id, listening_token=lease, channel__is_active=True)
    if not mine.update(listening_until=Now() + LEASE):
        return False
    chat = mine.select_related("channel__owner").first()
    if chat is None or (chat.chat_id is None and not is_awaited(chat, now())):
        return False
    try:
        token = bot_token(chat.channel)
    except ValidationError:
        raise SendFailed("address", is_refusal=True) from None
    if rest is not None:
        rest()
    updates = updates_read(token, chat.next_update, waits_s=waits_s)
    mine.update(heard_at=Now(), error="", listening_until=Now() + LEASE)
    for update in updates:
        update_handle(chat, token, update, now())
    return True


class Listener:
    """A thread that looks for chats, and one for each that was found. They end with their process, which does not wait.

    What they were doing is on record in PostgreSQL: the next process goes on there.
    """

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._ended = threading.Event()
        self._threads: dict[int, threading.Thread] = {}

    def start(self) -> None:
        threading.Thread(target=self._look, name="chats", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.is_set():
            try:
                self._take()
            except DatabaseError as error:
                log.warning("chats are not looked for: %s", type(error).__name__)
            finally:
                close_old_connections()
            self._ended.wait(LOOK_S)

    def _take(self) -> None:
        self._threads = {pk: thread for pk, thread in self._threads.items() if thread.is_alive()}
        for pk in chats_free()[: CHATS_MOST - len(self._threads)]:
            lease = chat_claim(pk) if pk not in self._threads else None
            if lease is not None:
                self._threads[pk] = threading.Thread(
                    target=self._listen, args=(pk, lease), name=f"chats-{pk}", daemon=True
                )
                self._threads[pk].start()

    def _listen(self, chat_id: int, lease: uuid.UUID) -> None:
        failures = 0
        try:
            while not self._ended.is_set():
                try:
                    if not chat_listen_once(chat_id, lease, self._now, rest=close_old_connections):
                        return
                    failures = 0
                except SendFailed as failure:
                    failures += 1
                    pause = timedelta(seconds=pause_s(failures))
                    _note(chat_id, lease, failure, pause)
                    self._ended.wait(pause.total_seconds())
        except DatabaseError as error:
            log.warning("channel %d is not listened to: %s", chat_id, type(error).__name__)
        finally:
            _let_go(chat_id, lease)


def _note(chat_id: int, lease: uuid.UUID, failure: SendFailed, pause: timedelta) -> None:
    """The lease outlasts the pause."""
    mine = ChannelChat.objects.filter(pk=chat_id, listening_token=lease)
    mine.update(error=failure.code, listening_until=Now() + LEASE + pause)
    close_old_connections()


def _let_go(chat_id: int, lease: uuid.UUID) -> None:
    try:
        chat_release(chat_id, lease)
    except DatabaseError:
        log.info("the lease of channel %d ends by itself", chat_id)
    finally:
        close_old_connections()
