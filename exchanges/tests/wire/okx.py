"""OKX as its documentation says: swaps in contracts, rows newest first, order errors inside an answer of status 200."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.market import Contract, Payment, Refused, WireFill, WireOrder
from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET, Reply, Request, WireServer, reply, text

REFUSALS = {
    "duplicate": ("51016", "Client order ID already exists."),
    "unknown_market": ("51001", "Instrument ID doesn't exist."),
    "lot": ("51121", "Order quantity must be a multiple of the lot size."),
    "tick": ("51006", "Order price is not within the price limit."),
    "notional": ("51020", "Your order should meet or exceed the minimum order amount."),
    "margin": ("51008", "Order failed. Insufficient USDT margin in account."),
    "reduce_only": ("51169", "Order failed because you don't have any positions in this direction to reduce or close."),
    "would_trigger": ("51280", "SL trigger price cannot be on the wrong side of the last price."),
    "leverage": ("59102", "Leverage exceeds the maximum limit."),
    "position_mode": ("51000", "Parameter posSide error"),
    "margin_mode": ("59000", "Settings failed. Close any open positions before modifying settings."),
}
STOP_REFUSALS = {"duplicate": ("51065", "algoClOrdId already exists.")}
STATE = {"open": "live", "partial": "partially_filled", "filled": "filled", "canceled": "canceled"}
LENGTHS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1H": 3_600_000, "1Dutc": 86_400_000}
TIF = {"ioc": "ioc", "optimal_limit_ioc": "ioc", "post_only": "post_only"}


def contracts() -> dict[str, Contract]:
    size = Decimal(10)
    return {
        "GALA": Contract("GALA", Decimal("0.02"), Decimal("0.00001"), size, size, Decimal(0)),
        "CHZ": Contract("CHZ", Decimal("0.05"), Decimal("0.00001"), size, size, Decimal(0)),
    }


def good(rows: Iterable[Any]) -> Reply:
    return reply({"code": "0", "msg": "", "data": list(rows)})


def bad(code: str, message: str, status: int = 200) -> Reply:
    return reply({"code": code, "msg": message, "data": []}, status)


class OkxServer(WireServer):
    order_path = "/trade/batch-orders"

    def __init__(self) -> None:
        super().__init__(contracts())
        self.modes: dict[tuple[str, str], int] = {}

    def answer(self, request: Request) -> Reply:
        name = f"{request.method} {request.path.removeprefix('/api/v5')}"
        try:
            if name in PUBLIC:
                return getattr(self, PUBLIC[name].__name__)(request.params)
            if name not in PRIVATE:
                return bad("50404", "Not found", 404)
            if refusal := self._unsigned(request):
                return refusal
            asked = json.loads(request.body) if request.body else request.params
            return getattr(self, PRIVATE[name].__name__)(asked)
        except Refused as error:
            return bad(*REFUSALS[error.name])

    def _unsigned(self, request: Request) -> Reply | None:
        headers = request.headers
        if headers.get("ok-access-key") != KEY:
            return bad("50111", "Invalid OK-ACCESS-KEY.", 401)
        if headers.get("ok-access-passphrase") != PASSPHRASE:
            return bad("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.", 401)
        stamp = headers["ok-access-timestamp"]
        target = request.path + (f"?{request.query}" if request.query else "")
        signed = hmac.new(SECRET.encode(), (stamp + request.method + target + request.body).encode(), hashlib.sha256)
        if base64.b64encode(signed.digest()).decode() != headers.get("ok-access-sign"):
            return bad("50113", "Invalid Sign", 401)
        at_ms = datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() * 1000
        if abs(at_ms - self.now_ms()) > 30_000:
            return bad("50102", "Timestamp request expired", 401)
        if "exptime" in headers and int(headers["exptime"]) < self.now_ms():
            return bad("50036", "The expTime can't be earlier than the current system time.")
        return None

    def base(self, params: dict[str, Any]) -> str:
        base = str(params.get("instId", "")).removesuffix("-USDT-SWAP")
        if base not in self.market.contracts:
            raise Refused("unknown_market")
        return base

    # --- public ---

    def time(self, params: dict[str, str]) -> Reply:
        return good([{"ts": str(self.now_ms())}])

    def instruments(self, params: dict[str, str]) -> Reply:
        listed = self.market.contracts.values()
        rows = {"SWAP": [_swap(contract) for contract in listed], "SPOT": [_spot(contract) for contract in listed]}
        if params.get("uly") == "BTC-USD":
            return good([OPTION])
        return good(rows.get(params["instType"], []))

    def tickers(self, params: dict[str, str]) -> Reply:
        now = str(self.now_ms())
        if params["instType"] == "OPTION":
            touch = {"bidPx": "0.05", "bidSz": "1", "askPx": "0.06", "askSz": "2", "last": "0.055"}
            return good([{"instType": "OPTION", "instId": OPTION["instId"], "ts": now, **touch}])
        if params["instType"] != "SWAP":
            return good([])
        return good(
            {
                "instType": "SWAP",
                "instId": f"{c.base}-USDT-SWAP",
                "last": text(c.price),
                "lastSz": "1",
                "askPx": text(c.ask),
                "askSz": "400",
                "bidPx": text(c.bid),
                "bidSz": "500",
                "open24h": text(c.price * 4 / 5),
                "high24h": text(c.price),
                "low24h": text(c.price),
                "volCcy24h": "1000",
                "vol24h": "100",
                "ts": now,
            }
            for c in self.market.contracts.values()
        )

    def candles(self, params: dict[str, str], most: int = 300) -> Reply:
        """Rows between the two ends, both excluded; where there are too many, the newest."""
        length = LENGTHS[params["bar"]]
        since = int(params["before"]) + 1 if "before" in params else 0
        until = int(params["after"]) - 1 if "after" in params else self.now_ms()
        rows = self.bars(self.base(params), length, since, until)[::-1][: min(int(params.get("limit", "100")), most)]
        now = self.now_ms()
        return good([str(at), *row[:4], "100", row[4], "20", "1" if at + length <= now else "0"] for at, row in rows)

    def history_candles(self, params: dict[str, str]) -> Reply:
        return self.candles(params, most=100)

    def funding_history(self, params: dict[str, str]) -> Reply:
        since = int(params["before"]) if "before" in params else 0
        until = int(params["after"]) if "after" in params else self.now_ms() + 1
        rows = [row for row in self.funding.get(self.base(params), ()) if since < row[0] < until][::-1]
        return good(
            {
                "instType": "SWAP",
                "instId": params["instId"],
                "fundingRate": "9",
                "realizedRate": rate,
                "fundingTime": str(at),
            }
            for at, rate in rows[: int(params.get("limit", "100"))]
        )

    def funding_rate(self, params: dict[str, str]) -> Reply:
        next_at = (self.now_ms() // 28_800_000 + 1) * 28_800_000
        listed = [f"{base}-USDT-SWAP" for base in self.market.contracts]
        names = listed if params["instId"] == "ANY" else [f"{self.base(params)}-USDT-SWAP"]
        row = {"fundingRate": "0.0001", "fundingTime": str(next_at), "nextFundingRate": ""}
        return good([{"instId": name, **row} for name in names])

    def mark_price(self, params: dict[str, str]) -> Reply:
        return good(
            {"instType": "SWAP", "instId": f"{c.base}-USDT-SWAP", "markPx": text(c.price), "ts": str(self.now_ms())}
            for c in self.market.contracts.values()
        )

    def books(self, params: dict[str, str]) -> Reply:
        contract = self.market.contracts[self.base(params)]
        steps = range(int(params.get("sz", "1")))
        bids = [[text(contract.bid - n * contract.tick), contract.rests, "0", "2"] for n in steps]
        asks = [[text(contract.ask + n * contract.tick), contract.rests, "0", "2"] for n in steps]
        return good([{"asks": asks, "bids": bids, "ts": str(self.now_ms())}])

    def trades(self, params: dict[str, str]) -> Reply:
        price = text(self.market.contracts[self.base(params)].price)
        row = {
            "instId": params["instId"],
            "tradeId": "7",
            "px": price,
            "sz": "3",
            "side": "buy",
            "ts": str(self.now_ms()),
        }
        return good([row])

    # --- orders ---

    def orders_create(self, rows: list[dict[str, Any]]) -> Reply:
        if self.market.drawn("timeout_before"):
            return Reply(0, None)
        row = rows[0]
        try:
            order = self.market.place(_order(self.base(row), row, self.market.contracts))
        except Refused as error:
            return _row_refused(row["clOrdId"], *REFUSALS[error.name])
        if self.market.drawn("timeout_after"):
            return Reply(0, None)
        row = {"clOrdId": order.client_id, "ordId": str(order.number), "tag": "", "sCode": "0", "sMsg": "", "ts": ""}
        return good([row])

    def order_query(self, params: dict[str, str]) -> Reply:
        order = self._found(params)
        return good([self._order(order)]) if order else bad("51603", "Order does not exist")

    def order_cancel(self, params: dict[str, str]) -> Reply:
        order = self._found(params)
        if order is None:
            return _row_refused(params.get("clOrdId", ""), "51400", "Cancellation failed as the order does not exist.")
        if order.status not in ("open", "partial"):
            code = "51402" if order.status == "filled" else "51401"
            return _row_refused(order.client_id, code, "Cancellation failed as the order is over.")
        self.market.cancel(order)
        if self.market.drawn("cancel_timeout"):
            return Reply(0, None)
        return good([{"clOrdId": order.client_id, "ordId": str(order.number), "sCode": "0", "sMsg": ""}])

    def orders_pending(self, params: dict[str, str]) -> Reply:
        base = self.base(params) if "instId" in params else None
        rows = [order for order in self.market.working(base) if order.number < int(params.get("after", 10**15))]
        return good([self._order(order) for order in rows[::-1][: int(params.get("limit", "100"))]])

    def orders_history(self, params: dict[str, str]) -> Reply:
        base, begin = self.base(params), int(params.get("begin", "0"))
        rows = [
            order
            for order in self.market.orders
            if order.base == base
            and order.status in ("filled", "canceled")
            and order.at_ms >= begin
            and order.number < int(params.get("after", 10**15))
        ]
        return good([self._order(order) for order in rows[::-1][: int(params.get("limit", "100"))]])

    # --- algo orders ---

    def algo_create(self, row: dict[str, Any]) -> Reply:
        if self.market.drawn("timeout_before"):
            return Reply(0, None)
        base = self.base(row)
        stop = _order(base, row | {"ordType": "market", "clOrdId": row["algoClOrdId"]}, self.market.contracts)
        assert (row["ordType"], row["slOrdPx"]) == ("conditional", "-1")
        stop.trigger = Decimal(row["slTriggerPx"])
        try:
            stop = self.market.place_stop(stop)
        except Refused as error:
            code, message = STOP_REFUSALS.get(error.name) or REFUSALS[error.name]
            return reply({"code": "1", "msg": "", "data": [{"algoId": "", "sCode": code, "sMsg": message}]})
        if self.market.drawn("timeout_after"):
            return Reply(0, None)
        return good([{"algoId": str(stop.number), "algoClOrdId": stop.client_id, "sCode": "0", "sMsg": ""}])

    def algo_query(self, params: dict[str, str]) -> Reply:
        stop = self._found_stop(params)
        return good([self._stop(stop)]) if stop else bad("51603", "Order does not exist")

    def algo_cancel(self, rows: list[dict[str, Any]]) -> Reply:
        stop = self._found_stop(rows[0])
        if stop is None or stop.status != "untriggered":
            return reply({"code": "1", "msg": "", "data": [{"algoId": "", "sCode": "51400", "sMsg": "not there"}]})
        self.market.cancel_stop(stop)
        if self.market.drawn("cancel_timeout"):
            return Reply(0, None)
        return good([{"algoId": str(stop.number), "sCode": "0", "sMsg": ""}])

    def algo_pending(self, params: dict[str, str]) -> Reply:
        base = self.base(params) if "instId" in params else None
        return good([self._stop(stop) for stop in self.market.waiting(base)[::-1]])

    def algo_history(self, params: dict[str, str]) -> Reply:
        base = self.base(params)
        rows = [self._stop(stop) for stop in self.market.stops if stop.base == base][::-1]
        return good([row for row in rows if row["state"] == params["state"]])

    def _found_stop(self, params: dict[str, Any]) -> WireOrder | None:
        return self.market.find_stop(client_id=params.get("algoClOrdId", ""), number=str(params.get("algoId", "")))

    def _stop(self, stop: WireOrder) -> dict[str, Any]:
        state = {"untriggered": "live", "canceled": "canceled", "triggered": "effective"}[stop.status]
        return {
            "instType": "SWAP",
            "instId": f"{stop.base}-USDT-SWAP",
            "algoId": str(stop.number),
            "algoClOrdId": stop.client_id,
            "ordId": str(stop.became.number) if stop.became else "",
            "ordIdList": [str(stop.became.number)] if stop.became else [],
            "ordType": "conditional",
            "side": stop.side,
            "sz": text(stop.amount / self.market.contracts[stop.base].size),
            "state": state,
            "slTriggerPx": text(stop.trigger or Decimal(0)),
            "slOrdPx": "-1",
            "tpTriggerPx": "",
            "reduceOnly": str(stop.reduce_only).lower(),
            "failCode": "0",
            "cTime": str(stop.at_ms),
            "uTime": str(stop.updated_ms),
        }

    def fills(self, params: dict[str, str]) -> Reply:
        rows = self.market.fills
        if "instId" in params:
            rows = [fill for fill in rows if fill.order.base == self.base(params)]
        if "ordId" in params:
            rows = [fill for fill in rows if str(fill.order.number) == params["ordId"]]
        begin, end = int(params.get("begin", "0")), int(params.get("end", self.now_ms()))
        rows = [fill for fill in rows if begin <= fill.at_ms <= end and fill.number < int(params.get("after", 10**15))]
        return good([self._fill(fill) for fill in rows[::-1][: int(params.get("limit", "100"))]])

    def _found(self, params: dict[str, Any]) -> WireOrder | None:
        return self.market.find(
            self.base(params), client_id=params.get("clOrdId", ""), number=str(params.get("ordId", ""))
        )

    def _order(self, order: WireOrder) -> dict[str, Any]:
        size = self.market.contracts[order.base].size
        fills = self.market.fills_of(order)
        kind = order.type if order.type == "market" else {"gtc": "limit"}.get(order.tif, order.tif)
        return {
            "instType": "SWAP",
            "instId": f"{order.base}-USDT-SWAP",
            "ordId": str(order.number),
            "clOrdId": order.client_id,
            "px": text(order.price) if order.price else "",
            "sz": text(order.amount / size),
            "ordType": kind,
            "side": order.side,
            "posSide": "net",
            "tdMode": order.margin_mode,
            "accFillSz": text(order.filled / size),
            "fillPx": text(fills[-1].price) if fills else "",
            "avgPx": text(self.market.average(order)) if order.filled else "",
            "state": STATE[order.status],
            "reduceOnly": str(order.reduce_only).lower(),
            "cancelSource": ("31" if order.why == "would take" else "1") if order.status == "canceled" else "",
            "cancelSourceReason": order.why,
            "fee": text(-sum((fill.fee for fill in fills), Decimal(0))),
            "feeCcy": "USDT",
            "cTime": str(order.at_ms),
            "uTime": str(order.updated_ms),
        }

    def _fill(self, fill: WireFill) -> dict[str, Any]:
        size = self.market.contracts[fill.order.base].size
        return {
            "instType": "SWAP",
            "instId": f"{fill.order.base}-USDT-SWAP",
            "tradeId": str(fill.number),
            "billId": str(fill.number),
            "ordId": str(fill.order.number),
            "clOrdId": fill.order.client_id,
            "fillPx": text(fill.price),
            "fillSz": text(fill.amount / size),
            "side": fill.order.side,
            "posSide": "net",
            "subType": {"liquidation": "104", "adl": "125", "delivery": "112"}.get(fill.order.why, "1"),
            "execType": "T",
            "fee": text(-fill.fee),
            "feeCcy": "USDT",
            "fillPnl": text(fill.realised),
            "ts": str(fill.at_ms),
            "fillTime": str(fill.at_ms),
        }

    # --- account ---

    def positions(self, params: dict[str, str]) -> Reply:
        return good([self._position(base) for base in self.market.contracts if self.market.held(base)])

    def _position(self, base: str) -> dict[str, Any]:
        position, contract = self.market.positions[base], self.market.contracts[base]
        mode = next((o.margin_mode for o in reversed(self.market.orders) if o.base == base), "cross")
        return {
            "instType": "SWAP",
            "instId": f"{base}-USDT-SWAP",
            "mgnMode": mode,
            "posSide": "net",
            "pos": text(position.amount / contract.size),
            "avgPx": text(self.market.entry(base)),
            "markPx": text(contract.price),
            "upl": text(self.market.unrealised(base)),
            "lever": str(self.modes.get((base, mode), 10)),
            "liqPx": "",
            "uTime": str(self.now_ms()),
        }

    def balance(self, params: dict[str, str]) -> Reply:
        row = {
            "ccy": "USDT",
            "cashBal": text(self.market.wallet),
            "eq": text(self.market.equity()),
            "availEq": text(self.market.free()),
            "availBal": text(self.market.free()),
            "upl": text(self.market.equity() - self.market.wallet),
            "uTime": str(self.now_ms()),
        }
        return good([{"totalEq": text(self.market.equity()), "details": [row], "uTime": str(self.now_ms())}])

    def bills(self, params: dict[str, str]) -> Reply:
        begin, after = int(params.get("begin", "0")), int(params.get("after", 10**15))
        rows = [row for row in self.market.payments if row.at_ms >= begin and row.number < after]
        return good([_bill(row) for row in rows[::-1][: int(params.get("limit", "100"))]])

    def config(self, params: dict[str, str]) -> Reply:
        permissions = "read_only,trade" + (",withdraw" if self.withdraws else "")
        mode = "long_short_mode" if self.market.hedged else "net_mode"
        return good([{"uid": "44705892343619584", "acctLv": "2", "posMode": mode, "perm": permissions, "ip": ""}])

    def position_mode(self, params: dict[str, str]) -> Reply:
        if any(self.market.held(base) for base in self.market.contracts):
            raise Refused("margin_mode")
        self.market.hedged = params["posMode"] == "long_short_mode"
        return good([params])

    def leverage_info(self, params: dict[str, str]) -> Reply:
        mode = params["mgnMode"]
        leverage = str(self.modes.get((self.base(params), mode), 10))
        return good([{"instId": params["instId"], "mgnMode": mode, "posSide": "net", "lever": leverage}])

    def leverage_set(self, params: dict[str, str]) -> Reply:
        base, wanted = self.base(params), int(params["lever"])
        self.market.leverage_set(base, wanted)
        self.modes[base, params["mgnMode"]] = wanted
        return good([params])

    def trade_fee(self, params: dict[str, str]) -> Reply:
        taker, maker = text(-self.market.taker), text(-self.market.maker)
        return good([{"taker": taker, "maker": maker, "takerU": taker, "makerU": maker, "level": "Lv1", "ts": "1"}])


def _order(base: str, row: dict[str, Any], contracts: dict[str, Contract]) -> WireOrder:
    kind = row["ordType"]
    return WireOrder(
        number=0,
        client_id=row["clOrdId"],
        base=base,
        side=row["side"],
        type="market" if kind == "market" else "limit",
        tif=TIF.get(kind, "gtc"),
        price=Decimal(row["px"]) if "px" in row else None,
        amount=Decimal(row["sz"]) * contracts[base].size,
        reduce_only=row.get("reduceOnly") in (True, "true"),
        at_ms=0,
        margin_mode=row["tdMode"],
    )


def _row_refused(client_id: str, code: str, message: str) -> Reply:
    row = {"clOrdId": client_id, "ordId": "", "tag": "", "sCode": code, "sMsg": message}
    return reply({"code": "1", "msg": "All operations failed", "data": [row]})


def _bill(payment: Payment) -> dict[str, Any]:
    """What is received here goes to a position with a margin of its own."""
    return {
        "billId": str(payment.number),
        "instId": f"{payment.base}-USDT-SWAP",
        "type": "8",
        "subType": "174" if payment.amount > 0 else "173",
        "ccy": "USDT",
        "balChg": text(min(payment.amount, Decimal(0))),
        "posBalChg": text(max(payment.amount, Decimal(0))),
        "ts": str(payment.at_ms),
    }


def _swap(contract: Contract) -> dict[str, Any]:
    return {
        "instType": "SWAP",
        "instId": f"{contract.base}-USDT-SWAP",
        "uly": f"{contract.base}-USDT",
        "instFamily": f"{contract.base}-USDT",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": "USDT",
        "ctVal": text(contract.size),
        "ctMult": "1",
        "ctValCcy": contract.base,
        "ctType": "linear",
        "optType": "",
        "stk": "",
        "listTime": "1606468572000",
        "expTime": "",
        "lever": str(contract.max_leverage),
        "tickSz": text(contract.tick),
        "lotSz": text(contract.lot / contract.size),
        "minSz": text(contract.lot / contract.size),
        "maxLmtSz": "10000000",
        "maxMktSz": "250000",
        "state": "suspend" if contract.frozen else "live",
        "instIdCode": 1000,
    }


def _spot(contract: Contract) -> dict[str, Any]:
    return _swap(contract) | {
        "instType": "SPOT",
        "instId": f"{contract.base}-USDT",
        "uly": "",
        "instFamily": "",
        "baseCcy": contract.base,
        "quoteCcy": "USDT",
        "settleCcy": "",
        "ctVal": "",
        "ctMult": "",
        "ctValCcy": "",
        "ctType": "",
    }


OPTION = {
    "instType": "OPTION",
    "instId": "BTC-USD-301227-50000-C",
    "uly": "BTC-USD",
    "instFamily": "BTC-USD",
    "baseCcy": "",
    "quoteCcy": "",
    "settleCcy": "BTC",
    "ctVal": "1",
    "ctMult": "0.01",
    "ctValCcy": "BTC",
    "ctType": "",
    "optType": "C",
    "stk": "50000",
    "listTime": "1606468572000",
    "expTime": "1924588800000",
    "lever": "",
    "tickSz": "0.0005",
    "lotSz": "1",
    "minSz": "1",
    "maxLmtSz": "100000",
    "maxMktSz": "",
    "state": "live",
}

PUBLIC = {
    "GET /public/time": OkxServer.time,
    "GET /public/instruments": OkxServer.instruments,
    "GET /public/funding-rate-history": OkxServer.funding_history,
    "GET /public/funding-rate": OkxServer.funding_rate,
    "GET /public/mark-price": OkxServer.mark_price,
    "GET /market/tickers": OkxServer.tickers,
    "GET /market/candles": OkxServer.candles,
    "GET /market/history-candles": OkxServer.history_candles,
    "GET /market/books": OkxServer.books,
    "GET /market/trades": OkxServer.trades,
}
PRIVATE: dict[str, Any] = {
    "POST /trade/batch-orders": OkxServer.orders_create,
    "POST /trade/cancel-order": OkxServer.order_cancel,
    "GET /trade/order": OkxServer.order_query,
    "GET /trade/orders-pending": OkxServer.orders_pending,
    "GET /trade/orders-history": OkxServer.orders_history,
    "GET /trade/orders-history-archive": OkxServer.orders_history,
    "POST /trade/order-algo": OkxServer.algo_create,
    "GET /trade/order-algo": OkxServer.algo_query,
    "POST /trade/cancel-algos": OkxServer.algo_cancel,
    "GET /trade/orders-algo-pending": OkxServer.algo_pending,
    "GET /trade/orders-algo-history": OkxServer.algo_history,
    "GET /trade/fills": OkxServer.fills,
    "GET /trade/fills-history": OkxServer.fills,
    "GET /account/positions": OkxServer.positions,
    "GET /account/balance": OkxServer.balance,
    "GET /account/bills": OkxServer.bills,
    "GET /account/bills-archive": OkxServer.bills,
    "GET /account/config": OkxServer.config,
    "POST /account/set-position-mode": OkxServer.position_mode,
    "GET /account/leverage-info": OkxServer.leverage_info,
    "POST /account/set-leverage": OkxServer.leverage_set,
    "GET /account/trade-fee": OkxServer.trade_fee,
}
