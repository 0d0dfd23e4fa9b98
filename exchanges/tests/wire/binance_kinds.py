"""Binance's spot beside its USD-M futures: endpoints, rows, errors and a wallet of its own.

And the dated USD-M futures, which are told apart by their names.
"""

import json
import re
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.binance import BinanceServer, _order, contracts
from exchanges.tests.wire.market import Market, Refused, WireFill, WireOrder
from exchanges.tests.wire.server import Reply, Request, reply, text
from exchanges.tests.wire.spot import SpotMarket

REFUSALS = {
    "duplicate": (-2010, "Duplicate order sent."),
    "unknown_market": (-1121, "Invalid symbol."),
    "lot": (-1013, "Filter failure: LOT_SIZE"),
    "tick": (-1013, "Filter failure: PRICE_FILTER"),
    "notional": (-1013, "Filter failure: NOTIONAL"),
    "margin": (-2010, "Account has insufficient balance for requested action."),
    "post_only": (-2010, "Order would immediately match and take."),
}
DAY_MS = 86_400_000


class BinanceSpotSide(BinanceServer):
    market: SpotMarket

    def __init__(self, server: BinanceServer, market: SpotMarket) -> None:
        self.server, self.market = server, market
        market.refuses_takers = True

    def now_ms(self) -> int:
        return self.server.now_ms()

    def answer(self, request: Request) -> Reply:
        if refusal := self._unsigned(request):
            return refusal
        try:
            return SPOT[f"{request.method} {request.path}"](self, request.params | request.form)
        except Refused as error:
            code, message = REFUSALS[error.name]
            return reply({"code": code, "msg": message}, 400)

    def order_create(self, params: dict[str, str]) -> Reply:
        assert "reduceOnly" not in params
        kind = params["type"]
        assert (kind == "LIMIT") == ("timeInForce" in params)
        assert (kind == "MARKET") == ("price" not in params)
        if self.market.drawn("timeout_before"):
            return Reply(0, None)
        tif = {"timeInForce": "GTX", "type": "LIMIT"} if kind == "LIMIT_MAKER" else {}
        order = self.market.place(_order(self.base(params), params | tif, "cross"))
        if self.market.drawn("timeout_after"):
            return Reply(0, None)
        told = {"symbol": params["symbol"], "orderId": order.number, "clientOrderId": order.client_id}
        return reply(told | {"orderListId": -1, "transactTime": order.at_ms})

    def all_orders(self, params: dict[str, str]) -> Reply:
        return _too_long(params) or super().all_orders(params)

    def my_trades(self, params: dict[str, str]) -> Reply:
        return _too_long(params) or self.user_trades(params)

    def user_trades(self, params: dict[str, str]) -> Reply:
        base, since = self.base(params), int(params.get("startTime", "0"))
        until = int(params.get("endTime", self.now_ms()))
        rows = [fill for fill in self.market.fills if fill.order.base == base and since <= fill.at_ms <= until]
        if "orderId" in params:
            rows = [fill for fill in rows if str(fill.order.number) == params["orderId"]]
        rows = [fill for fill in rows if fill.number >= int(params.get("fromId", "0"))]
        return reply([self._trade(fill) for fill in rows[: int(params.get("limit", "500"))]])

    def spot_account(self, params: dict[str, str]) -> Reply:
        money, free = self.market.wallet, self.market.free_money()
        rows = [{"asset": "USDT", "free": text(free), "locked": text(money - free)}]
        for base, total in self.market.coins.items():
            free = self.market.free_coins(base)
            rows.append({"asset": base, "free": text(free), "locked": text(total - free)})
        rates = {"maker": "0.001", "taker": "0.001", "buyer": "0", "seller": "0"}
        return reply({"uid": 354937868, "canTrade": True, "commissionRates": rates, "balances": rows})

    def _order(self, order: WireOrder) -> dict[str, Any]:
        early = order.type == "market" or order.tif == "ioc"
        status = {"open": "NEW", "partial": "PARTIALLY_FILLED", "filled": "FILLED", "canceled": "CANCELED"}
        cost = sum((fill.price * fill.amount for fill in self.market.fills_of(order)), Decimal(0))
        return {
            "symbol": f"{order.base}USDT",
            "orderId": order.number,
            "orderListId": -1,
            "clientOrderId": order.client_id,
            "price": text(order.price or Decimal(0)),
            "origQty": text(order.amount),
            "executedQty": text(order.filled),
            "cummulativeQuoteQty": text(cost),
            "status": "EXPIRED" if order.status == "canceled" and early else status[order.status],
            "timeInForce": "IOC" if order.tif == "ioc" else "GTC",
            "type": "LIMIT_MAKER" if order.tif == "post_only" else order.type.upper(),
            "side": order.side.upper(),
            "stopPrice": "0",
            "time": order.at_ms,
            "updateTime": order.updated_ms,
        }

    def _trade(self, fill: WireFill) -> dict[str, Any]:
        return {
            "symbol": f"{fill.order.base}USDT",
            "id": fill.number,
            "orderId": fill.order.number,
            "orderListId": -1,
            "price": text(fill.price),
            "qty": text(fill.amount),
            "quoteQty": text(fill.price * fill.amount),
            "commission": text(fill.fee),
            "commissionAsset": self.market.fee_coin(fill.order),
            "time": fill.at_ms,
            "isBuyer": fill.order.side == "buy",
            "isMaker": False,
            "isBestMatch": True,
        }


def _too_long(params: dict[str, str]) -> Reply | None:
    """A question about more than a day is refused."""
    if "startTime" in params and int(params["endTime"]) - int(params["startTime"]) > DAY_MS:
        return reply({"code": -1127, "msg": "More than 24 hours between startTime and endTime."}, 400)
    return None


class BinanceDatedSide(BinanceServer):
    ending = "USDT_281229"

    def __init__(self, server: BinanceServer, market: Market) -> None:
        self.server, self.market = server, market
        market.refuses_takers = True
        self.history, self.funding = {}, {}

    def now_ms(self) -> int:
        return self.server.now_ms()

    def base(self, params: dict[str, Any]) -> str:
        return super().base({"symbol": params.get("symbol", "").removesuffix(self.ending) + "USDT"})

    def answer(self, request: Request) -> Reply:
        found = super().answer(request)
        if found.text is None:
            return found
        named = re.sub(r'"symbol":"(GALA|CHZ)USDT"', rf'"symbol":"\1{self.ending}"', found.text)
        dated = named.replace('"PERPETUAL","deliveryDate":4133404800000', '"NEXT_QUARTER","deliveryDate":1861689600000')
        return Reply(found.status, dated, found.headers)


LISTS = {
    f"GET /fapi/{path}"
    for path in (
        "v1/exchangeInfo",
        "v1/ticker/bookTicker",
        "v1/ticker/24hr",
        "v1/premiumIndex",
        "v1/openOrders",
        "v1/openAlgoOrders",
        "v1/symbolConfig",
        "v1/leverageBracket",
        "v3/positionRisk",
    )
}


class BinanceVenue(BinanceServer):
    def __init__(self) -> None:
        super().__init__()
        self.futures = BinanceDatedSide(self, Market(contracts(), self.now_ms, remembers_ids=False))
        self.spot = BinanceSpotSide(self, SpotMarket(contracts(), self.now_ms, remembers_ids=False))

    def answer(self, request: Request) -> Reply:
        if f"{request.method} {request.path}" in SPOT:
            return self.spot.answer(request)
        if (request.params | request.form).get("symbol", "").endswith(self.futures.ending):
            return self.futures.answer(request)
        if side := self._side_of_stop(request.params | request.form):
            return side.answer(request)
        found = super().answer(request)
        of_all = f"{request.method} {request.path}" in LISTS and "symbol" not in request.params
        if of_all and "future" in self.offers:
            return _with_rows(found, self.futures.answer(request))
        return found

    def _side_of_stop(self, params: dict[str, str]) -> BinanceDatedSide | None:
        """A stop is asked for by its name alone."""
        names = {params.get("clientAlgoId"), params.get("algoId")}
        stops = self.futures.market.stops
        return self.futures if any({o.client_id, str(o.number)} & names for o in stops) else None

    def account(self, params: dict[str, str]) -> Reply:
        """Told is the wallet of the kind that a test trades."""
        return self.futures.account(params) if self.futures.market.orders else super().account(params)


def _with_rows(first: Reply, second: Reply) -> Reply:
    body, more = json.loads(first.text or "[]"), json.loads(second.text or "[]")
    if isinstance(body, list) and isinstance(more, list):
        body += more
    elif "symbols" in body and "symbols" in more:
        body["symbols"] += more["symbols"]
    return Reply(first.status, json.dumps(body), first.headers)


SPOT = {
    "POST /api/v3/order": BinanceSpotSide.order_create,
    "GET /api/v3/order": BinanceSpotSide.order_query,
    "DELETE /api/v3/order": BinanceSpotSide.order_cancel,
    "GET /api/v3/openOrders": BinanceSpotSide.open_orders,
    "GET /api/v3/allOrders": BinanceSpotSide.all_orders,
    "GET /api/v3/myTrades": BinanceSpotSide.my_trades,
    "GET /api/v3/account": BinanceSpotSide.spot_account,
}
