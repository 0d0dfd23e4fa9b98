"""An account's private socket: word that something of its orders or positions has changed, and nothing more.

What has changed is asked for over REST, by the look that every bot has anyway: the ledger has one source, and a message
that is lost, comes twice or comes late costs time only.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from exchanges.adapters.access import Keys
from exchanges.adapters.ccxt_adapter import Client
from exchanges.stream.ccxt_socket import Quiet, made, translated
from exchanges.stream.topics import Feed

PARAMS: Final[Mapping[str, Mapping[str, str]]] = {
    "okx": {},
    "binance": {"type": "swap", "subType": "linear"},
    "bybit": {},
}
EVENTS: Final = ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE")
TOPICS: Final = ("order", "execution", "position")


class PrivateSocket:
    """`news` is called in the loop for every message about the account."""

    def __init__(self, feed: Feed, keys: Keys, client: Client, news: Callable[[], None]) -> None:
        self._feed = feed
        self._client = client
        self._ccxt = made(feed, _Signal, keys)
        self._ccxt.set_markets([])
        self._ccxt.news, self._ccxt.change = news, client.change

    async def listen(self) -> None:
        """Until the connection is lost. Raises SocketLost, TopicRefused."""
        while True:
            await translated(self._ccxt.watch_orders(params=dict(PARAMS[self._feed.exchange])))

    async def close(self) -> None:
        self._client.close()
        try:
            await self._ccxt.close()
        except asyncio.CancelledError:
            await self._ccxt.close()  # it was interrupted half-way
            raise


class _Signal(Quiet):
    """Reads no more of a message than what it is about."""

    news: Callable[[], None]
    change: Callable[..., Any]
    id: str

    def handle_message(self, client: Any, message: Any) -> None:
        if isinstance(message, dict) and _concerns_account(self.id, message):
            self.news()
        else:
            super().handle_message(client, message)  # type: ignore[misc]

    async def fapiPrivatePostListenKey(self, params: Any = None) -> Any:
        """Binance's name of the stream, asked for within our own budget."""
        return await asyncio.to_thread(self.change, "fapiPrivatePostListenKey")

    async def fapiPrivatePutListenKey(self, params: Any = None) -> Any:
        return await asyncio.to_thread(self.change, "fapiPrivatePutListenKey")


def _concerns_account(venue: str, message: Mapping[str, Any]) -> bool:
    if venue == "okx":
        return "data" in message and message.get("arg", {}).get("channel") == "orders"
    if venue == "binance":
        return message.get("e") in EVENTS
    return str(message.get("topic", "")).split(".")[0] in TOPICS
