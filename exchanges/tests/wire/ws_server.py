"""A venue's public sockets on 127.0.0.1: they answer subscriptions and say what a test tells them to.

`talk` goes on saying every market's price, as a venue does; `kill` cuts all connections and refuses new ones until
`revive`; with `is_silent` connections stay open and nothing is said.
"""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from aiohttp import WSMsgType, web

from exchanges.tests.wire.market import Contract

EVERY_S = 0.03


class WsServer:
    """Subclasses speak one venue's format. `topics` counts who listens to what, by the venue's own name for it."""

    def __init__(self, contracts: Mapping[str, Contract], now_ms: Callable[[], int]) -> None:
        self.contracts = contracts
        self.now_ms = now_ms
        self.topics: dict[str, set[web.WebSocketResponse]] = {}
        self.connections = 0
        self.subscriptions: list[str] = []
        self.unsubscriptions: list[str] = []
        self.is_silent = False
        self.is_talking = False
        self._talking: Any = None
        self._changed = threading.Condition()
        self._port = _free_port()
        self._open: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.revive()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}"

    # --- what tests do ---

    def revive(self) -> None:
        self._do(self._serve())

    def kill(self) -> None:
        self._do(self._end())

    def talk(self) -> None:
        self.is_talking = True
        self._talking = asyncio.run_coroutine_threadsafe(self._keep_talking(), self._loop)

    def say(self, topic: str, *messages: Any) -> None:
        """To all who listen to this topic."""
        self._do(self._say(topic, messages))

    def stop(self) -> None:
        self.is_talking = False
        self._do(self._end())
        if self._talking is not None:
            self._talking.result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """For subscriptions and connections."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), (self.topics.keys(), self.connections)

    def listens(self, topic: str) -> bool:
        return bool(self.topics.get(topic))

    # --- what venues do ---

    def heard(self, path: str, message: Any) -> tuple[Any, list[str], list[str]]:
        """The answer to a request (None for none), and the topics that it subscribes and leaves."""
        raise NotImplementedError

    def joined(self, path: str, query: Mapping[str, str]) -> list[str]:
        """Topics that a connection listens to without asking."""
        return []

    def first_words(self, topic: str) -> list[Any]:
        """What a new listener is told at once."""
        return [self.quote(base) for base in self.contracts if topic == self.quote_topic(base)]

    def quote_topic(self, base: str) -> str:
        raise NotImplementedError

    def quote(self, base: str, *, price: Decimal | None = None, at_ms: int | None = None) -> Any:
        """The message of a market's touch: its price now unless told otherwise."""
        raise NotImplementedError

    def touch(self, base: str, price: Decimal | None) -> tuple[str, str]:
        contract = self.contracts[base]
        middle = contract.price if price is None else price
        return f"{middle - contract.tick:f}", f"{middle + contract.tick:f}"

    # --- inside ---

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._connected)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()

    async def _end(self) -> None:
        for opened in list(self._open):
            if opened._req is not None and opened._req.transport is not None:
                opened._req.transport.abort()  # as a cable that is cut: no farewell
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _connected(self, request: web.Request) -> web.WebSocketResponse:
        opened = web.WebSocketResponse(autoping=True)
        await opened.prepare(request)
        self._open.add(opened)
        with self._changed:
            self.connections += 1
            for topic in self.joined(request.path, request.query):
                self.topics.setdefault(topic, set()).add(opened)
            self._changed.notify_all()
        try:
            async for message in opened:
                if message.type == WSMsgType.TEXT:
                    await self._received(request.path, opened, message.data)
        finally:
            self._open.discard(opened)
            with self._changed:
                for listeners in self.topics.values():
                    listeners.discard(opened)
                self._changed.notify_all()
        return opened

    async def _received(self, path: str, opened: web.WebSocketResponse, text: str) -> None:
        if text == "ping":
            await opened.send_str("pong")
            return
        answer, begun, left = self.heard(path, json.loads(text))
        if answer is not None:
            await opened.send_json(answer)
        for topic in begun:
            for word in [] if self.is_silent else self.first_words(topic):
                await opened.send_json(word)
        with self._changed:
            for topic in left:
                self.topics[topic].discard(opened)
            for topic in begun:
                self.topics.setdefault(topic, set()).add(opened)
            self.unsubscriptions += left
            self.subscriptions += begun
            self._changed.notify_all()

    async def _keep_talking(self) -> None:
        while self.is_talking:
            for base in self.contracts if not self.is_silent else ():
                await self._say(self.quote_topic(base), [self.quote(base)])
            await asyncio.sleep(EVERY_S)

    async def _say(self, topic: str, messages: Any) -> None:
        for opened in list(self.topics.get(topic, ())):
            with suppress(ConnectionResetError):  # it is being cut just now
                for message in messages:
                    await opened.send_json(message)

    def _do(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
