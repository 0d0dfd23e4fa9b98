"""Stops at OKX: algo orders with numbers of their own, which become market orders when they are triggered."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from exchanges.adapters.account_dialect import Instruments, OrderName, VenueOrder, merged, triggered
from exchanges.adapters.answers import NOT_OFFERED
from exchanges.adapters.base import OrderRequest
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.okx_orders import order_read, pages, sent_number
from exchanges.adapters.wire_rows import Row, as_documented, number, table
from exchanges.errors import OrderNotFound, Unavailable
from trading.core.order_state import OrderStatus

KIND: Final = {"ordType": "conditional"}
AT_MARKET: Final = "-1"
ENDED: Final = ("effective", "canceled", "order_failed")
STATUS: Final[Mapping[str, OrderStatus]] = {
    "live": OrderStatus.OPEN,
    "canceled": OrderStatus.CANCELED,
    "order_failed": OrderStatus.REJECTED,
}


def stop_send(client: Client, market: Instrument, request: OrderRequest) -> str:
    """The algo order's number. It takes no time of expiry: the signature's age alone limits it."""
    assert request.trigger_price is not None  # `order_checks` has seen to it
    params: dict[str, Any] = {
        "instId": market.id,
        "tdMode": request.margin_mode,
        "side": request.side,
        "sz": market.to_venue(request.amount),
        "algoClOrdId": request.client_order_id,
        "slTriggerPx": plain(request.trigger_price),
        "slOrdPx": AT_MARKET,
        "slTriggerPxType": "mark",
        **KIND,
    }
    if request.reduce_only:
        params["reduceOnly"] = True
    answer = client.change(
        "privatePostTradeOrderAlgo", params, send_by=request.send_by.timestamp(), closing=request.reduce_only
    )
    return sent_number(answer, "algoId")


def stop_cancel(client: Client, market: Instrument, name: OrderName) -> None:
    row = {"instId": market.id} | name.of("algoClOrdId", "algoId")
    client.change("privatePostTradeCancelAlgos", [row], closing=True)


def stop(client: Client, market: Instrument, name: OrderName) -> VenueOrder:
    rows = table(client.read("privateGetTradeOrderAlgo", name.of("algoClOrdId", "algoId"), closing=True), "data")
    if not rows:
        raise OrderNotFound("no such order", code="empty")
    with as_documented():
        if rows[0]["instId"] != market.id:
            raise OrderNotFound("no such order", code="empty")
        found = _stop(rows[0], market)
    if not found.became:
        return found
    try:
        return triggered(found, order_read(client, market, OrderName("", found.became)))
    except OrderNotFound:  # what it became is not to be found yet
        return found


def stops_open(client: Client, markets: Instruments, params: Mapping[str, Any]) -> Sequence[VenueOrder]:
    rows = _listed(client, "privateGetTradeOrdersAlgoPending", {**params, **KIND})
    with as_documented():
        return [_stop(row, markets[row["instId"]]) for row in rows if row["instId"] in markets and _is_stop(row)]


def with_stops(
    client: Client, market: Instrument, orders: Sequence[VenueOrder], since_ms: int, params: Mapping[str, Any]
) -> Sequence[VenueOrder]:
    """The orders, and the stops that ended. `params`: the kind and the market."""
    stops: list[VenueOrder] = []
    for state in ENDED:
        rows = _listed(client, "privateGetTradeOrdersAlgoHistory", {**params, "state": state, **KIND})
        with as_documented():
            stops += [_stop(row, market) for row in rows if int(row["cTime"]) >= since_ms and _is_stop(row)]
    return merged(orders, stops)


def _listed(client: Client, endpoint: str, params: Mapping[str, Any]) -> list[Row]:
    """None where the venue has no such list: then it has no stops either."""
    try:
        return list(pages(client, (endpoint,), params, "algoId"))
    except Unavailable as error:
        if error.reason != NOT_OFFERED:
            raise
        return []


def _is_stop(row: Row) -> bool:
    """A take-profit is an algo order of the same kind."""
    return bool(row.get("slTriggerPx"))


def _stop(row: Row, market: Instrument) -> VenueOrder:
    numbers = row.get("ordIdList") or [row.get("ordId", "")]
    status = STATUS.get(row["state"], OrderStatus.OPEN)
    return VenueOrder(
        market=market,
        number=row["algoId"],
        client_id=row["algoClOrdId"],
        status=status,
        amount=market.to_base(row["sz"]),
        filled=market.to_base("0"),
        at_ms=int(row.get("uTime") or row["cTime"]),
        reason="" if status == OrderStatus.OPEN else str(row.get("failCode") or "canceled"),
        side=row["side"],
        type="stop",
        trigger=number(row["slTriggerPx"]) or None,
        reduce_only=str(row.get("reduceOnly")).lower() == "true",
        became=str(numbers[0] or ""),
    )
