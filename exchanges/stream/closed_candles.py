"""Stored series grow while somebody watches their candles: when one has closed, the store is brought up to date.

The socket says that a candle is over; what is stored is the venue's own list, asked for once it has settled, by the
code that downloads history. It checks every bar and fills whatever was missed, and the socket's bar must agree with it.
"""

import asyncio
import logging
import time
from datetime import timedelta
from typing import Final

import numpy as np
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from exchanges.adapters.paper_source import to_ms
from exchanges.errors import ExchangeError
from exchanges.history import candles
from exchanges.history.candles import StoredDiffers
from exchanges.history.fetching import CandleHistory, NothingYet
from exchanges.models import CandleSet
from exchanges.stream.ccxt_socket import Heard
from exchanges.stream.topics import Topic
from exchanges.timeframes import timeframe_ms

REFILL_MOST: Final = timedelta(days=30)
"""An older end of a series is left to whoever downloads."""

Row = list[object]

log = logging.getLogger(__name__)


class ClosedCandles:
    def __init__(self) -> None:
        self._open: dict[Topic, Row] = {}
        self._tasks: dict[Topic, asyncio.Task[None]] = {}

    def heard(self, topic: Topic, heard: Heard) -> None:
        newest = heard.data[-1]
        known = self._open.get(topic)
        self._open[topic] = newest
        if known is not None and newest[0] > known[0] and topic not in self._tasks:
            closed = next((row for row in reversed(heard.data[:-1]) if row[0] == known[0]), known)
            task = asyncio.create_task(self._settled(topic, closed))
            self._tasks[topic] = task

    def tasks(self) -> list["asyncio.Task[None]"]:
        return list(self._tasks.values())

    async def _settled(self, topic: Topic, closed: Row) -> None:
        try:
            await asyncio.sleep(settings.STREAM_CANDLE_SETTLED_S)
            await asyncio.to_thread(_brought_up_to_date, topic, closed)
        finally:
            del self._tasks[topic]


def _brought_up_to_date(topic: Topic, closed: Row) -> None:
    """What cannot be had now is fetched after the next candle."""
    try:
        if series_update(topic.feed.exchange, topic.symbol, topic.timeframe):
            _compare(topic, closed)
    except (ExchangeError, StoredDiffers, DatabaseError, OSError) as error:
        log.warning("%s: the stored series waits for the next candle (%s)", topic.name, error)
    finally:
        close_old_connections()


def series_update(exchange: str, symbol: str, timeframe: str) -> int:
    """Appends what has closed since the end of a stored series, holes since then too: how many bars. 0 for a series
    that is not stored or ends too long ago. Raises ExchangeError, StoredDiffers."""
    row = CandleSet.objects.filter(exchange=exchange, symbol=symbol, timeframe=timeframe).first()
    if row is None or timezone.now() - row.last_at > REFILL_MOST:
        return 0
    now = int(time.time() * 1000)
    since = to_ms(row.last_at) + timeframe_ms(timeframe)
    try:
        history = CandleHistory(exchange, symbol, timeframe, since=since, until=now, now=now)
    except NothingYet:
        return 0
    for _ in history.steps():
        pass
    return history.rows


def _compare(topic: Topic, closed: Row) -> None:
    """The venue's list is what counts; that its socket said otherwise is worth knowing."""
    stored = candles.load(topic.feed.exchange, topic.symbol, topic.timeframe)
    if stored is None:
        return
    place = int(np.searchsorted(stored.times, int(str(closed[0]))))
    if place >= len(stored) or stored.times[place] != closed[0]:
        log.warning("%s: the venue's list has no candle of %s", topic.name, closed[0])
        return
    listed = (stored.opens[place], stored.highs[place], stored.lows[place], stored.closes[place])
    if any(float(str(text)) != price for text, price in zip(closed[1:5], listed, strict=True)):
        log.warning("%s: the socket and the list tell the candle of %s differently", topic.name, closed[0])
