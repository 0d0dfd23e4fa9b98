"""Bybit's spot beside its linear markets: the same endpoints, told apart by the category."""

import json
from typing import Any

from exchanges.tests.wire.bybit import BybitServer, contracts
from exchanges.tests.wire.market import WireFill, WireOrder
from exchanges.tests.wire.server import Reply, Request, text
from exchanges.tests.wire.spot import SpotMarket

CODES = {110007: 170131, 110094: 170140, 110072: 170141, 110001: 170213}
"""Of spot, by those of linear markets."""


class BybitSpotSide(BybitServer):
    market: SpotMarket

    def __init__(self, server: BybitServer, market: SpotMarket) -> None:
        self.server, self.market = server, market
        self.margin_mode = "REGULAR_MARGIN"
        self.history, self.funding = {}, {}

    def now_ms(self) -> int:
        return self.server.now_ms()

    def bad(self, code: int, message: str) -> Reply:
        return super().bad(CODES.get(code, code), message)

    def order_create(self, params: dict[str, Any]) -> Reply:
        assert params["isLeverage"] == 0
        assert not {"reduceOnly", "positionIdx", "triggerPrice"} & params.keys()
        assert params["orderType"] != "Market" or params["marketUnit"] == "baseCoin"
        return super().order_create(params)

    def _order(self, order: WireOrder) -> dict[str, Any]:
        return super()._order(order) | {"marketUnit": "baseCoin" if order.type == "market" else ""}

    def executions(self, params: dict[str, str]) -> Reply:
        found = super().executions(params)
        body = json.loads(found.text or "")
        fills = {str(fill.number): fill for fill in self.market.fills}
        for row in body["result"].get("list", ()):
            row["feeCurrency"] = self.fee_coin(fills[row["execId"]])
        return Reply(found.status, json.dumps(body), found.headers)

    def fee_coin(self, fill: WireFill) -> str:
        return self.market.fee_coin(fill.order)


class BybitVenue(BybitServer):
    def __init__(self) -> None:
        super().__init__()
        spot = SpotMarket(contracts(), self.now_ms, remembers_ids=True, purse=self.market)
        self.spot = BybitSpotSide(self, spot)

    def answer(self, request: Request) -> Reply:
        row = request.params | (json.loads(request.body) if request.body else {})
        public_list = request.path == "/v5/market/instruments-info"
        if row.get("category") == "spot" and not public_list:
            return self.spot.answer(request)
        return super().answer(request)

    def wallet(self, params: dict[str, str]) -> Reply:
        found = super().wallet(params)
        if "coin" in params:
            return found
        body = json.loads(found.text or "")
        body["result"]["list"][0]["coin"] += [_coin(self.spot.market, base) for base in self.spot.market.coins]
        return Reply(found.status, json.dumps(body), found.headers)


def _coin(market: SpotMarket, base: str) -> dict[str, str]:
    total = market.coins[base]
    return {"coin": base, "walletBalance": text(total), "locked": text(total - market.free_coins(base))}
