"""OKX's rows of orders, and how its lists are paged."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from exchanges.adapters.account_dialect import OrderName, VenueOrder
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.wire_rows import Row, as_documented, number, table
from exchanges.errors import OrderNotFound
from trading.core.order_state import OrderStatus

PAGE: Final = 100

STATUS: Final[Mapping[str, OrderStatus]] = {
    "live": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.CLOSED,
    "canceled": OrderStatus.CANCELED,
    "mmp_canceled": OrderStatus.CANCELED,
}
TYPES: Final[Mapping[str, str]] = {"market": "market", "ioc": "ioc", "fok": "ioc", "optimal_limit_ioc": "ioc"}


def order_read(client: Client, market: Instrument, name: OrderName) -> VenueOrder:
    params = {"instId": market.id} | name.of("clOrdId", "ordId")
    rows = table(client.read("privateGetTradeOrder", params, closing=True), "data")
    if not rows:
        raise OrderNotFound("no such order", code="empty")
    with as_documented():
        return order_of(rows[0], market)


def order_of(row: Row, market: Instrument) -> VenueOrder:
    status = STATUS.get(row["state"], OrderStatus.OPEN)
    return VenueOrder(
        market=market,
        number=row["ordId"],
        client_id=row["clOrdId"],
        status=status,
        amount=market.to_base(row["accFillSz"] or "0" if _is_by_value(row) else row["sz"]),
        filled=market.to_base(row["accFillSz"] or "0"),
        at_ms=int(row["uTime"]),
        reason=_why(row) if status == OrderStatus.CANCELED else "",
        side=row["side"],
        type=TYPES.get(row["ordType"], "limit"),
        price=number(row.get("px")) or None,
        average=number(row.get("avgPx")) or None,
        reduce_only=str(row.get("reduceOnly")).lower() == "true",
        post_only=row["ordType"] == "post_only",
    )


def _is_by_value(row: Row) -> bool:
    """A market order somebody placed elsewhere for so much money: what it filled is its amount."""
    return row.get("instType") == "SPOT" and row["ordType"] == "market" and row.get("tgtCcy") == "quote_ccy"


def sent_number(answer: Any, name: str) -> str:
    """The order is there whatever its answer looks like: its number can be asked for."""
    try:
        return str(answer["data"][0][name])
    except (LookupError, TypeError):
        return ""


def pages(client: Client, endpoints: Sequence[str], params: Mapping[str, Any], number_name: str) -> Iterator[Row]:
    """Newest first; the next page lies before the last row of the one before."""
    after: dict[str, Any] = {}
    while True:
        rows = table(client.read_first(endpoints, {**params, **after, "limit": PAGE}, closing=True), "data")
        yield from rows
        if len(rows) < PAGE:
            return
        with as_documented():
            after = {"after": rows[-1][number_name]}


def _why(row: Row) -> str:
    source = row.get("cancelSource", "")
    return str(row.get("cancelSourceReason") or (f"canceled (source {source})" if source else "canceled"))
