"""Quotes that came over sockets, as bots and pages may use them: fresh by the venue's own clock, from a live feed."""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from django.conf import settings

from exchanges.adapters.base import VenueQuote
from exchanges.adapters.paper_source import from_ms
from exchanges.stream.states import Life, State, states_read
from exchanges.stream.topics import TICKER, Feed, Topic

FEW: Final = 100
"""Whoever asks for more markets than this gets those from the sockets that others have asked for."""
READ_AGAIN_S: Final = 0.05
DEAD_S: Final = 1.0
"""A feed that nobody listens to is not looked at for so long."""
AHEAD_MS: Final = 2_000
"""A stamp further ahead of the venue's clock is not believed."""

Read = tuple[float, Life, State | None]


class StreamedQuotes:
    """Of one feed, for all threads of a process."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._read: dict[str, Read] = {}
        self._dead_until = 0.0

    def fresh(self, symbols: Sequence[str], now_ms: int) -> dict[str, VenueQuote]:
        """Those that are at most STREAM_QUOTE_AGE_S old at that venue time."""
        now = time.monotonic()
        if now < self._dead_until:
            return {}
        few = symbols if len(symbols) <= FEW else [name for name in symbols if name in self._read]
        self._renew([name for name in few if name not in self._read or self._read[name][0] < now], now)
        found = {name: self._quote(name, now_ms) for name in few if name in self._read}
        return {name: quote for name, quote in found.items() if quote is not None}

    def _renew(self, symbols: Sequence[str], now: float) -> None:
        if not symbols:
            return
        topics = [Topic(self._feed, TICKER, symbol) for symbol in symbols]
        life, states = states_read(self._feed, topics)
        if life is None or not life.is_connected:
            self._dead_until = now + DEAD_S
            self._read = {}
            return
        until = now + READ_AGAIN_S
        self._read |= {topic.symbol: (until, life, states.get(topic)) for topic in topics}

    def _quote(self, symbol: str, now_ms: int) -> VenueQuote | None:
        _, life, state = self._read[symbol]
        oldest = now_ms - settings.STREAM_QUOTE_AGE_S * 1000
        if state is None or not oldest <= state.at_ms <= now_ms + AHEAD_MS:
            return None
        return quote_of(symbol, state, alive_ms=max(state.at_ms, min(life.venue_ms, now_ms)))


def quote_of(symbol: str, state: State, *, alive_ms: int) -> VenueQuote:
    bid, ask, last, bid_size, ask_size = state.data
    middle = (Decimal(bid) + Decimal(ask)) / 2
    return VenueQuote(
        symbol=symbol,
        bid=Decimal(bid),
        ask=Decimal(ask),
        at=from_ms(state.at_ms),
        alive_at=from_ms(alive_ms),
        last=Decimal(last) if last else middle,
        bid_size=Decimal(bid_size or 0),
        ask_size=Decimal(ask_size or 0),
    )
