"""What an account may ask and tell a venue, as each venue says it; `live` makes the port of it.

Amounts and prices here are in base units and quote per base already; a venue's own units end in its dialect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from exchanges.adapters.base import Balance, CoinBalance, MarginMode, OrderRequest
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from trading.core.order_state import OrderStatus

Instruments = Mapping[str, Instrument]
"""By the venue's own id."""


@dataclass(frozen=True, slots=True)
class OrderName:
    """`client_id` is what we named it, `number` what the venue did; one of them may be empty."""

    client_id: str
    number: str = ""
    is_stop: bool = False

    def of(self, client_name: str, number_name: str) -> dict[str, str]:
        """As a venue's parameter: never both, since an id that it does not know makes some find nothing."""
        return {client_name: self.client_id} if self.client_id else {number_name: self.number}


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """`filled` is what the order itself says; its fills may be told some moments later. Times in ms.

    `became`: the number of the order that a stop turned into when it was triggered, where that is another one.
    """

    market: Instrument
    number: str
    client_id: str
    status: OrderStatus
    amount: Decimal
    filled: Decimal
    at_ms: int
    reason: str = ""
    side: str = ""
    type: str = ""
    price: Decimal | None = None
    average: Decimal | None = None
    trigger: Decimal | None = None
    reduce_only: bool = False
    post_only: bool = False
    became: str = ""


def triggered(stop: VenueOrder, order: VenueOrder) -> VenueOrder:
    """A stop under its own name, with what happened to the order that it became."""
    return replace(
        stop,
        status=order.status,
        filled=order.filled,
        average=order.average,
        at_ms=order.at_ms,
        reason=order.reason,
        became=order.number,
    )


def merged(orders: Sequence[VenueOrder], stops: Sequence[VenueOrder]) -> list[VenueOrder]:
    """Each order once: what a triggered stop became stands there as the stop."""
    by_number = {order.number: order for order in orders}
    known = [triggered(stop, by_number[stop.became]) if stop.became in by_number else stop for stop in stops]
    became = {stop.became for stop in stops}
    return [*(order for order in orders if order.number not in became), *known]


@dataclass(frozen=True, slots=True)
class VenueFill:
    """`fee` is positive when paid. `client_id` is empty where the venue does not tell it with the fill.

    `cause`: as of a `FillReport`.
    """

    market: Instrument
    trade_id: str
    number: str
    client_id: str
    side: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    at_ms: int
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    market: Instrument
    amount: Decimal
    entry: Decimal
    mark: Decimal
    unrealised: Decimal
    leverage: Decimal
    margin_mode: MarginMode


@dataclass(frozen=True, slots=True)
class Funding:
    """`currency` is empty where it is what the market settles in."""

    payment_id: str
    market_id: str
    amount: Decimal
    currency: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Examination:
    """What a key is and may do. `withdraws` is None where the venue will not say. `one_way`: one position a market.

    `fees_elsewhere`: fees are paid in another coin than the one that is traded for.
    """

    uid: str
    trades: bool
    withdraws: bool | None
    one_way: bool
    derivatives: bool = True
    fees_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What holds for this account alone: fees as fractions by market id ("" for all), the largest leverage by id."""

    fees: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    leverage: Mapping[str, Decimal] = field(default_factory=dict)


class AccountDialect(Protocol):
    """Every method raises ExchangeError; what a venue calls "no such order" is OrderNotFound."""

    def order_send(self, client: Client, market: Instrument, request: OrderRequest) -> str:
        """The venue's number of the accepted order. Sent once, before `request.send_by`."""
        ...

    def order_cancel(self, client: Client, market: Instrument, name: OrderName) -> None:
        """Raises OrderNotFound or DoneAlready for what cannot be cancelled any more."""
        ...

    def order(self, client: Client, market: Instrument, name: OrderName) -> VenueOrder: ...

    def orders_open(self, client: Client, markets: Instruments, market: Instrument | None) -> Sequence[VenueOrder]:
        """Stops among them."""
        ...

    def orders_closed(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueOrder]:
        """Those that ended, of all that were placed since then, stops among them; in any order."""
        ...

    def fills_of(self, client: Client, order: VenueOrder) -> Sequence[VenueFill]:
        """In the order in which they happened, as are those of `fills`."""
        ...

    def fills(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueFill]: ...

    def traded(self, client: Client, since_ms: int) -> set[str]:
        """The markets' ids in which anything was filled since then."""
        ...

    def positions(self, client: Client, markets: Instruments) -> Sequence[Held]: ...

    def balance(self, client: Client) -> Balance: ...

    def coins(self, client: Client) -> Sequence[CoinBalance]:
        """Every currency of the wallet of which there is something."""
        ...

    def funding(self, client: Client, since_ms: int) -> Sequence[Funding]: ...

    def leverage(self, client: Client, market: Instrument, margin_mode: MarginMode) -> tuple[Decimal, MarginMode]:
        """What the venue has for the next order of that margin mode."""
        ...

    def leverage_set(self, client: Client, market: Instrument, leverage: int, margin_mode: MarginMode) -> None: ...

    def margin_mode_set(self, client: Client, market: Instrument, margin_mode: MarginMode) -> None: ...

    def one_way(self, client: Client, market: Instrument | None) -> bool:
        """Whether there is one position a market; of this market where a venue tells it market by market."""
        ...

    def one_way_set(self, client: Client, market: Instrument) -> None: ...

    def examine(self, client: Client) -> Examination: ...

    def terms(self, client: Client) -> AccountTerms: ...
