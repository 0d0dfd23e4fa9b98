"""The collector against the venues' sockets on 127.0.0.1."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from exchanges.stream.account_watch import Compare, Nudge, looks_ask
from exchanges.stream.collector import Collector, collected
from exchanges.tests.wire.accounts import serving
from exchanges.tests.wire.server import WireServer
from exchanges.tests.wire.ws_binance import BinanceSockets
from exchanges.tests.wire.ws_bybit import BybitSockets
from exchanges.tests.wire.ws_okx import OkxSockets
from exchanges.tests.wire.ws_server import WsServer

SOCKETS: dict[str, Callable[..., Any]] = {"okx": OkxSockets, "binance": BinanceSockets, "bybit": BybitSockets}
LOOK_S = 0.02


@dataclass
class Venue:
    """Its REST side and its sockets."""

    exchange: str
    rest: WireServer
    ws: Any


@contextmanager
def streaming(exchange: str, settings: Any) -> Iterator[Venue]:
    """A venue with sockets, and short times."""
    settings.STREAM_BACKOFF_S, settings.STREAM_BACKOFF_MAX_S = 0.05, 0.4
    settings.STREAM_SILENCE_S, settings.STREAM_LOOK_S = 1.0, 0.5
    settings.STREAM_PUBLISH_PER_S = 50.0
    with serving(exchange, settings) as rest:
        sockets: WsServer = SOCKETS[exchange](rest.market.contracts, rest.now_ms)
        settings.EXCHANGE_BASE_URLS = {exchange: {"rest": rest.url, "ws": sockets.url}}
        try:
            yield Venue(exchange, rest, sockets)
        finally:
            sockets.stop()


@contextmanager
def collecting(
    exchange: str, nudge: Nudge = looks_ask, compare: Compare = lambda account_id: None
) -> Iterator[Collector]:
    """A collector as the command runs it, in a thread of its own."""
    collector, loop, stop = Collector(exchange, nudge, compare), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=_run, args=(loop, collector, stop), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive(), [str(task) for task in asyncio.all_tasks(loop)]


def _run(loop: asyncio.AbstractEventLoop, collector: Collector, stop: asyncio.Event) -> None:
    loop.run_until_complete(collected([collector], stop))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> float:
    """Looks until it holds; after how many seconds that was."""
    began = time.monotonic()
    waiting = threading.Event()
    while not condition():
        assert time.monotonic() - began < timeout_s, "it did not come about"
        waiting.wait(LOOK_S)
    return time.monotonic() - began
