"""What can be listened to: one channel of one market, on one feed."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from django.conf import settings

Channel = Literal["ticker", "orderbook", "trades", "ohlcv"]
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)
TICKER, ORDERBOOK, TRADES, OHLCV = CHANNELS
TESTNET_SUFFIX: Final = "-testnet"


@dataclass(frozen=True, slots=True, order=True)
class Feed:
    """One venue's public sockets: of the real market or of its test network."""

    exchange: str
    testnet: bool = False

    @property
    def name(self) -> str:
        return self.exchange + (TESTNET_SUFFIX if self.testnet else "")

    @property
    def is_open(self) -> bool:
        """A venue that the operator has moved elsewhere has sockets only where he says: prices of one market must not
        decide on orders at another."""
        urls = settings.EXCHANGE_BASE_URLS.get(self.exchange, {})
        return bool(urls.get("ws")) or not urls.get("rest")

    @property
    def base_url(self) -> str:
        return str(settings.EXCHANGE_BASE_URLS.get(self.exchange, {}).get("ws", ""))


@dataclass(frozen=True, slots=True, order=True)
class Topic:
    """`timeframe` is that of `ohlcv`, empty for the others."""

    feed: Feed
    channel: str
    symbol: str
    timeframe: str = ""

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.feed.name, self.channel, self.symbol, self.timeframe) if part)


def feed_named(name: str) -> Feed:
    return Feed(name.removesuffix(TESTNET_SUFFIX), name.endswith(TESTNET_SUFFIX))


def topic_named(name: str) -> Topic:
    """The reverse of `Topic.name`. Raises ValueError."""
    feed, channel, symbol, *rest = name.split(" ")
    if channel not in CHANNELS or len(rest) > 1:
        raise ValueError(f"{name[:80]} is not a topic")
    return Topic(feed_named(feed), channel, symbol, *rest)
