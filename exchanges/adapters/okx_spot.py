"""OKX's spot market, without margin: amounts are coins, and what is bought with cannot be borrowed."""

from collections.abc import Sequence
from typing import Any

from exchanges.adapters.account_dialect import (
    AccountTerms,
    Instruments,
    OrderName,
    VenueOrder,
)
from exchanges.adapters.base import OrderRequest
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.okx_account import OkxAccount
from exchanges.adapters.okx_orders import order_of, order_read, pages
from exchanges.adapters.spot import NotOfSpot
from exchanges.adapters.wire_rows import as_documented, number, table


class OkxSpot(NotOfSpot, OkxAccount):
    def __init__(self) -> None:
        super().__init__("SPOT")

    def _row(self, market: Instrument, request: OrderRequest) -> dict[str, Any]:
        """The amount of a market order that buys would be money, unless it is told to be coins."""
        row: dict[str, Any] = {
            "instId": market.id,
            "tdMode": "cash",
            "clOrdId": request.client_order_id,
            "side": request.side,
            "ordType": "post_only" if request.post_only else request.type,
            "sz": market.to_venue(request.amount),
        }
        if request.price is not None:
            row["px"] = plain(request.price)
        if request.type == "market":
            row["tgtCcy"] = "base_ccy"
        return row

    def order(self, client: Client, market: Instrument, name: OrderName) -> VenueOrder:
        return order_read(client, market, name)

    def orders_open(self, client: Client, markets: Instruments, market: Instrument | None) -> Sequence[VenueOrder]:
        params = {"instType": self.inst_type} | ({"instId": market.id} if market else {})
        rows = list(pages(client, ("privateGetTradeOrdersPending",), params, "ordId"))
        with as_documented():
            return [order_of(row, markets[row["instId"]]) for row in rows if row["instId"] in markets]

    def orders_closed(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueOrder]:
        return self._ended(client, market, since_ms)

    def terms(self, client: Client) -> AccountTerms:
        rows = table(client.read("privateGetAccountTradeFee", {"instType": self.inst_type}), "data")
        with as_documented():
            return AccountTerms({"": (-number(rows[0]["taker"]), -number(rows[0]["maker"]))})
