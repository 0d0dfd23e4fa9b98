"""Bybit's spot, inverse and dated markets beside its linear perpetuals: the same endpoints, told apart by the category;
dated ones by their names.
"""

import json
import re
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.bybit import BybitServer, contracts
from exchanges.tests.wire.inverse import InverseMarket, inverse_contracts
from exchanges.tests.wire.market import Market, WireFill, WireOrder
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


class _Renamed(BybitServer):
    """Other contracts under other names; asked about them alone. Served by its server."""

    ending = ""
    listed: dict[str, str] = {}

    def __init__(self, server: BybitServer, market: Market) -> None:
        self.server, self.market = server, market
        self.history, self.funding = {}, {}

    def now_ms(self) -> int:
        return self.server.now_ms()

    @property
    def margin_mode(self) -> str:
        return self.server.margin_mode

    @margin_mode.setter
    def margin_mode(self, mode: str) -> None:
        self.server.margin_mode = mode

    def base(self, params: dict[str, Any]) -> str:
        name = str(params.get("symbol", ""))
        assert name.endswith(self.ending)
        return super().base({"symbol": name.removesuffix(self.ending) + "USDT"})

    def answer(self, request: Request) -> Reply:
        found = super().answer(request)
        if found.text is None:
            return found
        named = re.sub(r'"(GALA|CHZ)USDT"', rf'"\1{self.ending}"', found.text)
        return Reply(found.status, named, found.headers)

    def instruments(self, params: dict[str, str]) -> Reply:
        """Under the names of perpetuals, which `answer` replaces."""
        body = json.loads(super().instruments(params | {"category": "linear"}).text or "")
        body["result"]["list"] = [row | self.listing(row) for row in body["result"]["list"]]
        return self.good(body["result"] | {"category": params["category"]})

    def executions(self, params: dict[str, str]) -> Reply:
        named = {"symbol": self.base(params) + "USDT"} if "symbol" in params else {}
        return super().executions(params | named)

    def tickers(self, params: dict[str, str]) -> Reply:
        named = {"symbol": self.base(params) + "USDT"} if "symbol" in params else {}
        return super().tickers(params | named)

    def listing(self, row: dict[str, Any]) -> dict[str, Any]:
        return {}


class BybitInverseSide(_Renamed):
    ending = "USD"
    market: InverseMarket

    def instruments(self, params: dict[str, str]) -> Reply:
        assert params["category"] == "inverse"
        return super().instruments(params)

    def listing(self, row: dict[str, Any]) -> dict[str, Any]:
        """The smallest order is five dollars: that is no size of a contract."""
        lots = row["lotSizeFilter"] | {"minOrderQty": "5", "minNotionalValue": ""}
        coin = {"quoteCoin": "USD", "settleCoin": row["baseCoin"], "contractType": "InversePerpetual"}
        return coin | {"lotSizeFilter": lots}

    def positions(self, params: dict[str, str]) -> Reply:
        """All of them are told without naming what they settle in."""
        assert "settleCoin" not in params
        return super().positions(params)


class BybitDatedSide(_Renamed):
    ending = "USDT-29DEC28"

    def listing(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"contractType": "LinearFutures", "deliveryTime": "1861689600000", "fundingInterval": 0}


class BybitVenue(BybitServer):
    def __init__(self) -> None:
        super().__init__()
        spot = SpotMarket(contracts(), self.now_ms, remembers_ids=True, purse=self.market)
        self.spot = BybitSpotSide(self, spot)
        inverse = inverse_contracts(contracts(), Decimal(1))
        kinds = {"remembers_ids": True, "stops_stay": True}
        self.inverse = BybitInverseSide(self, InverseMarket(inverse, self.now_ms, purse=spot.coins, **kinds))
        self.futures = BybitDatedSide(self, Market(contracts(), self.now_ms, **kinds))

    def answer(self, request: Request) -> Reply:
        row = request.params | (json.loads(request.body) if request.body else {})
        public_list = request.path == "/v5/market/instruments-info"
        if row.get("category") == "spot" and not public_list:
            return self.spot.answer(request)
        if row.get("category") == "inverse":
            return self.inverse.answer(request) if "inverse" in self.offers else self.rows([])
        if str(row.get("symbol", "")).endswith(self.futures.ending):
            return self.futures.answer(request)
        found = super().answer(request)
        of_all = row.get("category") == "linear" and "symbol" not in row and request.path != "/v5/execution/list"
        if not of_all or "future" not in self.offers:
            return found
        return _with_rows(found, self.futures.answer(request))

    def wallet(self, params: dict[str, str]) -> Reply:
        found = super().wallet(params)
        if self.futures.market.orders and "coin" in params:
            return self.futures.wallet(params)
        if "coin" in params:
            return found
        body = json.loads(found.text or "")
        body["result"]["list"][0]["coin"] += [_coin(self.spot.market, base) for base in self.spot.market.coins]
        return Reply(found.status, json.dumps(body), found.headers)


def _with_rows(first: Reply, second: Reply) -> Reply:
    body, more = json.loads(first.text or "{}"), json.loads(second.text or "{}")
    if isinstance(body.get("result", {}).get("list"), list):
        body["result"]["list"] += more["result"]["list"]
    return Reply(first.status, json.dumps(body), first.headers)


def _coin(market: SpotMarket, base: str) -> dict[str, str]:
    total = market.coins[base]
    return {"coin": base, "walletBalance": text(total), "locked": text(total - market.free_coins(base))}
