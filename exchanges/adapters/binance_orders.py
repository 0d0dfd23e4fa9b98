"""Binance's rows of orders, and the weeks in which its lists are asked for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from exchanges.adapters.account_dialect import OrderName, VenueOrder
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.wire_rows import Row, as_documented, number
from trading.core.order_state import OrderStatus

WEEK_MS: Final = 7 * 86_400_000 - 1_000
KEPT_MS: Final = 175 * 86_400_000
"""Fills are told for half a year."""

STATUS: Final[Mapping[str, OrderStatus]] = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.CLOSED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
}


def order_read(client: Client, market: Instrument, name: OrderName) -> VenueOrder:
    params = {"symbol": market.id} | name.of("origClientOrderId", "orderId")
    with as_documented():
        return order_of(client.read("fapiPrivateGetOrder", params, closing=True), market)


def order_of(row: Row, market: Instrument) -> VenueOrder:
    status = STATUS.get(row["status"], OrderStatus.OPEN)
    immediate = row["type"] == "MARKET" or row["timeInForce"] in ("IOC", "FOK")
    if status == OrderStatus.EXPIRED and immediate:
        status = OrderStatus.CANCELED
    ended = status in (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
    return VenueOrder(
        market=market,
        number=str(row["orderId"]),
        client_id=row["clientOrderId"],
        status=status,
        amount=market.to_base(row["origQty"]),
        filled=market.to_base(row["executedQty"]),
        at_ms=int(row["updateTime"]),
        reason=_why(row["status"], immediate) if ended else "",
        side=row["side"].lower(),
        type="market" if row["type"] == "MARKET" else "ioc" if immediate else "limit",
        price=number(row.get("price")) or None,
        average=number(row.get("avgPrice")) or None,
        reduce_only=str(row.get("reduceOnly")).lower() == "true",
        post_only=row["timeInForce"] == "GTX",
    )


def sent_number(answer: Any, name: str) -> str:
    """The order is there whatever its answer looks like: its number can be asked for."""
    return str(answer.get(name, "")) if isinstance(answer, dict) else ""


def weeks(client: Client, since_ms: int) -> Iterator[tuple[int, int]]:
    """A question about orders or trades covers a week at most."""
    now = client.now_ms()
    start = max(since_ms, now - KEPT_MS)
    while start <= now:
        yield start, min(start + WEEK_MS, now + 60_000)
        start += WEEK_MS + 1


def _why(status: str, immediate: bool) -> str:
    if status == "EXPIRED" and immediate:
        return "nothing more within the limit"
    return status.lower().replace("_", " ")
