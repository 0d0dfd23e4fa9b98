"""A Bybit account: perpetuals and dated futures of a unified account, linear or inverse.

Orders are looked up by `orderLinkId` alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

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
from exchanges.adapters.answers import NOT_OFFERED
from exchanges.adapters.base import Balance, CoinBalance, MarginMode, OrderRequest
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.wire_rows import Row, as_documented, number, table
from exchanges.errors import OrderNotFound, Rejected, Unavailable
from trading.core.order_state import TERMINAL, OrderStatus

CURRENCY: Final = "USDT"
SETTLED_IN: Final = ("USDT", "USDC")
PAGE: Final = 50
RISES, FALLS = 1, 2
"""How the mark price reaches a trigger."""
WEEK_MS: Final = 7 * 86_400_000 - 1_000
LOOKED_BACK_MS: Final = 26 * WEEK_MS
"""How far back executions are asked for."""

STATUS: Final[Mapping[str, OrderStatus]] = {
    "New": OrderStatus.OPEN,
    "Created": OrderStatus.OPEN,
    "Untriggered": OrderStatus.OPEN,
    "Triggered": OrderStatus.OPEN,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.CLOSED,
    "Cancelled": OrderStatus.CANCELED,
    "PartiallyFilledCanceled": OrderStatus.CANCELED,
    "Deactivated": OrderStatus.CANCELED,
    "Rejected": OrderStatus.REJECTED,
}
CAUSES: Final = {"BustTrade": "liquidation", "AdlTrade": "adl", "Delivery": "delivery", "Settle": "delivery"}
"""By the kind of execution: what the exchange closed by itself."""
MARGIN_MODES: Final[Mapping[str, MarginMode]] = {
    "ISOLATED_MARGIN": "isolated",
    "REGULAR_MARGIN": "cross",
    "PORTFOLIO_MARGIN": "cross",
}


class BybitAccount:
    """Of one category, which questions about all markets are asked for."""

    def __init__(self, category: str = "linear") -> None:
        self.category = category

    # --- orders ---

    def order_send(self, client: Client, market: Instrument, request: OrderRequest) -> str:
        params = self._params(market, request)
        answer = client.change(
            "privatePostV5OrderCreate", params, send_by=request.send_by.timestamp(), closing=request.reduce_only
        )
        return _sent_number(answer)

    def _params(self, market: Instrument, request: OrderRequest) -> dict[str, Any]:
        params: dict[str, Any] = {
            "category": market.category,
            "symbol": market.id,
            "side": request.side.title(),
            "orderType": "Market" if request.type in ("market", "stop") else "Limit",
            "qty": market.to_venue(request.amount),
            "orderLinkId": request.client_order_id,
            "positionIdx": 0,
        }
        if request.price is not None:
            immediate = "IOC" if request.type == "ioc" else "GTC"
            params |= {"price": plain(request.price), "timeInForce": "PostOnly" if request.post_only else immediate}
        if request.reduce_only:
            params["reduceOnly"] = True
        if request.trigger_price is not None:
            direction = RISES if request.side == "buy" else FALLS
            params |= {"triggerPrice": plain(request.trigger_price), "triggerDirection": direction}
            params["triggerBy"] = "MarkPrice"
        return params

    def order_cancel(self, client: Client, market: Instrument, name: OrderName) -> None:
        client.change("privatePostV5OrderCancel", _named(market, name), closing=True)

    def order(self, client: Client, market: Instrument, name: OrderName) -> VenueOrder:
        """Open orders and those that ended lately are at one endpoint, older ones at the other."""
        params = _named(market, name)
        for endpoint in ("privateGetV5OrderRealtime", "privateGetV5OrderHistory"):
            rows = table(client.read(endpoint, params, closing=True), "result", "list")
            if rows:
                with as_documented():
                    return _order(rows[0], market)
        raise OrderNotFound("no such order", code="empty")

    def orders_open(self, client: Client, markets: Instruments, market: Instrument | None) -> Sequence[VenueOrder]:
        rows = [row for params in self._lists(market) for row in _pages(client, "privateGetV5OrderRealtime", params)]
        with as_documented():
            found = [_order(row, markets[row["symbol"]]) for row in rows if row["symbol"] in markets]
        return [order for order in found if order.status not in TERMINAL]

    def _lists(self, market: Instrument | None) -> Sequence[dict[str, str]]:
        """The questions about open orders: of one market, or of all."""
        return [{"category": self.category, "symbol": market.id}] if market else _all_of(self.category)

    def orders_closed(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueOrder]:
        found: list[VenueOrder] = []
        for start, end in _weeks(client, since_ms):
            rows = list(_pages(client, "privateGetV5OrderHistory", _period(market, start, end)))
            with as_documented():
                found += [_order(row, market) for row in rows if int(row["createdTime"]) >= since_ms]
        return [order for order in found if order.status in TERMINAL]

    def fills_of(self, client: Client, order: VenueOrder) -> Sequence[VenueFill]:
        start = order.at_ms - WEEK_MS // 2
        params = _period(order.market, start, start + WEEK_MS) | {"orderId": order.number}
        return _fills(client, order.market, params)

    def fills(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueFill]:
        return [
            fill
            for start, end in _weeks(client, since_ms)
            for fill in _fills(client, market, _period(market, start, end))
        ]

    def traded(self, client: Client, since_ms: int) -> set[str]:
        found: set[str] = set()
        for start, end in _weeks(client, since_ms):
            params = {"category": self.category, "execType": "Trade", "startTime": start, "endTime": end}
            rows = list(_pages(client, "privateGetV5ExecutionList", params))
            with as_documented():
                found |= {str(row["symbol"]) for row in rows}
        return found

    # --- the account ---

    def positions(self, client: Client, markets: Instruments) -> Sequence[Held]:
        rows = [row for row in _positions(client, self.category) if row.get("symbol") in markets]
        if not rows:
            return []
        mode = _margin_mode(client)
        with as_documented():
            return [_held(row, markets[row["symbol"]], mode) for row in rows if number(row["size"])]

    def balance(self, client: Client) -> Balance:
        params = {"accountType": "UNIFIED", "coin": CURRENCY}
        rows = table(client.read("privateGetV5AccountWalletBalance", params, closing=True), "result", "list")
        with as_documented():
            coin: Row = next((coin for coin in rows[0]["coin"] if coin["coin"] == CURRENCY), {})
            total, equity = number(coin.get("walletBalance")), number(coin.get("equity"))
            return Balance(CURRENCY, total, equity, _free(rows[0], coin, equity))

    def coins(self, client: Client) -> Sequence[CoinBalance]:
        """`free` of a coin: not in an order and not in a position's margin."""
        rows = table(client.read("privateGetV5AccountWalletBalance", {"accountType": "UNIFIED"}), "result", "list")
        with as_documented():
            return [_coin(coin) for coin in rows[0]["coin"] if number(coin.get("walletBalance"))]

    def funding(self, client: Client, since_ms: int) -> Sequence[Funding]:
        found: list[Funding] = []
        for start, end in _weeks(client, since_ms):
            params = {"category": self.category, "execType": "Funding", "startTime": start, "endTime": end}
            rows = list(_pages(client, "privateGetV5ExecutionList", params))
            with as_documented():
                found += [
                    Funding(
                        row["execId"],
                        row["symbol"],
                        -number(row["execFee"]),
                        row.get("feeCurrency") or "",
                        int(row["execTime"]),
                    )
                    for row in reversed(rows)
                ]
        return found

    # --- settings ---

    def leverage(self, client: Client, market: Instrument, margin_mode: MarginMode) -> tuple[Decimal, MarginMode]:
        with as_documented():
            return number(_positions_of(client, market)[0]["leverage"]), _margin_mode(client)

    def leverage_set(self, client: Client, market: Instrument, leverage: int, margin_mode: MarginMode) -> None:
        params = {
            "category": market.category,
            "symbol": market.id,
            "buyLeverage": str(leverage),
            "sellLeverage": str(leverage),
        }
        client.change("privatePostV5PositionSetLeverage", params)

    def margin_mode_set(self, client: Client, market: Instrument, margin_mode: MarginMode) -> None:
        """One mode holds for the whole account: it is not changed under other positions. Raises Rejected."""
        if _margin_mode(client) == margin_mode:
            return
        if any(number(row.get("size")) for row in [*_positions(client, "linear"), *_inverse_positions(client)]):
            raise Rejected("the account has one margin mode, and positions in the other", code="margin_mode")
        mode = "ISOLATED_MARGIN" if margin_mode == "isolated" else "REGULAR_MARGIN"
        client.change("privatePostV5AccountSetMarginMode", {"setMarginMode": mode})

    def one_way(self, client: Client, market: Instrument | None) -> bool:
        """A market says which mode it is in even where nothing is held; without one, only what is held does."""
        rows = _positions_of(client, market) if market else _positions(client, self.category)
        return all(str(row.get("positionIdx", 0)) == "0" for row in rows)

    def one_way_set(self, client: Client, market: Instrument) -> None:
        params = {"category": market.category, "symbol": market.id, "mode": 0}
        client.change("privatePostV5PositionSwitchMode", params)

    def examine(self, client: Client) -> Examination:
        key = client.read("privateGetV5UserQueryApi")
        with as_documented():
            result = key["result"]
            permissions: Mapping[str, Sequence[str]] = result["permissions"]
            trading = bool(permissions.get("ContractTrade") or permissions.get("Derivatives"))
            return Examination(
                uid=str(result["userID"]),
                trades=str(result["readOnly"]) == "0" and trading,
                withdraws="Withdraw" in (permissions.get("Wallet") or ()),
                one_way=self.one_way(client, None),
            )

    def terms(self, client: Client) -> AccountTerms:
        rows = table(client.read("privateGetV5AccountFeeRate", {"category": self.category}), "result", "list")
        with as_documented():
            return AccountTerms(
                {row["symbol"]: (number(row["takerFeeRate"]), number(row["makerFeeRate"])) for row in rows}
            )


def _named(market: Instrument, name: OrderName) -> dict[str, str]:
    return {"category": market.category, "symbol": market.id} | name.of("orderLinkId", "orderId")


def _period(market: Instrument, start: int, end: int) -> dict[str, Any]:
    return {"category": market.category, "symbol": market.id, "startTime": start, "endTime": end}


def _sent_number(answer: Any) -> str:
    """The order is there whatever its answer looks like: its number can be asked for."""
    try:
        return str(answer["result"]["orderId"])
    except (LookupError, TypeError):
        return ""


def _order(row: Row, market: Instrument) -> VenueOrder:
    status = STATUS.get(row["orderStatus"], OrderStatus.OPEN)
    trigger = number(row.get("triggerPrice")) or None
    return VenueOrder(
        market=market,
        number=row["orderId"],
        client_id=row["orderLinkId"],
        status=status,
        amount=market.to_base(row["cumExecQty" if _is_by_value(row, market) else "qty"]),
        filled=market.to_base(row["cumExecQty"] or "0"),
        at_ms=int(row["updatedTime"]),
        reason=_why(row) if status in (OrderStatus.CANCELED, OrderStatus.REJECTED) else "",
        side=row["side"].lower(),
        type="stop" if trigger else _type(row),
        price=number(row.get("price")) or None if row["orderType"] == "Limit" else None,
        average=number(row.get("avgPrice")) or None,
        trigger=trigger,
        reduce_only=bool(row.get("reduceOnly")),
        post_only=row.get("timeInForce") == "PostOnly",
    )


def _is_by_value(row: Row, market: Instrument) -> bool:
    """A market order somebody placed elsewhere for so much money: what it filled is its amount."""
    return market.kind == "spot" and row.get("marketUnit") == "quoteCoin"


def _type(row: Row) -> str:
    if row["orderType"] == "Market":
        return "market"
    return "ioc" if row.get("timeInForce") in ("IOC", "FOK") else "limit"


def _why(row: Row) -> str:
    reason = str(row.get("rejectReason") or "")
    if reason and reason != "EC_NoError":
        return reason.removeprefix("EC_")
    return str(row.get("cancelType") or "canceled")


def _fills(client: Client, market: Instrument, params: Mapping[str, Any]) -> list[VenueFill]:
    """Oldest first; funding is told by the same endpoint and left out."""
    rows = list(_pages(client, "privateGetV5ExecutionList", params))
    with as_documented():
        return [_fill(row, market) for row in reversed(rows) if row["execType"] != "Funding"]


def _fill(row: Row, market: Instrument) -> VenueFill:
    return VenueFill(
        market=market,
        trade_id=row["execId"],
        number=row["orderId"],
        client_id=row["orderLinkId"],
        side=row["side"].lower(),
        price=number(row["execPrice"]),
        amount=market.to_base(row["execQty"]),
        fee=number(row["execFee"]),
        fee_currency=row.get("feeCurrency") or _fee_currency(row, market),
        at_ms=int(row["execTime"]),
        cause=_cause(row),
    )


def _fee_currency(row: Row, market: Instrument) -> str:
    """Of spot: paid in what is received, a rebate comes in what is given, as Bybit documents it."""
    if market.kind != "spot":
        return market.rules.settle
    receives_base = (row["side"] == "Buy") == (number(row["execFee"]) >= 0)
    return market.rules.base if receives_base else market.rules.quote


def _cause(row: Row) -> str:
    """Some liquidations are ordinary trades of an order that the exchange placed."""
    if "Liq" in str(row.get("createType", "")) or "TakeOver" in str(row.get("createType", "")):
        return "liquidation"
    return CAUSES.get(str(row.get("execType", "")), "")


def _positions(client: Client, category: str) -> list[Row]:
    return [row for params in _all_of(category) for row in _pages(client, "privateGetV5PositionList", params)]


def _inverse_positions(client: Client) -> list[Row]:
    """None where the account trades no inverse contracts."""
    try:
        return _positions(client, "inverse")
    except Rejected:
        return []
    except Unavailable as error:
        if error.reason != NOT_OFFERED:
            raise
        return []


def _all_of(category: str) -> list[dict[str, str]]:
    """The questions about all markets of a category: linear ones are asked for by what they settle in."""
    if category == "inverse":
        return [{"category": category}]
    return [{"category": category, "settleCoin": coin} for coin in SETTLED_IN]


def _positions_of(client: Client, market: Instrument) -> list[Row]:
    params = {"category": market.category, "symbol": market.id}
    return table(client.read("privateGetV5PositionList", params), "result", "list")


def _margin_mode(client: Client) -> MarginMode:
    with as_documented():
        return MARGIN_MODES[client.read("privateGetV5AccountInfo", closing=True)["result"]["marginMode"]]


def _held(row: Row, market: Instrument, mode: MarginMode) -> Held:
    sign = -1 if row["side"] == "Sell" else 1
    return Held(
        market=market,
        amount=sign * market.to_base(row["size"]),
        entry=number(row["avgPrice"]),
        mark=number(row["markPrice"]),
        unrealised=number(row["unrealisedPnl"]),
        leverage=number(row["leverage"]),
        margin_mode=mode,
    )


def _coin(coin: Row) -> CoinBalance:
    total = number(coin["walletBalance"])
    used = number(coin.get("locked")) + number(coin.get("totalPositionIM")) + number(coin.get("totalOrderIM"))
    return CoinBalance(coin["coin"], total, max(total - used, Decimal(0)))


def _free(account: Row, coin: Row, equity: Decimal) -> Decimal:
    """Told in dollars for the whole account under cross margin, and not at all under isolated margin."""
    if account.get("totalAvailableBalance"):
        worth = number(coin.get("usdValue"))
        return number(account["totalAvailableBalance"]) * (equity / worth if worth else 1)
    used = number(coin.get("totalPositionIM")) + number(coin.get("totalOrderIM"))
    return max(number(coin.get("walletBalance")) - used, Decimal(0))


def _weeks(client: Client, since_ms: int) -> Iterator[tuple[int, int]]:
    """A question about executions covers a week at most."""
    now = client.now_ms()
    start = max(since_ms, now - LOOKED_BACK_MS)
    while start <= now:
        yield start, start + WEEK_MS
        start += WEEK_MS + 1


def _pages(client: Client, endpoint: str, params: Mapping[str, Any]) -> Iterator[Row]:
    """Newest first, page by page."""
    cursor: dict[str, str] = {}
    while True:
        answer = client.read(endpoint, {**params, **cursor, "limit": PAGE}, closing=True)
        yield from table(answer, "result", "list")
        behind = answer["result"].get("nextPageCursor")
        if not behind:
            return
        cursor = {"cursor": behind}
