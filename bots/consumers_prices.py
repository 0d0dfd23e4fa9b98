"""The list of markets as it moves: `ws/prices?source=…&type=…&q=…&sort=…&page=…`, as the page's own address spells it.

Frames are {"type", "sequence", "first_sequence", "data"}: a `snapshot` {symbol: figures} of the rows that this address
shows, then `prices` with those that changed, at most one frame a second; `unavailable` while the exchange does not
answer. Otherwise as `bots.consumers`.
"""

import asyncio
from typing import Any, Final
from urllib.parse import parse_qs

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator

from accounts.models import User
from bots.consumers import FeedConsumer, in_thread
from exchanges.errors import ExchangeError
from exchanges.pages.markets_view import (
    ROWS,
    MarketQuery,
    MarketSource,
    live_prices,
    market_lines,
    market_sources,
    source_of,
)

LOOK_S: Final = 1.0

Prices = dict[str, dict[str, Any]]


class PricesConsumer(FeedConsumer):
    def __init__(self) -> None:
        super().__init__()
        self._query = MarketQuery()
        self._page = "1"
        self._source: MarketSource | None = None
        self._symbols: list[str] = []
        self._known: Prices | None = None

    def group_of(self, user: User) -> str:
        """One of its own: it hears of the end of a log-in like the others."""
        sent = parse_qs(self.scope["query_string"].decode("latin-1"))
        wishes = {name: values[-1] for name, values in sent.items()}
        self._query, self._page = MarketQuery.of(wishes), wishes.get("page", "1")
        self._source = source_of(market_sources(user), self._query.source)
        return f"prices.{user.pk}"

    async def _send_news(self) -> None:
        while True:
            try:
                seen = await in_thread(self._look)
            except (ExchangeError, ValidationError):
                self._known = None
                await self._send_frame({"type": "unavailable", "data": {}})
            else:
                await self._tell(seen)
            await asyncio.sleep(LOOK_S)

    async def _tell(self, seen: Prices) -> None:
        known = self._known or {}
        is_first = self._known is None or not self._buffer.is_complete
        changed = {symbol: figures for symbol, figures in seen.items() if known.get(symbol) != figures}
        self._known, self._buffer.is_complete = seen, True
        if is_first:
            self._sent += 1
            await self._send_frame({"type": "snapshot", "sequence": self._sent, "data": seen})
        elif changed:
            frame = {"type": "prices", "sequence": self._sent + 1, "data": changed}
            await self._send_frame(self._numbered([frame])[0])

    def _look(self) -> Prices:
        """The rows stay those that were shown at first, whatever their order is by now. Raises ExchangeError."""
        source = self._source
        if source is None:
            raise RuntimeError("nobody has come in yet")
        if not self._symbols:
            page = Paginator(market_lines(source, self._query), ROWS).get_page(self._page)
            self._symbols = [line.symbol for line in page.object_list]
        return live_prices(source, self._query.kind, self._symbols)
