"""A market's socket: who may open it, what it says while the collector runs, and what without."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from bots import consumers_market
from bots.tests.factories import make_paper_account, make_user
from bots.tests.test_consumers import Socket, bearer, in_database, opened, refusal
from exchanges.stream import wishes
from exchanges.stream.topics import CHANNELS
from exchanges.tests.streaming import SOCKETS, Venue, collecting, streaming
from exchanges.timeframes import MINUTE_MS

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

FRAMES_MAX = 200


@pytest.fixture(params=sorted(SOCKETS))
def venue(request: Any, settings: Any) -> Iterator[Venue]:
    with streaming(request.param, settings) as venue:
        yield venue


@pytest.fixture
def okx(settings: Any) -> Iterator[Venue]:
    with streaming("okx", settings) as venue:
        yield venue


@pytest.fixture
def user() -> User:
    return make_user(password=None)


def path(exchange: str, symbol: str = "GALA-USDT", **query: str) -> str:
    return f"/api/v1/ws/market/{exchange}/{symbol}?" + "&".join(f"{name}={value}" for name, value in query.items())


@asynccontextmanager
async def watching(user: User, address: str) -> AsyncIterator[Socket]:
    async with opened(address, await in_database(bearer)(user)) as socket:
        yield socket


async def found(socket: Socket, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first frame that matches."""
    for _ in range(FRAMES_MAX):
        frame = await socket.frame()
        if matches(frame):
            return frame
    raise AssertionError("no such frame")


def is_live_snapshot(frame: dict[str, Any]) -> bool:
    return frame["type"] == "snapshot" and frame["live"]


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(function, *arguments)


async def test_without_a_log_in_nothing_is_read() -> None:
    assert await refusal(path("okx")) == 4401


async def test_what_does_not_exist(okx: Venue, user: User) -> None:
    headers = await in_database(bearer)(user)
    for address in (
        path("okx", "NOSUCH-USDT"),
        path("okx", "GALA"),
        path("kraken"),
        path("okx", channel="rumours"),
        path("okx", type="option"),
        path("okx", channel="ohlcv", timeframe="7m"),
        path("okx", exchange_account="999999"),
        path("paper"),
    ):
        assert await refusal(address, headers) == 4404, address


async def test_without_a_collector_there_is_a_snapshot_that_says_so(venue: Venue, user: User) -> None:
    for channel in CHANNELS:
        async with watching(user, path(venue.exchange, channel=channel)) as socket:
            frame = await socket.frame()
        assert (frame["type"], frame["channel"], frame["live"]) == ("snapshot", channel, False)
        assert frame["data"]


async def test_while_nothing_answers_it_says_so(okx: Venue, user: User) -> None:
    okx.rest.market.fault("http", 10_000, drop=True)
    async with watching(user, path("okx")) as socket:
        frame = await socket.frame()
        assert (frame["type"], frame["live"]) == ("unavailable", False)
        assert frame["data"]["detail"] == "No prices now: the exchange does not answer."


async def test_quotes_follow_each_other(venue: Venue, user: User) -> None:
    venue.ws.talk()
    with collecting(venue.exchange):
        async with watching(user, path(venue.exchange, "GALA/USDT:USDT")) as socket:
            last = await found(socket, is_live_snapshot)
            assert last["data"]["symbol"] == "GALA/USDT:USDT"
            for _ in range(3):
                frame = await socket.frame()
                assert (frame["type"], frame["first_sequence"]) == ("ticker", last["sequence"] + 1)
                assert frame["sequence"] > last["sequence"]
                last = frame
            venue.ws.contracts["GALA"].price = Decimal("0.0211")
            assert await found(socket, lambda frame: frame["data"]["ask"] == "0.02111")


async def test_a_reader_may_ask_for_everything_anew(okx: Venue, user: User) -> None:
    okx.ws.talk()
    with collecting("okx"):
        async with watching(user, path("okx")) as socket:
            await found(socket, is_live_snapshot)
            await socket.send_json_to({"type": "snapshot"})
            assert await found(socket, is_live_snapshot)


async def test_a_socket_that_falls_silent_is_not_live(okx: Venue, user: User) -> None:
    okx.ws.talk()
    with collecting("okx"):
        async with watching(user, path("okx")) as socket:
            await found(socket, is_live_snapshot)
            okx.ws.is_silent = True
            frame = await found(socket, lambda frame: not frame["live"])
            assert frame["type"] == "snapshot"


async def test_a_book_is_listened_to_while_somebody_watches(venue: Venue, user: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(wishes, "WISH_S", 1.5)
    monkeypatch.setattr(consumers_market, "WISH_S", 1.5)
    venue.ws.talk()
    topic = venue.ws.book_topic("GALA")
    with collecting(venue.exchange):
        ticker = watching(user, path(venue.exchange))
        async with ticker, watching(user, path(venue.exchange, channel="orderbook")) as socket:
            await in_thread(venue.ws.wait_for, lambda: venue.ws.listens(topic))
            await in_thread(venue.ws.say, topic, *venue.ws.books("GALA"))
            frame = await found(socket, lambda frame: frame["live"] and frame["data"]["bids"][0][0] == "0.01998")
            size = "90"
            assert frame["data"]["bids"][0][1] == (size if venue.exchange != "binance" else "100000")
            assert frame["data"]["asks"][0] == ["0.02001", "50" if venue.exchange != "binance" else "100000"]
            await socket.disconnect(timeout=5)
            await in_thread(venue.ws.wait_for, lambda: topic in venue.ws.unsubscriptions)
            assert venue.ws.listens(venue.ws.quote_topic("GALA"))


async def test_trades_are_told_once_each(venue: Venue, user: User) -> None:
    venue.ws.talk()
    topic = venue.ws.trade_topic("GALA")
    with collecting(venue.exchange):
        async with watching(user, path(venue.exchange, channel="trades")) as socket:
            await in_thread(venue.ws.wait_for, lambda: venue.ws.listens(topic))
            await in_thread(venue.ws.say, topic, venue.ws.trade("GALA", 101), venue.ws.trade("GALA", 102))
            first = await found(socket, is_live_snapshot)
            await in_thread(venue.ws.say, topic, *(venue.ws.trade("GALA", number) for number in range(103, 140)))
            heard = [trade["trade_id"] for trade in first["data"]]
            sequence = first["sequence"]
            while heard[-1] != "139":
                frame = await socket.frame()
                assert (frame["type"], frame["first_sequence"]) == ("trades", sequence + 1)
                sequence = frame["sequence"]
                heard += [trade["trade_id"] for trade in frame["data"]]
            assert heard[-39:] == [str(number) for number in range(101, 140)]
            assert {trade["amount"] for trade in frame["data"]} == {"30"}


async def test_candles_say_which_are_over(venue: Venue, user: User) -> None:
    venue.ws.talk()
    topic = venue.ws.candle_topic("GALA")
    minute = venue.rest.now_ms() // MINUTE_MS * MINUTE_MS
    with collecting(venue.exchange):
        async with watching(user, path(venue.exchange, channel="ohlcv")) as socket:
            await in_thread(venue.ws.wait_for, lambda: venue.ws.listens(topic))
            for at in (minute, minute + MINUTE_MS):
                await in_thread(venue.ws.say, topic, venue.ws.candle("GALA", at))
            frame = await found(socket, lambda frame: frame["live"] and len(frame["data"]) > 1)
            assert [row["closed"] for row in frame["data"][-2:]] == [True, False]
            assert frame["data"][-1]["volume"] == "1000"


async def test_a_market_of_our_own_is_live_without_a_collector(user: User) -> None:
    await in_database(make_paper_account)(user)
    async with watching(user, path("paper")) as socket:
        frame = await socket.frame()
        assert (frame["type"], frame["live"], frame["data"]["symbol"]) == ("snapshot", True, "GALA/USDT:USDT")
        later = await socket.frame()
        assert later["sequence"] > frame["sequence"]


async def test_the_list_of_markets_is_pushed(okx: Venue, user: User) -> None:
    async with watching(user, "/api/v1/ws/prices?source=okx&type=swap&q=gala") as socket:
        first = await socket.frame()
        assert first["type"] == "snapshot"
        assert set(first["data"]["GALA/USDT:USDT"]) >= {"price", "change", "width"}
        await socket.send_json_to({"type": "snapshot"})
        again = await found(socket, lambda frame: frame["type"] == "snapshot")
        assert again["sequence"] > first["sequence"]


async def test_the_list_says_that_the_exchange_is_silent(okx: Venue, user: User) -> None:
    okx.rest.market.fault("http", 10_000, drop=True)
    async with watching(user, "/api/v1/ws/prices?source=okx") as socket:
        assert (await socket.frame())["type"] == "unavailable"
    assert await refusal("/api/v1/ws/prices") == 4401
