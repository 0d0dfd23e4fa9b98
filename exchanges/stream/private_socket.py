"""An account's private socket: word that something of its orders or positions has changed, and nothing more.

What has changed is asked for over REST, by the look that every bot has anyway: the ledger has one source, and a message
that is lost, comes twice or comes late costs time only.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from exchanges.adapters.access import Keys
from exchanges.adapters.ccxt_adapter import Client
from exchanges.stream.ccxt_socket import KeyRefused, Quiet, TopicRefused, made, translated
from exchanges.stream.topics import Feed

log = logging.getLogger(__name__)

Params = Mapping[str, str]
News = Callable[[Collection[str]], None]
"""Told the client ids of the orders that a message is about, "" for one that has none."""

ORDERS: Final[Mapping[str, Params]] = {"okx": {}, "binance": {"type": "swap", "subType": "linear"}, "bybit": {}}
POSITIONS: Final[Mapping[str, Params]] = {"okx": {"extraParams": '{"updateInterval":"0"}'}, "bybit": {}}
"""Where they are a channel of their own; Binance's one stream brings both. OKX would repeat them every five seconds."""
EVENTS: Final = ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE")
TOPICS: Final = ("order", "execution", "position")


class PrivateSocket:
    """`news` is called in the loop for every message about the account."""

    def __init__(self, feed: Feed, keys: Keys, client: Client, news: News) -> None:
        self._feed = feed
        self._client = client
        self._ccxt = made(feed, _Signal, keys)
        self._ccxt.set_markets([])
        self._ccxt.options["watchPositions"] = {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
        self._ccxt.news, self._ccxt.change = news, client.change
        self._ccxt.sizes = {}

    async def listen(self) -> None:
        """Until the connection is lost. Raises SocketLost, TopicRefused.

        A refusal ends what waits on the connection, also what was not meant: orders are asked for again without the
        positions, of which they say most.
        """
        orders = ("watch_orders", ORDERS[self._feed.exchange])
        if self._feed.exchange in POSITIONS:
            try:
                await self._together(orders, ("watch_positions", POSITIONS[self._feed.exchange]))
            except KeyRefused:
                raise
            except TopicRefused as refusal:
                log.info("%s: positions may be what was refused (%s)", self._feed.name, refusal)
        await self._together(orders)

    async def _together(self, *channels: tuple[str, Params]) -> None:
        """Raises SocketLost, TopicRefused: what the first of them meets."""
        tasks = [asyncio.create_task(self._listen(*channel)) for channel in channels]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, channel: str, params: Params) -> None:
        """Raises SocketLost, TopicRefused."""
        while True:
            await translated(getattr(self._ccxt, channel)(params=dict(params)))

    async def close(self) -> None:
        self._client.close()
        try:
            await self._ccxt.close()
        except asyncio.CancelledError:
            await self._ccxt.close()  # it was interrupted half-way
            raise


class _Signal(Quiet):
    """Reads no more of a message than what it is about."""

    news: News
    change: Callable[..., Any]
    sizes: dict[str, str]
    id: str

    def handle_message(self, client: Any, message: Any) -> None:
        if not (isinstance(message, dict) and _concerns_account(self.id, message)):
            super().handle_message(client, message)  # type: ignore[misc]
        elif self._is_news(message):
            self.news(_client_ids(self.id, message))

    def _is_news(self, message: Mapping[str, Any]) -> bool:
        """A position that is told again with another price only is none."""
        sizes = _sizes(self.id, message)
        if sizes is None:
            return True
        is_changed = any(self.sizes.get(name) != size for name, size in sizes.items())
        self.sizes |= sizes
        return is_changed

    async def fapiPrivatePostListenKey(self, params: Any = None) -> Any:
        """Binance's name of the stream, asked for within our own budget."""
        return await asyncio.to_thread(self.change, "fapiPrivatePostListenKey")

    async def fapiPrivatePutListenKey(self, params: Any = None) -> Any:
        return await asyncio.to_thread(self.change, "fapiPrivatePutListenKey")


def _concerns_account(venue: str, message: Mapping[str, Any]) -> bool:
    if venue == "okx":
        return "data" in message and message.get("arg", {}).get("channel") in ("orders", "positions")
    if venue == "binance":
        return message.get("e") in EVENTS
    return str(message.get("topic", "")).split(".")[0] in TOPICS


def _client_ids(venue: str, message: Mapping[str, Any]) -> set[str]:
    if venue == "binance":
        order = message.get("o") if message.get("e") == "ORDER_TRADE_UPDATE" else None
        return {str(order.get("c", ""))} if isinstance(order, dict) else set()
    topic = message.get("arg", {}).get("channel") if venue == "okx" else message.get("topic")
    name = "clOrdId" if venue == "okx" else "orderLinkId"
    rows = message.get("data") if topic in ("orders", "order") else None
    return {str(row.get(name) or "") for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()


def _sizes(venue: str, message: Mapping[str, Any]) -> dict[str, str] | None:
    """How much is held, by market and side, as the venue writes it; None for a message about something else."""
    topic = message.get("arg", {}).get("channel") if venue == "okx" else str(message.get("topic", "")).split(".")[0]
    market, side, size = ("instId", "posSide", "pos") if venue == "okx" else ("symbol", "positionIdx", "size")
    rows = message.get("data")
    if topic not in ("positions", "position") or not isinstance(rows, list):
        return None
    signed = (row for row in rows if isinstance(row, dict))
    return {f"{row.get(market)} {row.get(side)}": f"{row.get('side', '')} {row.get(size)}" for row in signed}
