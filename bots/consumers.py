"""The live feed's sockets: a snapshot first, then what changes, at most five times a second.

Frames are {"type", "sequence", "first_sequence", "data"}; a frame stands for all events between its two numbers.
A reader may send {"type": "snapshot"} (everything anew) and {"type": "ping"} (answered by {"type": "pong"}); a socket
without news sends {"type": "ping"} itself.
Close codes: 4401 not logged in (any more), 4404 no such bot or back-test (of this user).
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import ObjectDoesNotExist
from django.db import close_old_connections
from django.utils import translation

from accounts.models import User
from bots.feed import events as feed
from bots.feed.buffer import FeedBuffer
from bots.feed.keys import bot_group, login_group, user_group
from bots.feed.messages import LOGIN_CHECK, SPREAD_UPDATE, Message
from bots.journal.lines import sentence
from bots.selectors import bot_of
from bots.socket_auth import Proof, proof_of
from exchanges.history import download_rows
from exchanges.history.downloads import OPEN, downloads_of
from trading.models import TradeLog
from trading.snapshot import bot_snapshot, dashboard_snapshot

log = logging.getLogger(__name__)

FRAME_PAUSE_S = 0.2
SNAPSHOT_PAUSE_S = 1.0
KEEP_ALIVE_S = 20.0
CHECK_EVERY = 3  # keep-alives
REQUEST_LENGTH_MAX = 200

UNAUTHENTICATED = 4401
NOT_FOUND = 4404
TOO_BIG = 1009
INTERNAL_ERROR = 1011

Frame = dict[str, Any]
T = TypeVar("T")


class FeedConsumer(AsyncWebsocketConsumer):
    """One reader of one group. What happens between two frames is merged: a slow reader gets fewer frames."""

    def __init__(self) -> None:
        super().__init__()
        self._buffer = FeedBuffer()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._proof: Proof | None = None
        self._language = "en"
        self._group = ""
        self._login_group = ""  # where the end of a log-in is announced
        self._login_news = asyncio.Event()
        self._sent = 0  # number of the last event that was sent
        self._sent_at = 0.0  # until the first frame
        self._snapshot_at = 0.0

    def group_of(self, user: User) -> str:
        """The group to read. Raises ObjectDoesNotExist. Called in a thread."""
        raise NotImplementedError

    def snapshot_of(self, user: User) -> dict[str, Any]:
        """Everything as it is now. Raises ObjectDoesNotExist. Called in a thread."""
        raise NotImplementedError

    def frames_of(self, messages: list[Message]) -> list[Frame]:
        raise NotImplementedError

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Events go to the buffer directly: the inherited way visits a thread for each to look after connections."""
        if message["type"] != "feed.event":
            await super().dispatch(message)
            return
        if message["event"] == LOGIN_CHECK:
            self._login_news.set()
            return
        self._buffer.add(message)
        self._news.set()

    async def connect(self) -> None:
        await self.accept()  # a refusal before this would reach browsers without its code
        try:
            group = await in_thread(self._enter)
        except ObjectDoesNotExist:
            await self.close(NOT_FOUND)
            return
        if group is None:
            await self.close(UNAUTHENTICATED)
            return
        self._group = group
        await self.channel_layer.group_add(group, self.channel_name)
        await self.channel_layer.group_add(self._login_group, self.channel_name)
        await in_thread(feed.watch, group)
        self._login_news.set()  # it may have ended before the group was joined
        self._news.set()
        loops = (self._send_news, self._keep_alive, self._watch_login)
        self._tasks = [asyncio.create_task(self._guarded(loop())) for loop in loops]

    async def disconnect(self, code: int) -> None:
        for task in self._tasks:
            task.cancel()
        if self._group:
            await self.channel_layer.group_discard(self._group, self.channel_name)
            await self.channel_layer.group_discard(self._login_group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None or len(text_data) > REQUEST_LENGTH_MAX:
            await self.close(TOO_BIG)
            return
        match _type_of(text_data):
            case "ping":
                await self._send_frame({"type": "pong"})
            case "snapshot":
                self._buffer.is_complete = False
                self._news.set()

    async def _send_news(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if not self._buffer.is_complete and not await self._send_snapshot():
                return
            for frame in self._numbered(self.frames_of(self._buffer.take(time.monotonic()))):
                await self._send_frame(frame)
            if self._buffer.is_waiting or not self._buffer.is_complete:
                self._news.set()
            await asyncio.sleep(FRAME_PAUSE_S)

    async def _send_snapshot(self) -> bool:
        """False when the reader may not see it (any more): the socket is closed then."""
        await asyncio.sleep(self._snapshot_at + SNAPSHOT_PAUSE_S - time.monotonic())
        self._snapshot_at = time.monotonic()
        sequence = await in_thread(feed.sequence_of, self._group)  # before the rows: they hold at least that much
        try:
            data = await in_thread(self._read)
        except ObjectDoesNotExist:
            await self.close(NOT_FOUND)
            return False
        if data is None:
            await self.close(UNAUTHENTICATED)
            return False
        self._buffer.restart(sequence)
        self._sent = sequence or 0
        await self._send_frame({"type": "snapshot", "sequence": self._sent, "data": data})
        return True

    async def _keep_alive(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            count += 1
            await in_thread(feed.watch, self._group)
            if count % CHECK_EVERY == 0:
                self._login_news.set()
            if self._sent_at and time.monotonic() - self._sent_at >= KEEP_ALIVE_S:
                await self._send_frame({"type": "ping"})

    async def _watch_login(self) -> None:
        """Asks again whose socket this is: at once when a log-in ended somewhere, and every minute in any case."""
        while True:
            await self._login_news.wait()
            self._login_news.clear()
            if await in_thread(self._user) is None:
                await self.close(UNAUTHENTICATED)
                return

    async def _guarded(self, loop: Coroutine[Any, Any, None]) -> None:
        try:
            await loop
        except Exception:
            log.exception("the socket of %s ends", self._group)
            await self.close(INTERNAL_ERROR)

    async def _send_frame(self, frame: Frame) -> None:
        self._sent_at = time.monotonic()
        await self.send(text_data=json.dumps(frame, separators=(",", ":"), ensure_ascii=False))

    def _numbered(self, frames: list[Frame]) -> list[Frame]:
        """With `first_sequence`: the number after the frame before."""
        for frame in frames:
            frame["first_sequence"] = self._sent + 1 if self._sent else frame["sequence"]
            self._sent = frame["sequence"]
        return frames

    def _enter(self) -> str | None:
        self._proof = proof_of(self.scope)
        user = self._user()
        if user is None:
            return None
        self._login_group = login_group(user.pk)
        return self.group_of(user)

    def _read(self) -> dict[str, Any] | None:
        user = self._user()
        if user is None:
            return None
        with translation.override(user.language):
            return self.snapshot_of(user)

    def _user(self) -> User | None:
        user = self._proof() if self._proof else None
        if user is not None:
            self._language = user.language
        return user

    def _frame_of(self, message: Message) -> Frame:
        return {"type": message["event"], "sequence": message["sequence"], "data": self._worded(message)}

    def _worded(self, message: Message) -> dict[str, Any]:
        """Journal lines in the reader's language."""
        data: dict[str, Any] = message["data"]
        if message["event"] != "log":
            return data
        with translation.override(self._language):
            return data | {"message": sentence(TradeLog(message=data["message"], details=data["details"]))}


class BotConsumer(FeedConsumer):
    """`spread_update` carries the newest figures and the points of all updates since the frame before."""

    @property
    def _bot_id(self) -> int:
        return int(self.scope["url_route"]["kwargs"]["bot_id"])

    def group_of(self, user: User) -> str:
        return bot_group(bot_of(user, self._bot_id).pk)

    def snapshot_of(self, user: User) -> dict[str, Any]:
        return bot_snapshot(bot_of(user, self._bot_id))

    def frames_of(self, messages: list[Message]) -> list[Frame]:
        return [self._frame_of(message) for message in messages]


class DashboardConsumer(FeedConsumer):
    """All bots of one user. One `spread_update` frame holds the newest figures of every bot that has some:
    {"bots": [{"bot": id, …figures}]}; other frames are those of the bots' own sockets."""

    def group_of(self, user: User) -> str:
        return user_group(user.pk)

    def snapshot_of(self, user: User) -> dict[str, Any]:
        return dashboard_snapshot(user)

    def frames_of(self, messages: list[Message]) -> list[Frame]:
        updates = [message for message in messages if message["event"] == SPREAD_UPDATE]
        frames = [self._frame_of(message) for message in messages if message["event"] != SPREAD_UPDATE]
        if updates:
            figures = [{"bot": message["bot"]} | message["data"] for message in updates]
            frames.append({"type": SPREAD_UPDATE, "sequence": messages[-1]["sequence"], "data": {"bots": figures}})
        return frames


class DownloadsConsumer(FeedConsumer):
    """The user's downloads of history: those under way first, then each `download` that moves."""

    def group_of(self, user: User) -> str:
        return download_rows.group(user.pk)

    def snapshot_of(self, user: User) -> dict[str, Any]:
        return {"downloads": [download_rows.live_row(row) for row in downloads_of(user).filter(status__in=OPEN)]}

    def frames_of(self, messages: list[Message]) -> list[Frame]:
        return [self._frame_of(message) for message in messages]


class NoSuchSocket(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        await self.close(NOT_FOUND)


def _type_of(text: str) -> str:
    """The wish in a reader's message; empty for anything else than {"type": …}."""
    try:
        request = json.loads(text)
    except ValueError:
        return ""
    return str(request.get("type", "")) if isinstance(request, dict) else ""


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """In one of several threads: the readers of a busy page wait for the database side by side."""
    return await sync_to_async(_with_connections_closed, thread_sensitive=False)(function, *arguments)


def _with_connections_closed(function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    finally:
        close_old_connections()
