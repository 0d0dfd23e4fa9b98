"""The collector of one venue: learns what is needed, hands it to its feeds, and writes what they say to Redis."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import close_old_connections
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError

from exchanges.adapters.instruments import Instrument
from exchanges.history.public_data import kind_of
from exchanges.stream import closed_candles
from exchanges.stream.account_watch import AccountWatch, Compare, Nudge, accounts_need, comparison_ask, looks_ask
from exchanges.stream.ccxt_socket import Heard
from exchanges.stream.feed_collector import FeedCollector
from exchanges.stream.needs import bots_need
from exchanges.stream.outage_news import outage_tell
from exchanges.stream.redis_keys import async_connection, news_channel
from exchanges.stream.states import Life, life_write, states_forget, states_write
from exchanges.stream.topics import OHLCV, Feed, Topic
from exchanges.stream.wishes import wished
from exchanges.venue_clients import markets_of, public_client

ALIVE_S: Final = 30
NEWS_PAUSE_S: Final = 0.2
"""Several changes in a row are one."""
REDIS_PAUSE_S: Final = 1.0
OUTAGE_LOOK_S: Final = 0.25
CANCEL_AGAIN_S: Final = 0.2

T = TypeVar("T")

log = logging.getLogger(__name__)


class Collector:
    """`run` goes on until it is cancelled, `close` ends what it has begun. What fails in one venue stays there."""

    def __init__(self, exchange: str, nudge: Nudge = looks_ask, compare: Compare = comparison_ask) -> None:
        self._exchange = exchange
        self._accounts = AccountWatch(_aside, nudge, compare)
        self._feeds: dict[Feed, FeedCollector] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._candles = closed_candles.ClosedCandles()
        self._redis: AsyncRedis | None = None
        self._is_deaf = False
        self._silent: set[Feed] = set()

    async def run(self) -> None:
        redis = self._redis = async_connection()
        self._tasks.append(asyncio.create_task(_kept_running("its publisher", partial(self._publish, redis))))
        self._tasks.append(asyncio.create_task(_kept_running("its news of outages", self._tell_outages)))
        while True:
            try:
                await self._follow(redis)
            except RedisError:
                await self._look(redis)
                await asyncio.sleep(REDIS_PAUSE_S)

    async def close(self) -> None:
        """After `run` has ended."""
        await ended([*self._tasks, *self._accounts.tasks(), *self._candles.tasks()])
        if self._redis is not None:
            await self._redis.aclose()

    async def _follow(self, redis: AsyncRedis) -> None:
        """Looks whenever somebody says that something else may be needed, and now and then. Raises RedisError."""
        async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(news_channel())
            while True:
                await self._look(redis)
                await _aside(_mark_alive, self._exchange)
                if await pubsub.get_message(timeout=settings.STREAM_LOOK_S):
                    await asyncio.sleep(NEWS_PAUSE_S)

    async def _look(self, redis: AsyncRedis) -> None:
        """What is needed now; while the database or Redis does not answer, what was needed before."""
        try:
            self._accounts.want(await _aside(accounts_need, self._exchange))
            needed = await _aside(bots_need, self._exchange) | await wished(redis, self._exchange)
        except (RedisError, DatabaseError) as error:
            log.warning("%s: what is needed is not known now (%s)", self._exchange, type(error).__name__)
            return
        by_feed: dict[Feed, set[Topic]] = {feed: set() for feed in self._feeds}
        for topic in needed:
            if topic.feed.is_open:
                by_feed.setdefault(topic.feed, set()).add(topic)
        for feed, topics in by_feed.items():
            if topics or feed in self._feeds:
                self._collector(feed).want(topics)

    def _collector(self, feed: Feed) -> FeedCollector:
        if feed not in self._feeds:
            listing = partial(_aside, _listed, feed)
            collector = FeedCollector(feed, listing, partial(_read_book, feed), self._heard)
            self._feeds[feed] = collector
            self._tasks.append(asyncio.create_task(_kept_running(f"the sockets of {feed.name}", collector.run)))
        return self._feeds[feed]

    def _heard(self, topic: Topic, heard: Heard) -> None:
        if topic.channel == OHLCV and not topic.feed.testnet:
            self._candles.heard(topic, heard)

    async def _publish(self, redis: AsyncRedis) -> None:
        """So often a second, what is new since: never more, however much is said."""
        told: dict[Feed, Life] = {}
        while True:
            await asyncio.sleep(1 / settings.STREAM_PUBLISH_PER_S)
            for collector in list(self._feeds.values()):
                board = collector.board
                over, states = board.take_over(), board.take()
                try:
                    await states_forget(redis, over)
                    await states_write(redis, states)
                    if board.life != told.get(collector.feed):
                        await life_write(redis, collector.feed, board.life)
                        told[collector.feed] = board.life
                    self._is_deaf = False
                except RedisError as error:
                    board.put_back(over, states)
                    self._say_deaf(error)

    async def _tell_outages(self) -> None:
        """Once when a feed has fallen silent, and once when it is heard again."""
        while True:
            await asyncio.sleep(OUTAGE_LOOK_S)
            for feed, collector in list(self._feeds.items()):
                is_silent = collector.is_silent
                if is_silent == (feed in self._silent):
                    continue
                try:
                    await _aside(outage_tell, feed, not is_silent)
                except DatabaseError as error:
                    log.warning("%s: an outage is told later (%s)", feed.name, type(error).__name__)
                    await asyncio.sleep(settings.STREAM_BACKOFF_MAX_S)
                    continue
                self._silent ^= {feed}

    def _say_deaf(self, error: Exception) -> None:
        if not self._is_deaf:
            log.error("Redis does not answer (%s): quotes over sockets reach nobody", error)
        self._is_deaf = True


async def _kept_running(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """A fault of our own costs a pause, not the collector."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("the collector begins %s anew", what)
            await asyncio.sleep(settings.STREAM_BACKOFF_MAX_S)


async def _aside(function: Callable[..., T], *arguments: Any) -> T:
    """In a thread, which gives its database connections back."""
    return await asyncio.to_thread(_with_connections_closed, function, *arguments)


def _with_connections_closed(function: Callable[..., T], *arguments: Any) -> T:
    try:
        return function(*arguments)
    finally:
        close_old_connections()


def _listed(feed: Feed, symbols: set[str]) -> Mapping[str, Instrument]:
    """Raises ExchangeError."""
    found: dict[str, Instrument] = {}
    for kind in {kind_of(symbol) for symbol in symbols}:
        listed = markets_of(feed.exchange, kind, testnet=feed.testnet).instruments()
        found |= {symbol: listed[symbol] for symbol in symbols if symbol in listed}
    return found


def _read_book(feed: Feed, market: Instrument, depth: int) -> Mapping[str, Any]:
    """Raises ExchangeError."""
    endpoint = "publicGetDepth" if market.kind == "spot" else "fapiPublicGetDepth"
    client = public_client(feed.exchange, testnet=feed.testnet)
    book: Mapping[str, Any] = client.read(endpoint, {"symbol": market.id, "limit": depth})
    return book


def _mark_alive(exchange: str) -> None:
    """Also by the name under which `/healthz` may wait for it."""
    with suppress(RedisError):
        now = time.time()
        cache.set_many({"alive:stream": now, f"alive:stream-{exchange}": now}, ALIVE_S)


def is_alive(exchange: str) -> bool:
    """A collector of this venue runs somewhere."""
    try:
        return cache.get(f"alive:stream-{exchange}") is not None
    except RedisError:
        return False


async def collected(collectors: Sequence[Collector], stop: asyncio.Event) -> None:
    """All of them until told to stop, or until one fails."""
    tasks = [asyncio.create_task(collector.run()) for collector in collectors]
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
    await ended([*tasks, waiting])
    await asyncio.gather(*(collector.close() for collector in collectors))
    for task in done - {waiting}:
        task.result()


async def ended(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    """Cancelled until they have ended: once is not enough where a library takes it for a time-out of its own."""
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=CANCEL_AGAIN_S)
