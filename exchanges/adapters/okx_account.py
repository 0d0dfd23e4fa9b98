"""An OKX account: swaps, in net mode. Amounts go as contracts; the margin mode is said with every order."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from exchanges.adapters.account_dialect import (
    AccountTerms,
    Examination,
    Funding,
    Held,
    Instruments,
    VenueFill,
    VenueOrder,
)
from exchanges.adapters.base import Balance, MarginMode, OrderRequest
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.wire_rows import Row, as_documented, number, table
from exchanges.errors import OrderNotFound
from trading.core.order_state import OrderStatus

CURRENCY: Final = "USDT"
PAGE: Final = 100
RECENT_MS: Final = 2 * 86_400_000
"""Within it the endpoints for recent fills and bills know everything."""
FUNDING_BILL: Final = "8"

STATUS: Final[Mapping[str, OrderStatus]] = {
    "live": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.CLOSED,
    "canceled": OrderStatus.CANCELED,
    "mmp_canceled": OrderStatus.CANCELED,
}


class OkxAccount:
    # --- orders ---

    def order_send(self, client: Client, market: Instrument, request: OrderRequest) -> str:
        row: dict[str, Any] = {
            "instId": market.id,
            "tdMode": request.margin_mode,
            "clOrdId": request.client_order_id,
            "side": request.side,
            "ordType": "post_only" if request.post_only else request.type,
            "sz": market.to_venue(request.amount),
        }
        if request.price is not None:
            row["px"] = plain(request.price)
        if request.reduce_only:
            row["reduceOnly"] = True
        send_by = request.send_by.timestamp()
        answer = client.change(
            "privatePostTradeBatchOrders",
            [row],
            send_by=send_by,
            closing=request.reduce_only,
            headers={"expTime": str(client.venue_ms(send_by))},
        )
        return _sent_number(answer)

    def order_cancel(self, client: Client, market: Instrument, client_id: str) -> None:
        client.change("privatePostTradeCancelOrder", {"instId": market.id, "clOrdId": client_id}, closing=True)

    def order(self, client: Client, market: Instrument, client_id: str) -> VenueOrder:
        params = {"instId": market.id, "clOrdId": client_id}
        rows = table(client.read("privateGetTradeOrder", params, closing=True), "data")
        if not rows:
            raise OrderNotFound("no such order", code="empty")
        with as_documented():
            return _order(rows[0], market)

    def orders_open(self, client: Client, markets: Instruments, market: Instrument | None) -> Sequence[VenueOrder]:
        params = {"instType": "SWAP"} | ({"instId": market.id} if market else {})
        rows = list(_pages(client, ("privateGetTradeOrdersPending",), params, "ordId"))
        with as_documented():
            return [_order(row, markets[row["instId"]]) for row in rows if row["instId"] in markets]

    def fills_of(self, client: Client, order: VenueOrder) -> Sequence[VenueFill]:
        params = {"instType": "SWAP", "instId": order.market.id, "ordId": order.number}
        rows = list(_pages(client, _fills_endpoints(client, order.at_ms), params, "billId"))
        with as_documented():
            return [_fill(row, order.market) for row in reversed(rows)]

    def fills(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueFill]:
        params = {"instType": "SWAP", "instId": market.id, "begin": since_ms}
        rows = list(_pages(client, _fills_endpoints(client, since_ms), params, "billId"))
        with as_documented():
            return [_fill(row, market) for row in reversed(rows)]

    # --- the account ---

    def positions(self, client: Client, markets: Instruments) -> Sequence[Held]:
        rows = table(client.read("privateGetAccountPositions", {"instType": "SWAP"}, closing=True), "data")
        with as_documented():
            return [
                _held(row, markets[row["instId"]]) for row in rows if row["instId"] in markets and number(row["pos"])
            ]

    def balance(self, client: Client) -> Balance:
        rows = table(client.read("privateGetAccountBalance", {"ccy": CURRENCY}, closing=True), "data")
        with as_documented():
            row: Row = next((row for row in rows[0]["details"] if row["ccy"] == CURRENCY), {})
            free = row.get("availEq") or row.get("availBal")
            return Balance(CURRENCY, number(row.get("cashBal")), number(row.get("eq")), number(free))

    def funding(self, client: Client, since_ms: int) -> Sequence[Funding]:
        recent = since_ms > client.now_ms() - RECENT_MS
        archive = "privateGetAccountBillsArchive"
        endpoints = ("privateGetAccountBills", archive) if recent else (archive,)
        params = {"instType": "SWAP", "type": FUNDING_BILL, "begin": since_ms}
        rows = list(_pages(client, endpoints, params, "billId"))
        with as_documented():
            return [
                Funding(row["billId"], row["instId"], number(row["pnl"]), row["ccy"], int(row["ts"]))
                for row in reversed(rows)
            ]

    # --- settings ---

    def leverage(self, client: Client, market: Instrument, margin_mode: MarginMode) -> tuple[Decimal, MarginMode]:
        params = {"instId": market.id, "mgnMode": margin_mode}
        rows = table(client.read("privateGetAccountLeverageInfo", params), "data")
        with as_documented():
            return number(rows[0]["lever"]), _mode(rows[0]["mgnMode"])

    def leverage_set(self, client: Client, market: Instrument, leverage: int, margin_mode: MarginMode) -> None:
        params = {"instId": market.id, "lever": str(leverage), "mgnMode": margin_mode}
        client.change("privatePostAccountSetLeverage", params)

    def margin_mode_set(self, client: Client, market: Instrument, margin_mode: MarginMode) -> None:
        """Said with every order instead."""
        return

    def one_way(self, client: Client, market: Instrument | None) -> bool:
        with as_documented():
            return bool(_config(client)["posMode"] == "net_mode")

    def one_way_set(self, client: Client, market: Instrument) -> None:
        client.change("privatePostAccountSetPositionMode", {"posMode": "net_mode"})

    def examine(self, client: Client) -> Examination:
        row = _config(client)
        with as_documented():
            allowed = {name.strip() for name in row["perm"].split(",")}
            return Examination(
                uid=str(row["uid"]),
                trades="trade" in allowed,
                withdraws="withdraw" in allowed,
                one_way=row["posMode"] == "net_mode",
                derivatives=str(row["acctLv"]) != "1",
            )

    def terms(self, client: Client) -> AccountTerms:
        """Fees are told as what is added to the balance: negative when paid."""
        rows = table(client.read("privateGetAccountTradeFee", {"instType": "SWAP"}), "data")
        with as_documented():
            taker, maker = rows[0].get("takerU") or rows[0]["taker"], rows[0].get("makerU") or rows[0]["maker"]
            return AccountTerms({"": (-number(taker), -number(maker))})


def _config(client: Client) -> Row:
    rows = table(client.read("privateGetAccountConfig"), "data")
    with as_documented():
        return rows[0]


def _sent_number(answer: Any) -> str:
    """The order is there whatever its answer looks like: its number can be asked for."""
    try:
        return str(answer["data"][0]["ordId"])
    except (LookupError, TypeError):
        return ""


def _mode(text: str) -> MarginMode:
    return "isolated" if text == "isolated" else "cross"


def _order(row: Row, market: Instrument) -> VenueOrder:
    status = STATUS.get(row["state"], OrderStatus.OPEN)
    return VenueOrder(
        market=market,
        number=row["ordId"],
        client_id=row["clOrdId"],
        status=status,
        amount=market.to_base(row["sz"]),
        filled=market.to_base(row["accFillSz"] or "0"),
        at_ms=int(row["uTime"]),
        reason=_why(row) if status == OrderStatus.CANCELED else "",
    )


def _why(row: Row) -> str:
    source = row.get("cancelSource", "")
    return str(row.get("cancelSourceReason") or (f"canceled (source {source})" if source else "canceled"))


def _fill(row: Row, market: Instrument) -> VenueFill:
    return VenueFill(
        market=market,
        trade_id=row["tradeId"],
        number=row["ordId"],
        client_id=row["clOrdId"],
        side=row["side"],
        price=number(row["fillPx"]),
        amount=market.to_base(row["fillSz"]),
        fee=-number(row["fee"]),
        fee_currency=row["feeCcy"],
        at_ms=int(row["ts"]),
    )


def _held(row: Row, market: Instrument) -> Held:
    sign = -1 if row["posSide"] == "short" else 1
    return Held(
        market=market,
        amount=sign * market.to_base(row["pos"]),
        entry=number(row["avgPx"]),
        mark=number(row["markPx"]),
        unrealised=number(row["upl"]),
        leverage=number(row["lever"]),
        margin_mode=_mode(row["mgnMode"]),
    )


def _fills_endpoints(client: Client, since_ms: int) -> tuple[str, ...]:
    history = "privateGetTradeFillsHistory"
    return ("privateGetTradeFills", history) if since_ms > client.now_ms() - RECENT_MS else (history,)


def _pages(client: Client, endpoints: Sequence[str], params: Mapping[str, Any], number_name: str) -> Iterator[Row]:
    """Newest first; the next page lies before the last row of the one before."""
    after: dict[str, Any] = {}
    while True:
        rows = table(client.read_first(endpoints, {**params, **after, "limit": PAGE}, closing=True), "data")
        yield from rows
        if len(rows) < PAGE:
            return
        with as_documented():
            after = {"after": rows[-1][number_name]}
