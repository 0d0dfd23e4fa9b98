"""Bybit (v5, unified account) as its documentation says: errors in `retCode`, one margin mode for the whole account."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.market import Contract, Payment, Refused, WireFill, WireOrder
from exchanges.tests.wire.server import KEY, SECRET, Reply, Request, WireServer, reply, text

REFUSALS = {
    "duplicate": (110072, "OrderLinkedID is duplicate"),
    "unknown_market": (10001, "params error: symbol invalid"),
    "lot": (10001, "Qty invalid"),
    "tick": (10001, "Price invalid"),
    "notional": (110094, "Order does not meet minimum order value 5USDT"),
    "margin": (110007, "ab not enough for new order"),
    "reduce_only": (110017, "current position is zero, cannot fix reduce-only order qty"),
    "would_trigger": (110093, "expect Falling, but trigger_price >= current"),
    "leverage": (10001, "leverage invalid"),
    "position_mode": (10001, "position idx not match position mode"),
    "margin_mode": (3400045, "Set margin mode failed"),
}
STATUS = {
    "untriggered": "Untriggered",
    "open": "New",
    "partial": "PartiallyFilled",
    "filled": "Filled",
    "canceled": "Cancelled",
}
LENGTHS = {"1": 60_000, "5": 300_000, "15": 900_000, "60": 3_600_000, "D": 86_400_000}
TIF = {"IOC": "ioc", "PostOnly": "post_only"}
WEEK_MS = 7 * 86_400_000


def contracts() -> dict[str, Contract]:
    return {
        "GALA": Contract("GALA", Decimal("0.02"), Decimal("0.00001"), Decimal(1)),
        "CHZ": Contract("CHZ", Decimal("0.05"), Decimal("0.00001"), Decimal(1)),
    }


CAUSES = {"liquidation": "BustTrade", "adl": "AdlTrade", "delivery": "Delivery"}


class BybitServer(WireServer):
    order_path = "/v5/order/create"
    stops_stay = True

    def __init__(self) -> None:
        super().__init__(contracts())
        self.margin_mode = "REGULAR_MARGIN"

    def answer(self, request: Request) -> Reply:
        name = f"{request.method} {request.path}"
        try:
            if name in PUBLIC:
                return getattr(self, PUBLIC[name].__name__)(request.params)
            if name not in PRIVATE:
                return Reply(404, "<html>404 Not Found</html>", {"Content-Type": "text/html"})
            if refusal := self._unsigned(request):
                return refusal
            asked = json.loads(request.body) if request.body else request.params
            return getattr(self, PRIVATE[name].__name__)(asked)
        except Refused as error:
            return self.bad(*REFUSALS[error.name])

    def good(self, result: Any) -> Reply:
        return reply({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": self.now_ms()})

    def bad(self, code: int, message: str) -> Reply:
        return reply({"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": self.now_ms()})

    def rows(self, rows: Iterable[Any], **more: Any) -> Reply:
        return self.good({"category": "linear", "list": list(rows), "nextPageCursor": "", **more})

    def _unsigned(self, request: Request) -> Reply | None:
        headers = request.headers
        stamp, window = headers.get("x-bapi-timestamp", "0"), headers.get("x-bapi-recv-window", "5000")
        if headers.get("x-bapi-api-key") != KEY:
            return self.bad(10003, "API key is invalid.")
        payload = stamp + KEY + window + (request.body or request.query)
        if hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest() != headers.get("x-bapi-sign"):
            return self.bad(10004, "error sign! please check your signature generation algorithm.")
        if not self.now_ms() - int(window) <= int(stamp) < self.now_ms() + 1_000:
            return self.bad(10002, "invalid request, please check your server timestamp or recv_window param.")
        return None

    def base(self, params: dict[str, Any]) -> str:
        base = str(params.get("symbol", "")).removesuffix("USDT")
        if base not in self.market.contracts:
            raise Refused("unknown_market")
        return base

    # --- public ---

    def time(self, params: dict[str, str]) -> Reply:
        return self.good({"timeSecond": str(self.now_ms() // 1000), "timeNano": str(self.now_ms() * 1_000_000)})

    def instruments(self, params: dict[str, str]) -> Reply:
        if params["category"] == "option" and params["baseCoin"] == "BTC":
            return self.good({"category": "option", "list": [OPTION], "nextPageCursor": ""})
        if params.get("status") == "PreLaunch" or params["category"] not in ("linear", "spot"):
            return self.rows([])
        row = _linear if params["category"] == "linear" else _spot
        listed = [row(contract) for contract in self.market.contracts.values()]
        return self.good({"category": params["category"], "list": listed, "nextPageCursor": ""})

    def tickers(self, params: dict[str, str]) -> Reply:
        if params["category"] == "option":
            return self.rows([{"symbol": OPTION["symbol"], **_touch("5", "6"), "lastPrice": "5.5"}])
        rows = [_ticker(contract, self.now_ms()) for contract in self.market.contracts.values()]
        return self.rows([row for row in rows if params.get("symbol", row["symbol"]) == row["symbol"]])

    def kline(self, params: dict[str, str]) -> Reply:
        """Newest first; where there are too many in the period, the newest."""
        length, limit = LENGTHS[params["interval"]], int(params.get("limit", "200"))
        since, until = int(params.get("start", "0")), int(params.get("end", self.now_ms()))
        rows = self.bars(self.base(params), length, since, until)[::-1][:limit]
        return self.rows([[str(at), *row, "20"] for at, row in rows], symbol=params["symbol"])

    def funding_history(self, params: dict[str, str]) -> Reply:
        since, until = int(params.get("startTime", "0")), int(params.get("endTime", self.now_ms()))
        rows = [row for row in self.funding.get(self.base(params), ()) if since <= row[0] <= until][::-1]
        return self.rows(
            {"symbol": params["symbol"], "fundingRate": rate, "fundingRateTimestamp": str(at)}
            for at, rate in rows[: int(params.get("limit", "200"))]
        )

    def orderbook(self, params: dict[str, str]) -> Reply:
        contract = self.market.contracts[self.base(params)]
        steps = range(int(params.get("limit", "25")))
        bids = [[text(contract.bid - n * contract.tick), contract.rests] for n in steps]
        asks = [[text(contract.ask + n * contract.tick), contract.rests] for n in steps]
        return self.good({"s": params["symbol"], "b": bids, "a": asks, "ts": self.now_ms(), "u": 1, "seq": 1})

    def recent_trade(self, params: dict[str, str]) -> Reply:
        price, now = text(self.market.contracts[self.base(params)].price), str(self.now_ms())
        row = {"execId": "7", "symbol": params["symbol"], "price": price, "size": "3", "side": "Buy", "time": now}
        return self.rows([row])

    # --- orders ---

    def order_create(self, params: dict[str, Any]) -> Reply:
        if self.market.drawn("timeout_before"):
            return Reply(0, None)
        order = _order(self.base(params), params, self._mode())
        if "triggerPrice" in params:
            order.trigger = Decimal(params["triggerPrice"])
            assert params["triggerDirection"] == (1 if order.side == "buy" else 2)
            self.market.place_stop(order)
        else:
            self.market.place(order)
        if self.market.drawn("timeout_after"):
            return Reply(0, None)
        return self.good({"orderId": str(order.number), "orderLinkId": order.client_id})

    def order_cancel(self, params: dict[str, Any]) -> Reply:
        order = self._found(params)
        if order is None or order.status not in ("untriggered", "open", "partial"):
            return self.bad(110001, "order not exists or too late to cancel")
        self.market.cancel_stop(order)
        self.market.cancel(order)
        if self.market.drawn("cancel_timeout"):
            return Reply(0, None)
        return self.good({"orderId": str(order.number), "orderLinkId": order.client_id})

    def realtime(self, params: dict[str, str]) -> Reply:
        """Asked by id it also knows orders that ended lately; an empty id counts as one, and finds nothing."""
        if "orderId" in params or "orderLinkId" in params:
            order = self._found(params)
            return self.rows([self._order(order)] if order else [])
        if params.get("settleCoin", "USDT") != "USDT":
            return self.rows([])
        base = self.base(params) if "symbol" in params else None
        return self.rows([self._order(order) for order in (*self.market.working(base), *self.market.waiting(base))])

    def order_history(self, params: dict[str, str]) -> Reply:
        base = self.base(params)
        orders = [*self.market.orders, *(stop for stop in self.market.stops if stop.status == "canceled")]
        found = [o for o in orders if o.base == base and o.status in ("filled", "canceled") and not o.hidden]
        if "startTime" in params:
            until = int(params["endTime"])
            if until - int(params["startTime"]) > WEEK_MS:
                return self.bad(10001, "The time range between startTime and endTime cannot exceed 7 days")
            found = [o for o in found if int(params["startTime"]) <= o.at_ms <= until]
        if "orderId" in params:
            found = [o for o in found if str(o.number) == params["orderId"]]
        if "orderLinkId" in params:
            found = [o for o in found if o.client_id == params["orderLinkId"]]
        return self.rows([self._order(o) for o in found])

    def executions(self, params: dict[str, str]) -> Reply:
        """Newest first, funding among them unless asked for trades alone."""
        since = int(params.get("startTime", self.now_ms() - WEEK_MS))
        until = int(params.get("endTime", since + WEEK_MS))
        if until - since > WEEK_MS:
            return self.bad(10001, "The time range between startTime and endTime cannot exceed 7 days")
        wanted = params.get("execType")
        rows: list[dict[str, Any]] = []
        if wanted in (None, "Trade"):
            rows += [_fill(fill) for fill in self.market.fills]
        if wanted in (None, "Funding"):
            rows += [_funding(payment) for payment in self.market.payments]
        for name in ("symbol", "orderId", "orderLinkId"):
            rows = [row for row in rows if name not in params or row[name] == params[name]]
        rows = [row for row in rows if since <= int(row["execTime"]) <= until]
        rows.sort(key=lambda row: -int(row["execId"]))
        first, limit = int(params.get("cursor") or 0), int(params.get("limit", "50"))
        behind = str(first + limit) if len(rows) > first + limit else ""
        return self.rows(rows[first : first + limit], nextPageCursor=behind)

    def _found(self, params: dict[str, Any]) -> WireOrder | None:
        base, name = self.base(params), params.get("orderLinkId", "")
        number = str(params["orderId"]) if "orderId" in params else ""
        waiting = None if "orderId" in params and not number else self.market.find_stop(client_id=name, number=number)
        if waiting is not None and waiting.base == base:
            return waiting
        if "orderId" in params:
            return self.market.find(base, number=number)
        return self.market.find(base, client_id=name)

    def _order(self, order: WireOrder) -> dict[str, Any]:
        fills = self.market.fills_of(order)
        worth = sum((self.market.worth(fill) for fill in fills), Decimal(0))
        unfilled = order.status == "canceled" and order.why != "canceled by user"
        return {
            "symbol": f"{order.base}USDT",
            "orderId": str(order.number),
            "orderLinkId": order.client_id,
            "orderType": order.type.title(),
            "orderStatus": STATUS[order.status],
            "side": order.side.title(),
            "timeInForce": {"gtc": "GTC", "ioc": "IOC", "post_only": "PostOnly"}[order.tif],
            "price": text(order.price or Decimal(0)),
            "qty": text(order.amount),
            "cumExecQty": text(order.filled),
            "cumExecValue": text(worth),
            "cumExecFee": text(sum((fill.fee for fill in fills), Decimal(0))),
            "avgPrice": text(self.market.average(order)) if order.filled else "",
            "leavesQty": text(order.amount - order.filled),
            "reduceOnly": order.reduce_only,
            "positionIdx": 0,
            "triggerPrice": text(order.trigger) if order.trigger else "",
            "rejectReason": _reject_reason(order) if unfilled else "EC_NoError",
            "cancelType": "UNKNOWN" if unfilled else ("CancelByUser" if order.status == "canceled" else "UNKNOWN"),
            "createdTime": str(order.at_ms),
            "updatedTime": str(order.updated_ms),
        }

    # --- account ---

    def positions(self, params: dict[str, str]) -> Reply:
        """Asked by symbol it answers with a row even where nothing is held."""
        if "symbol" in params:
            return self.rows([self._position(self.base(params))])
        if params.get("settleCoin", "USDT") != "USDT":
            return self.rows([])
        return self.rows([self._position(base) for base in self.market.contracts if self.market.held(base)])

    def _position(self, base: str) -> dict[str, Any]:
        held, contract = self.market.held(base), self.market.contracts[base]
        return {
            "symbol": f"{base}USDT",
            "positionIdx": 1 if self.market.hedged else 0,
            "tradeMode": 0,
            "side": "Buy" if held > 0 else "Sell" if held < 0 else "",
            "size": text(abs(held)),
            "avgPrice": text(self.market.entry(base)) if held else "0",
            "markPrice": text(contract.price),
            "unrealisedPnl": text(self.market.unrealised(base)) if held else "",
            "leverage": str(self.market.mode(base)[0]),
            "liqPrice": "",
            "updatedTime": str(self.now_ms()),
        }

    def wallet(self, params: dict[str, str]) -> Reply:
        coin = {
            "coin": "USDT",
            "walletBalance": text(self.market.wallet),
            "equity": text(self.market.equity()),
            "usdValue": text(self.market.equity()),
            "unrealisedPnl": text(self.market.equity() - self.market.wallet),
            "totalPositionIM": "0",
            "totalOrderIM": "0",
            "locked": "0",
        }
        isolated = self.margin_mode == "ISOLATED_MARGIN"
        if isolated:
            coin["totalPositionIM"] = text(self.market.equity() - self.market.free())
        free = "" if isolated else text(self.market.free())
        return self.rows([{"accountType": "UNIFIED", "totalAvailableBalance": free, "coin": [coin]}])

    def account_info(self, params: dict[str, str]) -> Reply:
        return self.good({"marginMode": self.margin_mode, "unifiedMarginStatus": 5, "updatedTime": "1"})

    def margin_mode_set(self, params: dict[str, Any]) -> Reply:
        if any(self.market.held(base) for base in self.market.contracts):
            raise Refused("margin_mode")
        self.margin_mode = params["setMarginMode"]
        for base in self.market.contracts:
            self.market.margin_mode_set(base, self._mode())
        return self.good({"reasons": []})

    def leverage_set(self, params: dict[str, Any]) -> Reply:
        base, wanted = self.base(params), int(params["buyLeverage"])
        if self.market.mode(base)[0] == wanted:
            return self.bad(110043, "leverage not modified")
        self.market.leverage_set(base, wanted)
        return self.good({})

    def switch_mode(self, params: dict[str, Any]) -> Reply:
        wanted = int(params["mode"]) == 3
        if wanted == self.market.hedged:
            return self.bad(110025, "Position mode is not modified")
        self.market.hedged = wanted
        return self.good({})

    def api_key(self, params: dict[str, str]) -> Reply:
        wallet = ["AccountTransfer"] + (["Withdraw"] if self.withdraws else [])
        permissions = {"ContractTrade": ["Order", "Position"], "Derivatives": ["DerivativesTrade"], "Wallet": wallet}
        return self.good({"readOnly": 0, "permissions": permissions, "ips": ["*"], "userID": 24617703, "uta": 1})

    def fee_rate(self, params: dict[str, str]) -> Reply:
        rates = {"takerFeeRate": text(self.market.taker), "makerFeeRate": text(self.market.maker)}
        return self.rows([{"symbol": f"{base}USDT", **rates} for base in self.market.contracts])

    def _mode(self) -> str:
        return "isolated" if self.margin_mode == "ISOLATED_MARGIN" else "cross"


def _reject_reason(order: WireOrder) -> str:
    return "EC_PostOnlyWillTakeLiquidity" if order.why == "would take" else "EC_NoImmediateQtyToFill"


def _order(base: str, params: dict[str, Any], margin_mode: str) -> WireOrder:
    return WireOrder(
        number=0,
        client_id=params["orderLinkId"],
        base=base,
        side=params["side"].lower(),
        type=params["orderType"].lower(),
        tif=TIF.get(params.get("timeInForce", "GTC"), "gtc"),
        price=Decimal(params["price"]) if "price" in params else None,
        amount=Decimal(params["qty"]),
        reduce_only=params.get("reduceOnly") is True,
        at_ms=0,
        margin_mode=margin_mode,
    )


def _fill(fill: WireFill) -> dict[str, Any]:
    return {
        "symbol": f"{fill.order.base}USDT",
        "execId": str(fill.number),
        "execType": CAUSES.get(fill.order.why, "Trade"),
        "orderId": str(fill.order.number),
        "orderLinkId": fill.order.client_id,
        "side": fill.order.side.title(),
        "execPrice": text(fill.price),
        "execQty": text(fill.amount),
        "execValue": text(fill.price * fill.amount),
        "execFee": text(fill.fee),
        "feeCurrency": "",
        "isMaker": False,
        "execTime": str(fill.at_ms),
    }


def _funding(payment: Payment) -> dict[str, Any]:
    """The fee is positive when paid."""
    return {
        "symbol": f"{payment.base}USDT",
        "execId": str(payment.number),
        "execType": "Funding",
        "orderId": "0",
        "orderLinkId": "",
        "side": "Buy",
        "execPrice": "0.02",
        "execQty": "1",
        "execFee": text(-payment.amount),
        "feeCurrency": "",
        "execTime": str(payment.at_ms),
    }


def _ticker(contract: Contract, now_ms: int) -> dict[str, Any]:
    return {
        "symbol": f"{contract.base}USDT",
        "lastPrice": text(contract.price),
        "markPrice": text(contract.price),
        "indexPrice": text(contract.price),
        "prevPrice24h": text(contract.price * 4 / 5),
        "price24hPcnt": "0",
        "highPrice24h": text(contract.price),
        "lowPrice24h": text(contract.price),
        "turnover24h": "1234.5",
        "volume24h": "1",
        "fundingRate": "0.0001",
        "nextFundingTime": str((now_ms // 28_800_000 + 1) * 28_800_000),
        "bid1Price": text(contract.bid),
        "bid1Size": "5000",
        "ask1Price": text(contract.ask),
        "ask1Size": "4000",
    }


def _touch(bid: str, ask: str) -> dict[str, str]:
    return {"bid1Price": bid, "bid1Size": "1", "ask1Price": ask, "ask1Size": "2"}


OPTION = {
    "symbol": "BTC-27DEC30-50000-C",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USD",
    "settleCoin": "USDC",
    "optionsType": "Call",
    "launchTime": "1585526400000",
    "deliveryTime": "1924588800000",
    "deliveryFeeRate": "0.00015",
    "priceFilter": {"minPrice": "5", "maxPrice": "1110000", "tickSize": "5"},
    "lotSizeFilter": {"maxOrderQty": "500", "minOrderQty": "0.01", "qtyStep": "0.01"},
}


def _linear(contract: Contract) -> dict[str, Any]:
    most = str(contract.max_leverage)
    return {
        "symbol": f"{contract.base}USDT",
        "contractType": "LinearPerpetual",
        "status": "Closed" if contract.frozen else "Trading",
        "baseCoin": contract.base,
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "5",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": most, "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.00001", "maxPrice": "199", "tickSize": text(contract.tick)},
        "lotSizeFilter": {
            "maxOrderQty": "10000000",
            "minOrderQty": "1",
            "qtyStep": text(contract.lot),
            "maxMktOrderQty": "5000000",
            "minNotionalValue": text(contract.notional_min),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
    }


def _spot(contract: Contract) -> dict[str, Any]:
    return {
        "symbol": f"{contract.base}USDT",
        "baseCoin": contract.base,
        "quoteCoin": "USDT",
        "status": "Trading",
        "marginTrading": "none",
        "lotSizeFilter": {
            "basePrecision": "0.1",
            "quotePrecision": "0.0001",
            "minOrderQty": "1",
            "maxOrderQty": "99999",
        },
        "priceFilter": {"tickSize": text(contract.tick)},
    }


PUBLIC = {
    "GET /v5/market/time": BybitServer.time,
    "GET /v5/market/instruments-info": BybitServer.instruments,
    "GET /v5/market/tickers": BybitServer.tickers,
    "GET /v5/market/kline": BybitServer.kline,
    "GET /v5/market/funding/history": BybitServer.funding_history,
    "GET /v5/market/orderbook": BybitServer.orderbook,
    "GET /v5/market/recent-trade": BybitServer.recent_trade,
}
PRIVATE: dict[str, Any] = {
    "POST /v5/order/create": BybitServer.order_create,
    "POST /v5/order/cancel": BybitServer.order_cancel,
    "GET /v5/order/realtime": BybitServer.realtime,
    "GET /v5/order/history": BybitServer.order_history,
    "GET /v5/execution/list": BybitServer.executions,
    "GET /v5/position/list": BybitServer.positions,
    "GET /v5/account/wallet-balance": BybitServer.wallet,
    "GET /v5/account/info": BybitServer.account_info,
    "POST /v5/account/set-margin-mode": BybitServer.margin_mode_set,
    "POST /v5/position/set-leverage": BybitServer.leverage_set,
    "POST /v5/position/switch-mode": BybitServer.switch_mode,
    "GET /v5/user/query-api": BybitServer.api_key,
    "GET /v5/account/fee-rate": BybitServer.fee_rate,
}
