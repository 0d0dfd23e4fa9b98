"""The port between ChainMakes and a venue. Amounts are base units, prices quote per base, all `Decimal`; times UTC."""

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
    """`ioc` is a limit order that is cancelled for what does not fill at once; `price` is None for `market` only.

    `send_by`: the adapter raises `NotSent` when its clock is past it. `margin_mode` matters where a venue wants it said
    with every order; `post_only` (limit orders) is refused rather than filled at once.
    """

    client_order_id: str
    symbol: str
    side: str  # buy, sell
    type: str  # market, limit, ioc
    amount: Decimal
    price: Decimal | None
    reduce_only: bool
    send_by: datetime
    margin_mode: MarginMode = "cross"
    post_only: bool = False


@dataclass(frozen=True, slots=True)
class FillReport:
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


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What the venue says of one order now. `fills` holds every fill that it knows of this order."""

    client_order_id: str
    exchange_order_id: str
    symbol: str
    status: OrderStatus
    amount: Decimal
    filled: Decimal
    at: datetime
    reason: str = ""
    fills: tuple[FillReport, ...] = ()


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """`amount` is signed: positive long, negative short."""

    symbol: str
    amount: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized_pnl: Decimal
    leverage: int
    margin_mode: MarginMode


@dataclass(frozen=True, slots=True)
class Balance:
    """In `currency`: `total` is the wallet without unrealised P&L, `equity` with it, `free` is there for new margin."""

    currency: str
    total: Decimal
    equity: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """`amount` signed: received is positive."""

    payment_id: str
    symbol: str
    amount: Decimal
    currency: str
    at: datetime


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

    def cancel_order(self, symbol: str, *, client_order_id: str, exchange_order_id: str = "") -> OrderReport:
        """The order after the cancel. Raises OrderNotFound or OutcomeUnknown."""
        ...

    def fetch_order(self, symbol: str, *, client_order_id: str, exchange_order_id: str = "") -> OrderReport: ...

    def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]: ...

    def fills(self, symbol: str, *, since: datetime) -> Sequence[FillReport]: ...

    def positions(self) -> Sequence[VenuePosition]: ...

    def balance(self) -> Balance: ...

    def funding_payments(self, *, since: datetime) -> Sequence[FundingPayment]: ...

    def set_leverage(self, symbol: str, *, leverage: int, margin_mode: MarginMode) -> None:
        """Sets and reads back; raises Rejected when the venue says otherwise afterwards."""
        ...

    def close(self) -> None: ...
