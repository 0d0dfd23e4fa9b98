"""An OKX account: swaps and dated futures, in net mode.

Amounts go as contracts; the margin mode is said with every order.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from exchanges.adapters import okx_stops
from exchanges.adapters.account_dialect import (
    AccountTerms,
    Examination,
    Funding,
    Held,
    Instruments,
    OrderName,
    VenueFill,
    VenueOrder,
)
from exchanges.adapters.base import Balance, CoinBalance, MarginMode, OrderRequest
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.okx_orders import order_of, order_read, pages, sent_number
from exchanges.adapters.wire_rows import Row, as_documented, number, table

CURRENCY: Final = "USDT"
HISTORY_MS: Final = 6 * 86_400_000
"""Within it the endpoint for recent orders knows everything; the archive holds three months."""
RECENT_MS: Final = 2 * 86_400_000
"""Within it the endpoints for recent fills and bills know everything."""
FUNDING_BILL: Final = "8"
CAUSES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("100", "101", "102", "103", "104", "105", "106", "107", "110", "111"), "liquidation"),
    **dict.fromkeys(("125", "126", "127", "128"), "adl"),
    **dict.fromkeys(("112", "113"), "delivery"),
}
"""By the kind of transaction: what the exchange closed by itself."""


class OkxAccount:
    """Of perpetual swaps, or of dated futures: the same but for the name of their kind. `inverse`: those that settle in
    their coin, which have fees of their own."""

    def __init__(self, inst_type: str = "SWAP", *, inverse: bool = False) -> None:
        self.inst_type = inst_type
        self.inverse = inverse

    # --- orders ---

    def order_send(self, client: Client, market: Instrument, request: OrderRequest) -> str:
        if request.type == "stop":
            return okx_stops.stop_send(client, market, request)
        send_by = request.send_by.timestamp()
        answer = client.change(
            "privatePostTradeBatchOrders",
            [self._row(market, request)],
            send_by=send_by,
            closing=request.reduce_only,
            headers={"expTime": str(client.venue_ms(send_by))},
        )
        return sent_number(answer, "ordId")

    def _row(self, market: Instrument, request: OrderRequest) -> dict[str, Any]:
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
        return row

    def order_cancel(self, client: Client, market: Instrument, name: OrderName) -> None:
        if name.is_stop:
            okx_stops.stop_cancel(client, market, name)
            return
        params = {"instId": market.id} | name.of("clOrdId", "ordId")
        client.change("privatePostTradeCancelOrder", params, closing=True)

    def order(self, client: Client, market: Instrument, name: OrderName) -> VenueOrder:
        if name.is_stop:
            return okx_stops.stop(client, market, name)
        return order_read(client, market, name)

    def orders_open(self, client: Client, markets: Instruments, market: Instrument | None) -> Sequence[VenueOrder]:
        params = {"instType": self.inst_type} | ({"instId": market.id} if market else {})
        rows = list(pages(client, ("privateGetTradeOrdersPending",), params, "ordId"))
        with as_documented():
            found = [order_of(row, markets[row["instId"]]) for row in rows if row["instId"] in markets]
        return [*found, *okx_stops.stops_open(client, markets, params)]

    def orders_closed(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueOrder]:
        params = {"instType": self.inst_type, "instId": market.id}
        return okx_stops.with_stops(client, market, self._ended(client, market, since_ms), since_ms, params)

    def _ended(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueOrder]:
        params = {"instType": self.inst_type, "instId": market.id}
        recent = since_ms > client.now_ms() - HISTORY_MS
        archive = "privateGetTradeOrdersHistoryArchive"
        endpoints = ("privateGetTradeOrdersHistory", archive) if recent else (archive,)
        rows = list(pages(client, endpoints, params | {"begin": since_ms}, "ordId"))
        with as_documented():
            return [order_of(row, market) for row in rows]

    def fills_of(self, client: Client, order: VenueOrder) -> Sequence[VenueFill]:
        params = {"instType": self.inst_type, "instId": order.market.id, "ordId": order.became or order.number}
        rows = list(pages(client, _fills_endpoints(client, order.at_ms), params, "billId"))
        with as_documented():
            return [_fill(row, order.market) for row in reversed(rows)]

    def fills(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueFill]:
        params = {"instType": self.inst_type, "instId": market.id, "begin": since_ms}
        rows = list(pages(client, _fills_endpoints(client, since_ms), params, "billId"))
        with as_documented():
            return [_fill(row, market) for row in reversed(rows)]

    def traded(self, client: Client, since_ms: int) -> set[str]:
        params = {"instType": self.inst_type, "begin": since_ms}
        rows = list(pages(client, _fills_endpoints(client, since_ms), params, "billId"))
        with as_documented():
            return {str(row["instId"]) for row in rows}

    # --- the account ---

    def positions(self, client: Client, markets: Instruments) -> Sequence[Held]:
        rows = table(client.read("privateGetAccountPositions", {"instType": self.inst_type}, closing=True), "data")
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

    def coins(self, client: Client) -> Sequence[CoinBalance]:
        rows = table(client.read("privateGetAccountBalance"), "data")
        with as_documented():
            return [
                CoinBalance(row["ccy"], number(row.get("cashBal")), number(row.get("availBal")))
                for row in rows[0]["details"]
                if number(row.get("cashBal"))
            ]

    def funding(self, client: Client, since_ms: int) -> Sequence[Funding]:
        recent = since_ms > client.now_ms() - RECENT_MS
        archive = "privateGetAccountBillsArchive"
        endpoints = ("privateGetAccountBills", archive) if recent else (archive,)
        params = {"instType": "SWAP", "type": FUNDING_BILL, "begin": since_ms}
        rows = list(pages(client, endpoints, params, "billId"))
        with as_documented():
            return [
                Funding(row["billId"], row["instId"], _paid(row), row["ccy"], int(row["ts"])) for row in reversed(rows)
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
        rows = table(client.read("privateGetAccountTradeFee", {"instType": self.inst_type}), "data")
        with as_documented():
            taker, maker = rows[0]["taker"], rows[0]["maker"]
            if not self.inverse:
                taker, maker = rows[0].get("takerU") or taker, rows[0].get("makerU") or maker
            return AccountTerms({"": (-number(taker), -number(maker))})


def _config(client: Client) -> Row:
    rows = table(client.read("privateGetAccountConfig"), "data")
    with as_documented():
        return rows[0]


def _mode(text: str) -> MarginMode:
    return "isolated" if text == "isolated" else "cross"


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
        cause=CAUSES.get(row.get("subType", ""), ""),
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


def _paid(row: Row) -> Decimal:
    """What it changed: the account's balance, or that of a position with a margin of its own."""
    return number(row["balChg"]) or number(row.get("posBalChg")) or number(row.get("pnl"))


def _fills_endpoints(client: Client, since_ms: int) -> tuple[str, ...]:
    history = "privateGetTradeFillsHistory"
    return ("privateGetTradeFills", history) if since_ms > client.now_ms() - RECENT_MS else (history,)
