"""Binance as its documentation says: USD-M futures, the exchange information of spot, and the key's permissions."""

import hashlib
import hmac
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.market import Contract, Refused, WireFill, WireOrder
from exchanges.tests.wire.server import KEY, SECRET, Reply, Request, WireServer, reply, text

REFUSALS = {
    "duplicate": (-4116, "ClientOrderId is duplicated."),
    "unknown_market": (-1121, "Invalid symbol."),
    "lot": (-1111, "Precision is over the maximum defined for this asset."),
    "tick": (-4014, "Price not increased by tick size."),
    "notional": (-4164, "Order's notional must be no smaller than 5 (unless you choose reduce only)."),
    "margin": (-2019, "Margin is insufficient."),
    "reduce_only": (-2022, "ReduceOnly Order is rejected."),
    "post_only": (-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."),
    "would_trigger": (-2021, "Order would immediately trigger."),
    "leverage": (-4028, "Leverage is not valid"),
    "position_mode": (-4061, "Order's position side does not match user's setting."),
    "margin_mode": (-4048, "Margin type cannot be changed if there exists position."),
}
STATUS = {"open": "NEW", "partial": "PARTIALLY_FILLED", "filled": "FILLED", "canceled": "CANCELED"}
LENGTHS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "1d": 86_400_000}


def contracts() -> dict[str, Contract]:
    return {
        "GALA": Contract("GALA", Decimal("0.02"), Decimal("0.00001"), Decimal(1)),
        "CHZ": Contract("CHZ", Decimal("0.05"), Decimal("0.00001"), Decimal(1)),
    }


class BinanceServer(WireServer):
    """An id may be used again once its first order is over."""

    remembers_ids = False
    order_path = "/fapi/v1/order"

    def __init__(self) -> None:
        super().__init__(contracts())
        self.market.refuses_takers = True

    def answer(self, request: Request) -> Reply:
        name = f"{request.method} {request.path}"
        public = PUBLIC.get(name)
        if public is not None:
            return public(self, request.params)
        private = PRIVATE.get(name)
        if private is None:
            return reply({"code": -5000, "msg": f"Path {request.path}, Method {request.method} is invalid"}, 404)
        if refusal := self._unsigned(request):
            return refusal
        try:
            return private(self, request.params | request.form)
        except Refused as error:
            code, message = REFUSALS[error.name]
            return reply({"code": code, "msg": message}, 400)

    def _unsigned(self, request: Request) -> Reply | None:
        signed = request.query or request.body
        payload, _, signature = signed.rpartition("&signature=")
        if request.headers.get("x-mbx-apikey") != KEY:
            return reply({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, 401)
        if hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest() != signature:
            return reply({"code": -1022, "msg": "Signature for this request is not valid."}, 400)
        sent = request.params | request.form
        ahead = int(sent["timestamp"]) - self.now_ms()
        if ahead > 1_000 or -ahead > int(sent.get("recvWindow", "5000")):
            return reply({"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}, 400)
        return None

    def base(self, params: dict[str, str]) -> str:
        base = params.get("symbol", "").removesuffix("USDT")
        if base not in self.market.contracts:
            raise Refused("unknown_market")
        return base

    # --- public ---

    def time(self, params: dict[str, str]) -> Reply:
        return reply({"serverTime": self.now_ms()})

    def exchange_info(self, params: dict[str, str]) -> Reply:
        rows = [_symbol(contract) for contract in self.market.contracts.values()]
        return reply({"timezone": "UTC", "serverTime": self.now_ms(), "rateLimits": [], "symbols": rows})

    def spot_info(self, params: dict[str, str]) -> Reply:
        rows = [_spot_symbol(contract) for contract in self.market.contracts.values()]
        return reply({"timezone": "UTC", "serverTime": self.now_ms(), "rateLimits": [], "symbols": rows})

    def klines(self, params: dict[str, str]) -> Reply:
        try:
            base = self.base(params)
        except Refused:
            return reply({"code": -1121, "msg": "Invalid symbol."}, 400)
        length, limit = LENGTHS[params["interval"]], int(params.get("limit", "500"))
        since = int(params.get("startTime", self.now_ms() - limit * length))
        rows = self.bars(base, length, since, int(params.get("endTime", self.now_ms())))[:limit]
        return reply([[at, *row, at + length - 1, "0", 1, "0", "0", "0"] for at, row in rows])

    def funding_rate(self, params: dict[str, str]) -> Reply:
        base, since, limit = self.base(params), int(params["startTime"]), int(params.get("limit", "100"))
        rows = [row for row in self.funding.get(base, ()) if row[0] >= since][:limit]
        return reply([{"symbol": f"{base}USDT", "fundingTime": at, "fundingRate": rate} for at, rate in rows])

    def book_ticker(self, params: dict[str, str]) -> Reply:
        rows = [
            {
                "symbol": f"{c.base}USDT",
                "bidPrice": text(c.bid),
                "bidQty": "5000",
                "askPrice": text(c.ask),
                "askQty": "4000",
                "time": self.now_ms(),
            }
            for c in self.market.contracts.values()
        ]
        return self._one_or_all(rows, params)

    def day_tickers(self, params: dict[str, str]) -> Reply:
        rows = [
            {
                "symbol": f"{c.base}USDT",
                "lastPrice": text(c.price),
                "openPrice": text(c.price * 4 / 5),
                "priceChangePercent": "25",
                "volume": "1000",
                "quoteVolume": "1234.5",
                "closeTime": self.now_ms(),
            }
            for c in self.market.contracts.values()
        ]
        return self._one_or_all(rows, params)

    def depth(self, params: dict[str, str]) -> Reply:
        contract = self.market.contracts[self.base(params)]
        steps = range(int(params.get("limit", "500")))
        bids = [[text(contract.bid - n * contract.tick), contract.rests] for n in steps]
        asks = [[text(contract.ask + n * contract.tick), contract.rests] for n in steps]
        now = self.now_ms()
        return reply({"lastUpdateId": 1, "E": now, "T": now, "bids": bids, "asks": asks})

    def trades(self, params: dict[str, str]) -> Reply:
        contract, now = self.market.contracts[self.base(params)], self.now_ms()
        row = {"id": 7, "price": text(contract.price), "qty": "10", "quoteQty": "1", "time": now, "isBuyerMaker": True}
        return reply([row])

    def premium_index(self, params: dict[str, str]) -> Reply:
        rows = [
            {
                "symbol": f"{c.base}USDT",
                "markPrice": text(c.price),
                "indexPrice": text(c.price),
                "lastFundingRate": "0.0001",
                "nextFundingTime": (self.now_ms() // 28_800_000 + 1) * 28_800_000,
                "time": self.now_ms(),
            }
            for c in self.market.contracts.values()
        ]
        return self._one_or_all(rows, params)

    def _one_or_all(self, rows: list[dict[str, Any]], params: dict[str, str]) -> Reply:
        if "symbol" not in params:
            return reply(rows)
        return next((reply(row) for row in rows if row["symbol"] == params["symbol"]), _INVALID)

    # --- orders ---

    def order_create(self, params: dict[str, str]) -> Reply:
        if params["type"] not in ("MARKET", "LIMIT"):
            return reply({"code": -4120, "msg": "Please use the Algo Order API endpoints instead."}, 400)
        if self.market.drawn("timeout_before"):
            return Reply(0, None)
        order = self.market.place(_order(self.base(params), params, self.market.mode(self.base(params))[1]))
        if self.market.drawn("timeout_after"):
            return Reply(0, None)
        return reply(self._order(order))

    def order_query(self, params: dict[str, str]) -> Reply:
        order = self._found(params)
        return reply(self._order(order)) if order else reply({"code": -2013, "msg": "Order does not exist."}, 400)

    def order_cancel(self, params: dict[str, str]) -> Reply:
        order = self._found(params)
        if order is None or order.status not in ("open", "partial"):
            return reply({"code": -2011, "msg": "Unknown order sent."}, 400)
        self.market.cancel(order)
        return Reply(0, None) if self.market.drawn("cancel_timeout") else reply(self._order(order))

    def open_orders(self, params: dict[str, str]) -> Reply:
        base = self.base(params) if "symbol" in params else None
        return reply([self._order(order) for order in self.market.working(base)])

    def all_orders(self, params: dict[str, str]) -> Reply:
        base, since = self.base(params), int(params.get("startTime", "0"))
        until = int(params.get("endTime", self.now_ms()))
        rows = [order for order in self.market.orders if order.base == base and since <= order.at_ms <= until]
        if "orderId" in params:
            rows = [order for order in self.market.orders if order.base == base]
            rows = [order for order in rows if order.number >= int(params["orderId"])]
        return reply([self._order(order) for order in rows[: int(params.get("limit", "500"))]])

    def user_trades(self, params: dict[str, str]) -> Reply:
        base, since = self.base(params), int(params.get("startTime", "0"))
        until = int(params.get("endTime", self.now_ms()))
        if until - since > 7 * 86_400_000 and "startTime" in params:
            return reply({"code": -4165, "msg": "Invalid time interval."}, 400)
        rows = [fill for fill in self.market.fills if fill.order.base == base and since <= fill.at_ms <= until]
        if "orderId" in params:
            rows = [fill for fill in rows if str(fill.order.number) == params["orderId"]]
        if "fromId" in params:
            rows = [fill for fill in rows if fill.number >= int(params["fromId"])]
        return reply([_fill(fill) for fill in rows[: int(params.get("limit", "500"))]])

    def _found(self, params: dict[str, str]) -> WireOrder | None:
        return self.market.find(
            self.base(params), client_id=params.get("origClientOrderId", ""), number=params.get("orderId", "")
        )

    def _order(self, order: WireOrder) -> dict[str, Any]:
        """What ends an immediate-or-cancel or market order early is called expiry here."""
        early = order.type == "market" or order.tif == "ioc"
        status = "EXPIRED" if order.status == "canceled" and early else STATUS[order.status]
        fills = self.market.fills_of(order)
        cost = sum((fill.price * fill.amount for fill in fills), Decimal(0))
        average = cost / order.filled if order.filled else Decimal(0)
        return {
            "orderId": order.number,
            "symbol": f"{order.base}USDT",
            "status": status,
            "clientOrderId": order.client_id,
            "price": text(order.price or Decimal(0)),
            "avgPrice": text(average),
            "origQty": text(order.amount),
            "executedQty": text(order.filled),
            "cumQuote": text(cost),
            "timeInForce": {"gtc": "GTC", "ioc": "IOC", "post_only": "GTX"}[order.tif],
            "type": order.type.upper(),
            "origType": order.type.upper(),
            "reduceOnly": order.reduce_only,
            "closePosition": False,
            "side": order.side.upper(),
            "positionSide": "BOTH",
            "stopPrice": "0",
            "workingType": "CONTRACT_PRICE",
            "time": order.at_ms,
            "updateTime": order.updated_ms,
        }

    # --- algo orders ---

    def algo_create(self, params: dict[str, str]) -> Reply:
        if self.market.drawn("timeout_before"):
            return Reply(0, None)
        base = self.base(params)
        wanted = params | {"type": "MARKET", "newClientOrderId": params["clientAlgoId"]}
        stop = _order(base, wanted, self.market.mode(base)[1])
        assert (params["algoType"], params["type"]) == ("CONDITIONAL", "STOP_MARKET")
        stop.trigger = Decimal(params["triggerPrice"])
        self.market.place_stop(stop)
        return Reply(0, None) if self.market.drawn("timeout_after") else reply(self._stop(stop))

    def algo_query(self, params: dict[str, str]) -> Reply:
        stop = self._found_stop(params)
        return reply(self._stop(stop)) if stop else reply({"code": -2013, "msg": "Order does not exist."}, 400)

    def algo_cancel(self, params: dict[str, str]) -> Reply:
        stop = self._found_stop(params)
        if stop is None or stop.status != "untriggered":
            return reply({"code": -2011, "msg": "Unknown order sent."}, 400)
        self.market.cancel_stop(stop)
        if self.market.drawn("cancel_timeout"):
            return Reply(0, None)
        return reply({"algoId": stop.number, "clientAlgoId": stop.client_id, "code": "200", "msg": "success"})

    def algo_open(self, params: dict[str, str]) -> Reply:
        base = self.base(params) if "symbol" in params else None
        return reply([self._stop(stop) for stop in self.market.waiting(base)])

    def algo_all(self, params: dict[str, str]) -> Reply:
        base, since = self.base(params), int(params.get("startTime", "0"))
        return reply([self._stop(stop) for stop in self.market.stops if stop.base == base and stop.at_ms >= since])

    def _found_stop(self, params: dict[str, str]) -> WireOrder | None:
        return self.market.find_stop(client_id=params.get("clientAlgoId", ""), number=params.get("algoId", ""))

    def _stop(self, stop: WireOrder) -> dict[str, Any]:
        status = {"untriggered": "NEW", "canceled": "CANCELED", "triggered": "FINISHED"}[stop.status]
        return {
            "algoId": stop.number,
            "clientAlgoId": stop.client_id,
            "algoType": "CONDITIONAL",
            "orderType": "STOP_MARKET",
            "symbol": f"{stop.base}USDT",
            "side": stop.side.upper(),
            "positionSide": "BOTH",
            "quantity": text(stop.amount),
            "algoStatus": status,
            "actualOrderId": str(stop.became.number) if stop.became else "",
            "triggerPrice": text(stop.trigger or Decimal(0)),
            "workingType": "MARK_PRICE",
            "reduceOnly": stop.reduce_only,
            "createTime": stop.at_ms,
            "updateTime": stop.updated_ms,
        }

    # --- account ---

    def position_risk(self, params: dict[str, str]) -> Reply:
        held = [base for base in self.market.contracts if self.market.held(base)]
        return reply([self._position(base) for base in held])

    def _position(self, base: str) -> dict[str, Any]:
        position, contract = self.market.positions[base], self.market.contracts[base]
        return {
            "symbol": f"{base}USDT",
            "positionSide": "BOTH",
            "positionAmt": text(position.amount),
            "entryPrice": text(position.entry_price or Decimal(0)),
            "breakEvenPrice": text(position.entry_price or Decimal(0)),
            "markPrice": text(contract.price),
            "unRealizedProfit": text(self.market.unrealised(base)),
            "liquidationPrice": "0",
            "isolatedMargin": "0",
            "notional": text(position.amount * contract.price),
            "marginAsset": "USDT",
            "isolatedWallet": "0",
            "initialMargin": "0",
            "maintMargin": "0",
            "updateTime": self.now_ms(),
        }

    def symbol_config(self, params: dict[str, str]) -> Reply:
        wanted = [self.base(params)] if "symbol" in params else list(self.market.contracts)
        rows = []
        for base in wanted:
            leverage, mode = self.market.mode(base)
            margin = "ISOLATED" if mode == "isolated" else "CROSSED"
            rows.append({"symbol": f"{base}USDT", "marginType": margin, "isAutoAddMargin": False, "leverage": leverage})
        return reply(rows)

    def account(self, params: dict[str, str]) -> Reply:
        asset = {
            "asset": "USDT",
            "walletBalance": text(self.market.wallet),
            "unrealizedProfit": text(self.market.equity() - self.market.wallet),
            "marginBalance": text(self.market.equity()),
            "availableBalance": text(self.market.free()),
            "maxWithdrawAmount": text(self.market.free()),
            "updateTime": self.now_ms(),
        }
        return reply({"totalWalletBalance": text(self.market.wallet), "assets": [asset], "positions": []})

    def income(self, params: dict[str, str]) -> Reply:
        since, wanted = int(params.get("startTime", "0")), params.get("incomeType")
        paid = [("FUNDING_FEE", one.base, one.amount, one.at_ms, one.number, "") for one in self.market.payments]
        paid += [
            ("COMMISSION", fill.order.base, -fill.fee, fill.at_ms, fill.number, str(fill.number))
            for fill in self.market.fills
        ]
        rows = [
            {
                "symbol": f"{base}USDT",
                "incomeType": kind,
                "income": text(amount),
                "asset": "USDT",
                "info": kind,
                "time": at_ms,
                "tranId": number,
                "tradeId": trade_id,
            }
            for kind, base, amount, at_ms, number, trade_id in sorted(paid, key=lambda one: one[3])
            if at_ms >= since and wanted in (None, kind)
        ]
        return reply(rows[: int(params.get("limit", "100"))])

    def leverage(self, params: dict[str, str]) -> Reply:
        base, wanted = self.base(params), int(params["leverage"])
        self.market.leverage_set(base, wanted)
        return reply({"leverage": wanted, "maxNotionalValue": "1000000", "symbol": params["symbol"]})

    def margin_type(self, params: dict[str, str]) -> Reply:
        base = self.base(params)
        mode = {"ISOLATED": "isolated", "CROSSED": "cross"}[params["marginType"]]
        if self.market.mode(base)[1] == mode:
            return reply({"code": -4046, "msg": "No need to change margin type."}, 400)
        self.market.margin_mode_set(base, mode)
        return reply({"code": 200, "msg": "success"})

    def position_mode(self, params: dict[str, str]) -> Reply:
        return reply({"dualSidePosition": self.market.hedged})

    def position_mode_set(self, params: dict[str, str]) -> Reply:
        wanted = params["dualSidePosition"] == "true"
        if wanted == self.market.hedged:
            return reply({"code": -4059, "msg": "No need to change position side."}, 400)
        self.market.hedged = wanted
        return reply({"code": 200, "msg": "success"})

    def brackets(self, params: dict[str, str]) -> Reply:
        rows = [
            {"symbol": f"{c.base}USDT", "brackets": [{"bracket": 1, "initialLeverage": c.max_leverage}]}
            for c in self.market.contracts.values()
        ]
        return reply(rows)

    def commission(self, params: dict[str, str]) -> Reply:
        taker, maker = text(self.market.taker), text(self.market.maker)
        return reply({"symbol": params["symbol"], "makerCommissionRate": maker, "takerCommissionRate": taker})

    def fee_burn(self, params: dict[str, str]) -> Reply:
        return reply({"feeBurn": self.burns})

    def restrictions(self, params: dict[str, str]) -> Reply:
        return reply(
            {
                "ipRestrict": True,
                "enableReading": True,
                "enableWithdrawals": self.withdraws,
                "enableFutures": True,
                "enableSpotAndMarginTrading": False,
            }
        )


_INVALID = reply({"code": -1121, "msg": "Invalid symbol."}, 400)


def _order(base: str, params: dict[str, str], margin_mode: str) -> WireOrder:
    tif = {"IOC": "ioc", "GTX": "post_only"}.get(params.get("timeInForce", "GTC"), "gtc")
    return WireOrder(
        number=0,
        client_id=params["newClientOrderId"],
        base=base,
        side=params["side"].lower(),
        type=params["type"].lower(),
        tif=tif,
        price=Decimal(params["price"]) if "price" in params else None,
        amount=Decimal(params["quantity"]),
        reduce_only=params.get("reduceOnly") == "true",
        at_ms=0,
        margin_mode=margin_mode,
    )


def _fill(fill: WireFill) -> dict[str, Any]:
    return {
        "symbol": f"{fill.order.base}USDT",
        "id": fill.number,
        "orderId": fill.order.number,
        "side": fill.order.side.upper(),
        "price": text(fill.price),
        "qty": text(fill.amount),
        "realizedPnl": text(fill.realised),
        "quoteQty": text(fill.price * fill.amount),
        "commission": text(fill.fee),
        "commissionAsset": "USDT",
        "time": fill.at_ms,
        "positionSide": "BOTH",
        "buyer": fill.order.side == "buy",
        "maker": False,
    }


def _symbol(contract: Contract) -> dict[str, Any]:
    return {
        "symbol": f"{contract.base}USDT",
        "pair": f"{contract.base}USDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1600000000000,
        "status": "PENDING_TRADING" if contract.frozen else "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 5,
        "quantityPrecision": 0,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.00001", "maxPrice": "1000", "tickSize": text(contract.tick)},
            {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "10000000", "stepSize": text(contract.lot)},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "5000000", "stepSize": text(contract.lot)},
            {"filterType": "MIN_NOTIONAL", "notional": text(contract.notional_min)},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _spot_symbol(contract: Contract) -> dict[str, Any]:
    return {
        "symbol": f"{contract.base}USDT",
        "status": "TRADING",
        "baseAsset": contract.base,
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.00001", "maxPrice": "1000", "tickSize": text(contract.tick)},
            {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "10000000", "stepSize": text(contract.lot)},
            {"filterType": "NOTIONAL", "minNotional": "5", "maxNotional": "9000000"},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


PUBLIC = {
    "GET /fapi/v1/time": BinanceServer.time,
    "GET /fapi/v1/exchangeInfo": BinanceServer.exchange_info,
    "GET /api/v3/exchangeInfo": BinanceServer.spot_info,
    "GET /fapi/v1/klines": BinanceServer.klines,
    "GET /api/v3/klines": BinanceServer.klines,
    "GET /fapi/v1/fundingRate": BinanceServer.funding_rate,
    "GET /fapi/v1/ticker/bookTicker": BinanceServer.book_ticker,
    "GET /api/v3/ticker/bookTicker": BinanceServer.book_ticker,
    "GET /fapi/v1/depth": BinanceServer.depth,
    "GET /api/v3/depth": BinanceServer.depth,
    "GET /fapi/v1/trades": BinanceServer.trades,
    "GET /api/v3/trades": BinanceServer.trades,
    "GET /fapi/v1/premiumIndex": BinanceServer.premium_index,
    "GET /fapi/v1/ticker/24hr": BinanceServer.day_tickers,
    "GET /api/v3/ticker/24hr": BinanceServer.day_tickers,
    "GET /api/v3/time": BinanceServer.time,
}
PRIVATE = {
    "POST /fapi/v1/order": BinanceServer.order_create,
    "GET /fapi/v1/order": BinanceServer.order_query,
    "DELETE /fapi/v1/order": BinanceServer.order_cancel,
    "GET /fapi/v1/openOrders": BinanceServer.open_orders,
    "GET /fapi/v1/allOrders": BinanceServer.all_orders,
    "POST /fapi/v1/algoOrder": BinanceServer.algo_create,
    "GET /fapi/v1/algoOrder": BinanceServer.algo_query,
    "DELETE /fapi/v1/algoOrder": BinanceServer.algo_cancel,
    "GET /fapi/v1/openAlgoOrders": BinanceServer.algo_open,
    "GET /fapi/v1/allAlgoOrders": BinanceServer.algo_all,
    "GET /fapi/v1/userTrades": BinanceServer.user_trades,
    "GET /fapi/v3/positionRisk": BinanceServer.position_risk,
    "GET /fapi/v1/symbolConfig": BinanceServer.symbol_config,
    "GET /fapi/v3/account": BinanceServer.account,
    "GET /fapi/v1/income": BinanceServer.income,
    "POST /fapi/v1/leverage": BinanceServer.leverage,
    "POST /fapi/v1/marginType": BinanceServer.margin_type,
    "GET /fapi/v1/positionSide/dual": BinanceServer.position_mode,
    "POST /fapi/v1/positionSide/dual": BinanceServer.position_mode_set,
    "GET /fapi/v1/leverageBracket": BinanceServer.brackets,
    "GET /fapi/v1/feeBurn": BinanceServer.fee_burn,
    "GET /fapi/v1/commissionRate": BinanceServer.commission,
    "GET /sapi/v1/account/apiRestrictions": BinanceServer.restrictions,
}
