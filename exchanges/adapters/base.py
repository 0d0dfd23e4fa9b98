"""The port between ChainMakes and a venue. Prices are quote per base, amounts base units, all `Decimal`; times UTC.

An inverse contract (`BTC/USD:BTC`) is worth quote currency: its amounts are that, its results and fees are coins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from trading.core.order_state import OrderStatus
from trading.core.sizing import MarketRules

MarginMode = Literal["cross", "isolated"]


@dataclass(frozen=True, slots=True)
class VenueQuote:
    """Best bid and ask of one market, in venue time: `at` is the quote's, `alive_at` the feed's last proof of life.

    `last` is the last trade's price; the mid where the venue does not tell it with the book.
    """

    symbol: str
    bid: Decimal
    ask: Decimal
    at: datetime
    alive_at: datetime
    last: Decimal
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed candle; `at` is its opening time."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class OrderBook:
    """(price, amount) from the touch outwards."""

    symbol: str
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """Somebody's trade; `side` is the taker's: buy, sell."""

    symbol: str
    trade_id: str
    side: str
    price: Decimal
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class FundingOutlook:
    """`rate` (a fraction of the position's value) is what longs pay shorts at `next_at`, as far as it is known now."""

    symbol: str
    rate: Decimal
    next_at: datetime
    mark_price: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """`ioc` is a limit order that is cancelled for what does not fill at once; only `limit` and `ioc` have a `price`.

    `stop` rests until the mark price reaches `trigger_price` (a sell from above, a buy from below), then it is a market
    order, which opens unless it is `reduce_only`; its venue refuses one that would trigger at once. `send_by`: the
    adapter raises `NotSent` when its clock is past it. `margin_mode` matters where a venue wants it said with every
    order; `post_only` (limit orders) is refused rather than filled at once.
    """

    client_order_id: str
    symbol: str
    side: str  # buy, sell
    type: str  # market, limit, ioc, stop
    amount: Decimal
    price: Decimal | None
    reduce_only: bool
    send_by: datetime
    margin_mode: MarginMode = "cross"
    post_only: bool = False
    trigger_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FillReport:
    """`cause` names what the venue did by itself: `liquidation`, `adl` (counterparty liquidated), `delivery`."""

    trade_id: str
    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: str  # buy, sell
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime
    cause: str = ""


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What the venue says of one order now. `fills` holds every fill that it knows of this order.

    A stop keeps its numbers when it triggers: the fills of what it became are its own. `client_order_id` is empty for
    an order that somebody placed elsewhere without one. `at`: when it last changed.
    """

    client_order_id: str
    exchange_order_id: str
    symbol: str
    status: OrderStatus
    amount: Decimal
    filled: Decimal
    at: datetime
    reason: str = ""
    fills: tuple[FillReport, ...] = ()
    side: str = ""  # buy, sell
    type: str = ""  # market, limit, ioc, stop
    price: Decimal | None = None
    average_price: Decimal | None = None
    trigger_price: Decimal | None = None
    reduce_only: bool = False
    post_only: bool = False

    @property
    def is_stop(self) -> bool:
        return self.type == "stop"


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """`amount` is signed: positive long, negative short. `unrealized_pnl` is in what the market settles in."""

    symbol: str
    amount: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized_pnl: Decimal
    leverage: int
    margin_mode: MarginMode


@dataclass(frozen=True, slots=True)
class MarketSettings:
    """What holds for the next order of a market. `one_way`: one position, not a long and a short one apart."""

    leverage: int
    margin_mode: MarginMode
    one_way: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """In `currency`: `total` is the wallet without unrealised P&L, `equity` with it, `free` is there for new margin."""

    currency: str
    total: Decimal
    equity: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True)
class CoinBalance:
    """One currency of a wallet: what is there, and what of it is neither in orders nor in margin."""

    currency: str
    total: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """`amount` signed: received is positive."""

    payment_id: str
    symbol: str
    amount: Decimal
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Of the last 24 hours: `change` in per cent, `volume` in quote currency; None where they are not known."""

    change: Decimal | None
    volume: Decimal | None


class Venue(Protocol):
    """One account at one venue. Every call may raise `exchanges.errors.ExchangeError`; orders are sent once.

    Calls inside one of our database transactions are refused with RuntimeError: a venue cannot be rolled back.
    """

    exchange: str
    is_paper: bool

    def clock(self) -> datetime:
        """The venue's time: for a replay the tape's."""
        ...

    def markets(self) -> Mapping[str, MarketRules]: ...

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, VenueQuote]:
        """Quotes of those symbols that have one; a missing symbol means no quote, never a stale or invented one."""
        ...

    def candles(
        self, symbol: str, timeframe: str, *, since: datetime | None = None, limit: int = 500
    ) -> Sequence[Candle]:
        """Closed candles, oldest first; without `since` the newest `limit`."""
        ...

    def create_order(self, request: OrderRequest) -> OrderReport:
        """Raises Rejected (proven refusal), DuplicateOrder, OutcomeUnknown, AuthFailed or RateLimited (both unsent)."""
        ...

    def cancel_order(
        self, symbol: str, *, client_order_id: str = "", exchange_order_id: str = "", is_stop: bool = False
    ) -> OrderReport:
        """The order after the cancel. Raises OrderNotFound or OutcomeUnknown.

        By the client's id where there is one, else by the venue's. `is_stop`: some venues keep stops apart.
        """
        ...

    def fetch_order(
        self, symbol: str, *, client_order_id: str = "", exchange_order_id: str = "", is_stop: bool = False
    ) -> OrderReport: ...

    def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]:
        """Stops among them."""
        ...

    def closed_orders(self, symbol: str, *, since: datetime) -> Sequence[OrderReport]:
        """Orders that ended (filled, cancelled, expired, refused) and were placed since then, newest first.

        Without their fills, which `fills` tells. Venues forget: orders without fills after hours or days, filled ones
        after months.
        """
        ...

    def fills(self, symbol: str, *, since: datetime) -> Sequence[FillReport]: ...

    def traded(self, *, since: datetime) -> set[str]:
        """The symbols in which anything was filled since then, by whomever."""
        ...

    def positions(self) -> Sequence[VenuePosition]: ...

    def balance(self) -> Balance: ...

    def funding_payments(self, *, since: datetime) -> Sequence[FundingPayment]: ...

    def set_leverage(self, symbol: str, *, leverage: int, margin_mode: MarginMode) -> None:
        """Sets and reads back; raises Rejected when the venue says otherwise afterwards."""
        ...

    def market_settings(self, symbol: str, *, margin_mode: MarginMode) -> MarketSettings:
        """`margin_mode`: of which the leverage is asked, where a venue keeps one for each."""
        ...

    def pause_s(self) -> float:
        """For how many seconds the venue still wants to be left alone after too many requests: nothing would leave."""
        ...

    def close(self) -> None: ...
