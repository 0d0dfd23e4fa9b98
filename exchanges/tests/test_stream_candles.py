"""A stored series grows while its candles are watched: by the venue's own list, holes filled."""

from collections.abc import Iterator
from typing import Any

import pytest

from bots.tests.factories import GALA
from exchanges.history import candles
from exchanges.history.fetching import CandleHistory
from exchanges.stream.closed_candles import series_update
from exchanges.stream.topics import OHLCV, Feed, Topic
from exchanges.stream.wishes import wish
from exchanges.tests.streaming import SOCKETS, Venue, collecting, streaming, until
from exchanges.timeframes import MINUTE_MS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=sorted(SOCKETS))
def venue(request: Any, settings: Any, candle_dir: Any) -> Iterator[Venue]:
    settings.STREAM_CANDLE_SETTLED_S = 0.05
    with streaming(request.param, settings) as venue:
        yield venue


def stored(venue: Venue) -> list[int]:
    series = candles.load(venue.exchange, GALA, "1m")
    return [] if series is None else series.times.tolist()


def record(venue: Venue, first: int, count: int) -> None:
    bars = [(first + n * MINUTE_MS, ["0.02", "0.03", "0.01", "0.02", "1000"]) for n in range(count)]
    venue.rest.history["GALA"] = bars


def download(venue: Venue, first: int, count: int) -> None:
    until_ms = first + count * MINUTE_MS
    history = CandleHistory(venue.exchange, GALA, "1m", since=first, until=until_ms, now=venue.rest.now_ms())
    for _ in history.steps():
        pass


def test_a_closed_candle_brings_the_series_up_to_date(venue: Venue) -> None:
    minute = venue.rest.now_ms() // MINUTE_MS * MINUTE_MS
    first = minute - 10 * MINUTE_MS
    record(venue, first, 10)
    download(venue, first, 4)
    assert len(stored(venue)) == 4
    topic = venue.ws.candle_topic("GALA")
    wish(Topic(Feed(venue.exchange), OHLCV, GALA, "1m"))
    with collecting(venue.exchange):
        venue.ws.wait_for(lambda: venue.ws.listens(topic))
        for at in (minute - MINUTE_MS, minute):
            venue.ws.say(topic, venue.ws.candle("GALA", at))
        until(lambda: len(stored(venue)) >= 9)
    assert stored(venue)[:9] == [first + n * MINUTE_MS for n in range(9)]
    assert minute not in stored(venue)


def test_what_is_not_stored_is_not_begun(venue: Venue) -> None:
    record(venue, venue.rest.now_ms() // MINUTE_MS * MINUTE_MS - 10 * MINUTE_MS, 10)
    venue.rest.requests.clear()
    assert series_update(venue.exchange, GALA, "1m") == 0
    assert not venue.rest.requests
    assert not stored(venue)
