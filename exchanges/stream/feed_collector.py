"""One feed: connects while something is needed, subscribes what is needed now, connects again after silence or loss."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from django.conf import settings

from exchanges.adapters.instruments import Instrument
from exchanges.errors import ExchangeError
from exchanges.stream.board import Board
from exchanges.stream.ccxt_socket import BookReader, Heard, SocketLost, TopicRefused, VenueSocket
from exchanges.stream.topics import TICKER, Feed, Topic

REFUSED_S: Final = 60.0
"""A topic that the venue does not want to send is asked for again after this."""

SETTLED_S: Final = 30.0
"""A connection that lasted so long was a good one."""
KNOWN_S: Final = 3_600.0
"""For so long the list of markets is taken for unchanged."""

Listing = Callable[[set[str]], Awaitable[Mapping[str, Instrument]]]
OnHeard = Callable[[Topic, Heard], None]

log = logging.getLogger(__name__)


class Silence(SocketLost):
    """Connected, and nothing comes."""


class FeedCollector:
    """`listing` answers which of some symbols the venue has; `on_heard` is told of every message."""

    def __init__(self, feed: Feed, listing: Listing, read_book: BookReader, on_heard: OnHeard) -> None:
        self.feed = feed
        self.board = Board(feed, int(time.time() * 1000))
        self._listing = listing
        self._read_book = read_book
        self._on_heard = on_heard
        self._wanted: set[Topic] = set()
        self._changed = asyncio.Event()
        self._refused: dict[Topic, float] = {}
        self._failures = 0
        self._began = self._heard_at = 0.0
        self._alive_at = time.monotonic()
        self.is_silent = False
        """Nothing has been heard for STREAM_SILENCE_S, through whatever was tried meanwhile."""
        self._known: dict[str, Instrument] = {}
        self._known_until = 0.0

    def want(self, topics: set[Topic]) -> None:
        """With each market its quotes: they are the sign of life."""
        wanted = topics | {Topic(topic.feed, TICKER, topic.symbol) for topic in topics}
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    async def run(self) -> None:
        while True:
            if not self._wanted:
                await self._changed.wait()
                self._alive_at, self.is_silent = time.monotonic(), False
            self._changed.clear()
            try:
                await self._connected()
            except (SocketLost, ExchangeError) as error:
                await self._back_off(error)

    async def _connected(self) -> None:
        """Until nothing is needed any more. Raises SocketLost, ExchangeError."""
        socket = VenueSocket(self.feed, self._read_book)
        listeners: dict[Topic, asyncio.Task[None]] = {}
        self._began, self._heard_at = time.monotonic(), 0.0
        try:
            while self._wanted:
                await self._follow(socket, listeners)
                await self._wait(listeners)
            log.info("%s: nothing is needed, the sockets are closed", self.feed.name)
        finally:
            self.board.is_connected = False
            for task in listeners.values():
                task.cancel()
            await asyncio.gather(*listeners.values(), return_exceptions=True)
            for topic in listeners:
                self.board.drop(topic)
            await socket.close()

    async def _follow(self, socket: VenueSocket, listeners: dict[Topic, asyncio.Task[None]]) -> None:
        """Subscribes what is needed and not listened to, leaves the rest."""
        now = time.monotonic()
        self._refused = {topic: until for topic, until in self._refused.items() if until > now}
        missing = self._wanted - listeners.keys() - self._refused.keys()
        socket.know(await self._listed({topic.symbol for topic in missing}))
        for topic in sorted(missing):
            self.board.drop(topic)
            if topic.symbol not in self._known:
                self._refuse(topic, "it is not listed there")
                continue
            listeners[topic] = asyncio.create_task(self._listen(socket, topic))
        over = {topic: listeners.pop(topic) for topic in listeners.keys() - self._wanted}
        for topic, task in over.items():
            task.cancel()
            self.board.drop(topic)
        await asyncio.gather(*over.values(), return_exceptions=True)
        await asyncio.gather(*(socket.leave(topic) for topic in over))

    async def _listed(self, symbols: set[str]) -> Mapping[str, Instrument]:
        """What is known already is not asked for again for a while: a venue that comes back need not answer REST
        first. Raises ExchangeError."""
        now = time.monotonic()
        if now >= self._known_until:
            self._known, self._known_until = {}, now + KNOWN_S
        if unknown := symbols - self._known.keys():
            self._known |= await self._listing(unknown)
        return {symbol: self._known[symbol] for symbol in symbols if symbol in self._known}

    def _refuse(self, topic: Topic, why: object) -> None:
        log.warning("%s is not sent: %s", topic.name, why)
        self._refused[topic] = time.monotonic() + REFUSED_S

    async def _listen(self, socket: VenueSocket, topic: Topic) -> None:
        """Raises SocketLost, TopicRefused."""
        while True:
            heard = await socket.heard(topic)
            if heard is None:
                await asyncio.sleep(0)
                continue
            self._take(topic, heard)

    def _take(self, topic: Topic, heard: Heard) -> None:
        if not self.board.is_connected:
            log.info("%s: quotes come over its sockets", self.feed.name)
            self.board.is_connected = True
        if topic.channel == TICKER:
            self._heard_at = self._alive_at = time.monotonic()
            self.is_silent = False
        self.board.put(topic, heard, int(time.time() * 1000))
        self._on_heard(topic, heard)

    async def _wait(self, listeners: dict[Topic, asyncio.Task[None]]) -> None:
        """For other needs, a failure, or silence. Raises SocketLost."""
        change = asyncio.create_task(self._changed.wait())
        try:
            patience = self._patience() if listeners else REFUSED_S
            await asyncio.wait({change, *listeners.values()}, timeout=patience, return_when="FIRST_COMPLETED")
        finally:
            change.cancel()
        self._changed.clear()
        self._end_refused(listeners)
        if listeners and self._patience() <= 0:
            raise Silence(f"nothing came for {settings.STREAM_SILENCE_S:g} s")

    def _patience(self) -> float:
        """Seconds for which nothing need come yet."""
        return max(self._began, self._heard_at) + settings.STREAM_SILENCE_S - time.monotonic()

    def _end_refused(self, listeners: dict[Topic, asyncio.Task[None]]) -> None:
        """Raises SocketLost, also where several topics were refused at once: that is not about one of them."""
        refused = []
        for topic, task in list(listeners.items()):
            if task.done() and (error := task.exception()) is not None:
                if not isinstance(error, TopicRefused):
                    raise error
                refused.append((topic, error))
        if len(refused) > 1:
            raise SocketLost(f"{len(refused)} subscriptions were refused")
        for topic, error in refused:
            self._refuse(topic, error)
            del listeners[topic]
            self.board.drop(topic)

    async def _back_off(self, error: Exception) -> None:
        """Twice as long after each failure, up to a limit, and never two collectors at the same moment. Venues count
        connections: one that is lost again and again begins to pause however well each of them began."""
        now = time.monotonic()
        self.is_silent = now - self._alive_at >= settings.STREAM_SILENCE_S
        if now - self._began > SETTLED_S:
            self._failures = 0
        longest = min(settings.STREAM_BACKOFF_S * 2**self._failures, settings.STREAM_BACKOFF_MAX_S)
        pause = longest * random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 16)
        log.warning("%s: no sockets (%s), REST is asked; again in %.1f s", self.feed.name, error, pause)
        await asyncio.sleep(pause)
