"""Binance's spot market: a wallet and rows of its own. Trades and orders are told for a day at most in one question."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from exchanges.adapters.account_dialect import (
    AccountTerms,
    Examination,
    Instruments,
    OrderName,
    VenueFill,
    VenueOrder,
)
from exchanges.adapters.base import Balance, CoinBalance, OrderRequest
from exchanges.adapters.binance_orders import KEPT_MS, STATUS, sent_number
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.spot import NotOfSpot
from exchanges.adapters.wire_rows import Row, as_documented, number, table
from exchanges.errors import DuplicateOrder, Rejected
from trading.core.order_state import TERMINAL, OrderStatus

CURRENCY: Final = "USDT"
PAGE: Final = 1_000
DAY_MS: Final = 86_400_000 - 1_000
REFUSED_NEW: Final = "-2010"
"""Refusals of many kinds, that of a client id which is taken among them: the text alone says which."""
REASONS: Final[Mapping[str, str]] = {
    "duplicate": "duplicate",
    "insufficient balance": "insufficient_margin",
    "immediately match": "post_only",
}


class BinanceSpot(NotOfSpot):
    # --- orders ---

    def order_send(self, client: Client, market: Instrument, request: OrderRequest) -> str:
        params: dict[str, Any] = {
            "symbol": market.id,
            "side": request.side.upper(),
            "type": _type_sent(request),
            "quantity": market.to_venue(request.amount),
            "newClientOrderId": request.client_order_id,
            "newOrderRespType": "ACK",
        }
        if request.price is not None:
            params["price"] = plain(request.price)
        if params["type"] == "LIMIT":
            params["timeInForce"] = "IOC" if request.type == "ioc" else "GTC"
        send_by = request.send_by.timestamp()
        try:
            answer = client.change("privatePostOrder", params, send_by=send_by, closing=request.reduce_only)
        except Rejected as error:
            raise _refusal(error) from None
        return sent_number(answer, "orderId")

    def order_cancel(self, client: Client, market: Instrument, name: OrderName) -> None:
        params = {"symbol": market.id} | name.of("origClientOrderId", "orderId")
        client.change("privateDeleteOrder", params, closing=True)

    def order(self, client: Client, market: Instrument, name: OrderName) -> VenueOrder:
        params = {"symbol": market.id} | name.of("origClientOrderId", "orderId")
        with as_documented():
            return _order(client.read("privateGetOrder", params, closing=True), market)

    def orders_open(self, client: Client, markets: Instruments, market: Instrument | None) -> Sequence[VenueOrder]:
        params = {"symbol": market.id} if market else {}
        rows = table(client.read("privateGetOpenOrders", params, closing=True))
        with as_documented():
            return [_order(row, markets[row["symbol"]]) for row in rows if row["symbol"] in markets]

    def orders_closed(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueOrder]:
        rows = [row for start, end in _days(client, since_ms) for row in _orders(client, market, start, end)]
        with as_documented():
            found = [_order(row, market) for row in rows]
        return [order for order in found if order.status in TERMINAL]

    def fills_of(self, client: Client, order: VenueOrder) -> Sequence[VenueFill]:
        rows = _pages(client, "privateGetMyTrades", {"symbol": order.market.id, "orderId": order.number}, "id", None)
        with as_documented():
            return [_fill(row, order.market, order.client_id) for row in rows]

    def fills(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueFill]:
        """A fill here does not say its client order id: the orders of the same days do."""
        found: list[VenueFill] = []
        for start, end in _days(client, since_ms):
            period = {"symbol": market.id, "startTime": start, "endTime": end}
            rows = _pages(client, "privateGetMyTrades", period, "id", end)
            if not rows:
                continue
            with as_documented():
                names = _client_ids(client, market, start, end, {str(row["orderId"]) for row in rows})
                found += [_fill(row, market, names[str(row["orderId"])]) for row in rows]
        return found

    # --- the account ---

    def balance(self, client: Client) -> Balance:
        """Of the quote currency in the spot wallet."""
        held = {coin.currency: coin for coin in self.coins(client)}
        money = held.get(CURRENCY, CoinBalance(CURRENCY, number(""), number("")))
        return Balance(CURRENCY, money.total, money.total, money.free)

    def coins(self, client: Client) -> Sequence[CoinBalance]:
        rows = table(client.read("privateGetAccount", closing=True), "balances")
        with as_documented():
            found = [
                CoinBalance(row["asset"], number(row["free"]) + number(row["locked"]), number(row["free"]))
                for row in rows
            ]
        return [coin for coin in found if coin.total]

    def examine(self, client: Client) -> Examination:
        account = client.read("privateGetAccount")
        with as_documented():
            trades = str(account["canTrade"]).lower() == "true"
        return Examination(str(account.get("uid", "")), trades=trades, withdraws=None, one_way=True)

    def terms(self, client: Client) -> AccountTerms:
        with as_documented():
            rates = client.read("privateGetAccount")["commissionRates"]
            return AccountTerms({"": (number(rates["taker"]), number(rates["maker"]))})


def _type_sent(request: OrderRequest) -> str:
    if request.type == "market":
        return "MARKET"
    return "LIMIT_MAKER" if request.post_only else "LIMIT"


def _refusal(error: Rejected) -> Rejected:
    """Of what is refused under one code its text is the reason."""
    if error.code == REFUSED_NEW:
        for part, reason in REASONS.items():
            if part in error.message.lower():
                kind = DuplicateOrder if reason == "duplicate" else Rejected
                return kind(error.message, code=error.code, reason=reason)
    return error


def _order(row: Row, market: Instrument) -> VenueOrder:
    status = STATUS.get(row["status"], OrderStatus.OPEN)
    immediate = row["type"] == "MARKET" or row["timeInForce"] in ("IOC", "FOK")
    if status == OrderStatus.EXPIRED and immediate:
        status = OrderStatus.CANCELED
    filled, cost = number(row["executedQty"]), number(row["cummulativeQuoteQty"])
    return VenueOrder(
        market=market,
        number=str(row["orderId"]),
        client_id=row["clientOrderId"],
        status=status,
        amount=number(row["origQty"]) or filled,
        filled=filled,
        at_ms=int(row["updateTime"]),
        reason=_why(row["status"], status),
        side=row["side"].lower(),
        type="market" if row["type"] == "MARKET" else "ioc" if immediate else "limit",
        price=number(row.get("price")) or None,
        average=cost / filled if filled else None,
        post_only=row["type"] == "LIMIT_MAKER",
    )


def _why(told: str, status: OrderStatus) -> str:
    if told == "EXPIRED" and status == OrderStatus.CANCELED:
        return "nothing more within the limit"
    ended = status in (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
    return told.lower().replace("_", " ") if ended else ""


def _fill(row: Row, market: Instrument, client_id: str) -> VenueFill:
    """Its side is told as whether it bought."""
    return VenueFill(
        market=market,
        trade_id=str(row["id"]),
        number=str(row["orderId"]),
        client_id=client_id,
        side="buy" if str(row["isBuyer"]).lower() == "true" else "sell",
        price=number(row["price"]),
        amount=market.to_base(row["qty"]),
        fee=number(row["commission"]),
        fee_currency=row["commissionAsset"],
        at_ms=int(row["time"]),
    )


def _client_ids(client: Client, market: Instrument, start: int, end: int, wanted: set[str]) -> Mapping[str, str]:
    """An order that is older than its fill's day is asked for by itself."""
    rows = _orders(client, market, start, end)
    names = {str(row["orderId"]): str(row["clientOrderId"]) for row in rows}
    for missing in wanted - names.keys():
        one = client.read("privateGetOrder", {"symbol": market.id, "orderId": missing})
        names[missing] = str(one["clientOrderId"])
    return names


def _orders(client: Client, market: Instrument, start: int, end: int) -> list[Row]:
    period = {"symbol": market.id, "startTime": start, "endTime": end}
    return _pages(client, "privateGetAllOrders", period, "orderId", end)


NEXT: Final = {"id": "fromId", "orderId": "orderId"}
"""How the next page is asked for, by the name of what is counted in it."""


def _pages(client: Client, endpoint: str, params: Mapping[str, Any], counted: str, until: int | None) -> list[Row]:
    """All rows: the next page begins behind the last number of the one before, and knows no period."""
    page = table(client.read(endpoint, {**params, "limit": PAGE}, closing=True))
    rows = list(page)
    rest = {name: value for name, value in params.items() if name not in ("startTime", "endTime")}
    while len(page) == PAGE:
        with as_documented():
            behind = int(page[-1][counted]) + 1
            page = table(client.read(endpoint, {**rest, NEXT[counted]: behind, "limit": PAGE}, closing=True))
            rows += [row for row in page if until is None or int(row["time"]) <= until]
            if until is not None and page and int(page[-1]["time"]) > until:
                break
    return rows


def _days(client: Client, since_ms: int) -> Iterator[tuple[int, int]]:
    now = client.now_ms()
    start = max(since_ms, now - KEPT_MS)
    while start <= now:
        yield start, min(start + DAY_MS, now + 60_000)
        start += DAY_MS + 1
