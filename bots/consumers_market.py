"""A market as it moves: `ws/market/{exchange}/{symbol}?channel=ticker|orderbook|trades|ohlcv`.

Frames are {"type", "channel", "sequence", "first_sequence", "live", "data"}: a `snapshot` first, then frames of the
channel's own type, at most five a second, each with what the REST door of the channel answers (a list for trades and
candles; a candle says whether it is `closed`). A `first_sequence` that does not follow the `sequence` before means that
something was left out: the reader asks for a snapshot. While no socket of the venue brings the market, `live` is false
and snapshots come every few seconds over REST; `unavailable` says that not even that works.
Query: `type` (swap, spot), `timeframe` of candles, `exchange_account`. Otherwise as `bots.consumers`.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Final
from urllib.parse import parse_qs

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from bots.consumers import FRAME_PAUSE_S, NOT_FOUND, FeedConsumer, in_thread
from exchanges.adapters.base import Candle
from exchanges.api.serializers_markets import BookSerializer, CandleSerializer, PublicTradeSerializer, TickerSerializer
from exchanges.errors import ExchangeError
from exchanges.market_feed import Content, MarketFeed, closed, market_feed
from exchanges.stream.hub import Seen, hub
from exchanges.stream.states import State
from exchanges.stream.topics import OHLCV, ORDERBOOK, TICKER, TRADES
from exchanges.stream.wishes import WISH_S, wish

REST_S: Final = 5.0
"""Between two snapshots over REST."""
OWN_S: Final = 1.0
"""The same of a market of our own, which nobody need be asked for."""


class MarketConsumer(FeedConsumer):
    def __init__(self) -> None:
        super().__init__()
        self._feed: MarketFeed | None = None
        self._is_live: bool | None = None
        self._asked_at = 0.0
        self._wished_at = 0.0

    def group_of(self, user: User) -> str:
        """One of its own: it hears of the end of a log-in like the others."""
        place = self.scope["url_route"]["kwargs"]
        query = {name: values[-1] for name, values in parse_qs(self.scope["query_string"].decode("latin-1")).items()}
        self._feed = market_feed(
            user,
            place["exchange"],
            place["symbol"],
            channel=query.get("channel", TICKER),
            kind=query.get("type", "swap"),
            timeframe=query.get("timeframe", "1m"),
            account_id=_number(query.get("exchange_account")),
        )
        return f"market.{user.pk}"

    async def _send_news(self) -> None:
        topic = self._market.topic
        if not await self._is_listed():
            await self.close(NOT_FOUND)
            return
        async with hub().watching(topic) if topic else nullcontext():
            while True:
                if topic and time.monotonic() - self._wished_at > WISH_S / 3:
                    self._wished_at = time.monotonic()
                    await in_thread(wish, topic)
                seen = await hub().next(topic) if topic else Seen()
                await self._tell(seen.state)
                await asyncio.sleep(FRAME_PAUSE_S)

    async def _is_listed(self) -> bool:
        """While the venue does not answer it is not known."""
        while True:
            try:
                return await in_thread(self._market.is_listed)
            except ExchangeError as error:
                await self._say_unavailable(error)
                await asyncio.sleep(REST_S)

    async def _tell(self, state: State | None) -> None:
        wanted, self._buffer.is_complete = not self._buffer.is_complete, True
        if state is None:
            pause = OWN_S if self._market.topic is None else REST_S
            if wanted or self._is_live or time.monotonic() - self._asked_at >= pause:
                await self._send_all(None)
        elif wanted or not self._is_live:
            await self._send_all(state)
        elif state.sequence > self._sent:
            first, content = self._market.news(state, self._sent)
            self._sent = state.sequence
            await self._send(self._market.channel, first, self._written(content))

    async def _send_all(self, state: State | None) -> None:
        self._asked_at = time.monotonic()
        try:
            data = await in_thread(lambda: self._written(self._market.content(state)))
        except ExchangeError as error:
            await self._say_unavailable(error)
            return
        self._is_live = state is not None or self._market.topic is None
        self._sent = state.sequence if state else max(self._sent + 1, int(time.time() * 1000))
        await self._send("snapshot", self._sent, data)

    async def _send(self, kind: str, first: int, data: Any) -> None:
        names = {"type": kind, "channel": self._market.channel, "sequence": self._sent, "first_sequence": first}
        await self._send_frame(names | {"live": bool(self._is_live), "data": data})

    async def _say_unavailable(self, error: ExchangeError) -> None:
        self._is_live = False
        with translation.override(self._language):
            detail = _("No prices now: the exchange does not answer.")
        data = {"detail": detail, "code": error.reason or error.kind}
        await self._send_frame({"type": "unavailable", "channel": self._market.channel, "live": False, "data": data})

    def _written(self, content: Content) -> Any:
        if self._market.channel == OHLCV:
            return _candles(content, self._market.timeframe)  # type: ignore[arg-type]
        serializer = {TICKER: TickerSerializer, ORDERBOOK: BookSerializer, TRADES: PublicTradeSerializer}
        many = self._market.channel == TRADES
        return serializer[self._market.channel](content, many=many).data

    @property
    def _market(self) -> MarketFeed:
        if self._feed is None:
            raise RuntimeError("nobody has come in yet")
        return self._feed


def _candles(candles: Sequence[Candle], timeframe: str) -> list[dict[str, Any]]:
    return [CandleSerializer(row).data | {"closed": closed(row, timeframe, candles[-1])} for row in candles]


def _number(text: str | None) -> int | None:
    """0, which is nobody's, for what is no number."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
