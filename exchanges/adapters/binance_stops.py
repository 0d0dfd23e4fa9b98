"""Stops at Binance USD-M: algo orders, since December 2025 at endpoints and with numbers of their own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from exchanges.adapters.account_dialect import Instruments, OrderName, VenueOrder, triggered
from exchanges.adapters.base import OrderRequest
from exchanges.adapters.binance_orders import order_read, sent_number
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.wire_rows import Row, as_documented, number, table
from exchanges.errors import OrderNotFound
from trading.core.order_state import OrderStatus

PAGE: Final = 1_000
STATUS: Final[Mapping[str, OrderStatus]] = {
    "NEW": OrderStatus.OPEN,
    "TRIGGERING": OrderStatus.OPEN,
    "TRIGGERED": OrderStatus.OPEN,
    "FINISHED": OrderStatus.OPEN,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
}
"""Of one that was triggered, the order that it became says more."""


def stop_send(client: Client, market: Instrument, request: OrderRequest) -> str:
    """The algo order's number."""
    assert request.trigger_price is not None  # `order_checks` has seen to it
    params = {
        "algoType": "CONDITIONAL",
        "symbol": market.id,
        "side": request.side.upper(),
        "type": "STOP_MARKET",
        "quantity": market.to_venue(request.amount),
        "triggerPrice": plain(request.trigger_price),
        "workingType": "MARK_PRICE",
        "clientAlgoId": request.client_order_id,
        "newOrderRespType": "ACK",
    }
    if request.reduce_only:
        params["reduceOnly"] = "true"
    answer = client.change(
        "fapiPrivatePostAlgoOrder", params, send_by=request.send_by.timestamp(), closing=request.reduce_only
    )
    return sent_number(answer, "algoId")


def stop_cancel(client: Client, name: OrderName) -> None:
    client.change("fapiPrivateDeleteAlgoOrder", name.of("clientAlgoId", "algoId"), closing=True)


def stop(client: Client, market: Instrument, name: OrderName) -> VenueOrder:
    row = client.read("fapiPrivateGetAlgoOrder", name.of("clientAlgoId", "algoId"), closing=True)
    with as_documented():
        if row["symbol"] != market.id:
            raise OrderNotFound("no such order", code="empty")
        found = _stop(row, market)
    if not found.became:
        return found
    try:
        return triggered(found, order_read(client, market, OrderName("", found.became)))
    except OrderNotFound:  # what it became is not to be found yet
        return found


def stops_open(client: Client, markets: Instruments, params: Mapping[str, Any]) -> Sequence[VenueOrder]:
    rows = table(client.read_offered("fapiPrivateGetOpenAlgoOrders", params, otherwise=[], closing=True))
    with as_documented():
        return [_stop(row, markets[row["symbol"]]) for row in rows if row["symbol"] in markets and _is_stop(row)]


def stops_of(client: Client, market: Instrument, start: int, end: int) -> Sequence[VenueOrder]:
    """Of a week; more than a page of stops in a week is not told."""
    params = {"symbol": market.id, "startTime": start, "endTime": end, "limit": PAGE}
    rows = table(client.read_offered("fapiPrivateGetAllAlgoOrders", params, otherwise=[]))
    with as_documented():
        return [_stop(row, market) for row in rows if _is_stop(row)]


def _is_stop(row: Row) -> bool:
    """Others of the same kind: take-profits, trailing stops, stops with a limit."""
    return bool(row["orderType"] == "STOP_MARKET")


def _stop(row: Row, market: Instrument) -> VenueOrder:
    status = STATUS.get(row["algoStatus"], OrderStatus.OPEN)
    number_of_child = str(row.get("actualOrderId") or "")
    return VenueOrder(
        market=market,
        number=str(row["algoId"]),
        client_id=row["clientAlgoId"],
        status=status,
        amount=market.to_base(str(row["quantity"])),
        filled=market.to_base("0"),
        at_ms=int(row["updateTime"]),
        reason="" if status == OrderStatus.OPEN else str(row["algoStatus"]).lower(),
        side=row["side"].lower(),
        type="stop",
        trigger=number(row["triggerPrice"]) or None,
        reduce_only=str(row.get("reduceOnly")).lower() == "true",
        became="" if number_of_child == "0" else number_of_child,
    )
