"""Bybit's spot market in a unified account, without borrowing."""

from collections.abc import Sequence
from typing import Any

from exchanges.adapters.base import OrderRequest
from exchanges.adapters.bybit_account import BybitAccount
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.spot import NotOfSpot


class BybitSpot(NotOfSpot, BybitAccount):
    def __init__(self) -> None:
        super().__init__("spot")

    def _params(self, market: Instrument, request: OrderRequest) -> dict[str, Any]:
        """The amount of a market order that buys would be money, unless it is told to be coins."""
        params: dict[str, Any] = {
            "category": self.category,
            "symbol": market.id,
            "side": request.side.title(),
            "orderType": "Market" if request.type == "market" else "Limit",
            "qty": market.to_venue(request.amount),
            "orderLinkId": request.client_order_id,
            "isLeverage": 0,
        }
        if request.type == "market":
            params["marketUnit"] = "baseCoin"
        if request.price is not None:
            immediate = "IOC" if request.type == "ioc" else "GTC"
            params |= {"price": plain(request.price), "timeInForce": "PostOnly" if request.post_only else immediate}
        return params

    def _lists(self, market: Instrument | None) -> Sequence[dict[str, str]]:
        return [{"category": self.category} | ({"symbol": market.id} if market else {})]
