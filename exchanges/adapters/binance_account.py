"""A Binance account: USD-M futures."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from exchanges.adapters import binance_stops
from exchanges.adapters.account_dialect import (
    AccountTerms,
    Examination,
    Funding,
    Held,
    Instruments,
    OrderName,
    VenueFill,
    VenueOrder,
    merged,
)
from exchanges.adapters.base import Balance, CoinBalance, MarginMode, OrderRequest
from exchanges.adapters.binance_orders import order_of, order_read, sent_number, weeks
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument, plain
from exchanges.adapters.wire_rows import Row, as_documented, number, table
from exchanges.errors import AuthFailed, ExchangeError
from trading.core.order_state import TERMINAL

CURRENCY: Final = "USDT"
PAGE: Final = 1_000
TRADES: Final = "fapiPrivateGetUserTrades"
CAUSES: Final = {"autoclose-": "liquidation", "adl_autoclose": "adl", "settlement_autoclose": "delivery"}
"""How the client ids of orders begin that the exchange placed by itself."""
SETTINGS: Final = ("fapiPrivateGetSymbolConfig", "fapiPrivateV2GetPositionRisk")
"""Where leverage and margin mode of markets are told: the second is older."""


class BinanceAccount:
    # --- orders ---

    def order_send(self, client: Client, market: Instrument, request: OrderRequest) -> str:
        if request.type == "stop":
            return binance_stops.stop_send(client, market, request)
        params: dict[str, Any] = {
            "symbol": market.id,
            "side": request.side.upper(),
            "type": "MARKET" if request.type == "market" else "LIMIT",
            "quantity": market.to_venue(request.amount),
            "newClientOrderId": request.client_order_id,
            "newOrderRespType": "ACK",
        }
        if request.price is not None:
            immediate = "IOC" if request.type == "ioc" else "GTC"
            params |= {"price": plain(request.price), "timeInForce": "GTX" if request.post_only else immediate}
        if request.reduce_only:
            params["reduceOnly"] = "true"
        answer = client.change(
            "fapiPrivatePostOrder", params, send_by=request.send_by.timestamp(), closing=request.reduce_only
        )
        return sent_number(answer, "orderId")

    def order_cancel(self, client: Client, market: Instrument, name: OrderName) -> None:
        if name.is_stop:
            binance_stops.stop_cancel(client, name)
            return
        params = {"symbol": market.id} | name.of("origClientOrderId", "orderId")
        client.change("fapiPrivateDeleteOrder", params, closing=True)

    def order(self, client: Client, market: Instrument, name: OrderName) -> VenueOrder:
        if name.is_stop:
            return binance_stops.stop(client, market, name)
        return order_read(client, market, name)

    def orders_open(self, client: Client, markets: Instruments, market: Instrument | None) -> Sequence[VenueOrder]:
        params = {"symbol": market.id} if market else {}
        rows = table(client.read("fapiPrivateGetOpenOrders", params, closing=True))
        with as_documented():
            found = [order_of(row, markets[row["symbol"]]) for row in rows if row["symbol"] in markets]
        return [*found, *binance_stops.stops_open(client, markets, params)]

    def orders_closed(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueOrder]:
        found: list[VenueOrder] = []
        stops: list[VenueOrder] = []
        for start, end in weeks(client, since_ms):
            rows = _orders(client, market, start, end)
            with as_documented():
                found += [order_of(row, market) for row in rows]
            stops += binance_stops.stops_of(client, market, start, end)
        ended = merged(found, stops)
        return [order for order in ended if order.status in TERMINAL]

    def fills_of(self, client: Client, order: VenueOrder) -> Sequence[VenueFill]:
        params = {"symbol": order.market.id, "orderId": order.became or order.number}
        rows = _pages(client, params, behind=lambda row: int(row["id"]) + 1)
        with as_documented():
            return [_fill(row, order.market, order.client_id) for row in rows]

    def fills(self, client: Client, market: Instrument, since_ms: int) -> Sequence[VenueFill]:
        """A fill here does not say its client order id: the orders of the same weeks do."""
        found: list[VenueFill] = []
        for start, end in weeks(client, since_ms):
            rows = _trades(client, market, start, end)
            if not rows:
                continue
            names = self._client_ids(client, market, start, end, {str(row["orderId"]) for row in rows})
            with as_documented():
                found += [_fill(row, market, names[str(row["orderId"])]) for row in rows]
        return found

    def traded(self, client: Client, since_ms: int) -> set[str]:
        """Trades of all markets are not told, their fees are."""
        rows = _income(client, "COMMISSION", since_ms)
        with as_documented():
            return {str(row["symbol"]) for row in rows}

    def _client_ids(
        self, client: Client, market: Instrument, start: int, end: int, wanted: set[str]
    ) -> Mapping[str, str]:
        """An order that is older than its fill's week is asked for by itself."""
        rows = _orders(client, market, start, end)
        names = {str(row.get("orderId")): str(row.get("clientOrderId")) for row in rows}
        for missing in wanted - names.keys():
            one = client.read("fapiPrivateGetOrder", {"symbol": market.id, "orderId": missing})
            names[missing] = str(one.get("clientOrderId"))
        return names

    # --- the account ---

    def positions(self, client: Client, markets: Instruments) -> Sequence[Held]:
        rows = table(client.read("fapiPrivateV3GetPositionRisk", closing=True))
        with as_documented():
            rows = [row for row in rows if row["symbol"] in markets and number(row["positionAmt"])]
            if not rows:
                return []
            settings = {row["symbol"]: row for row in table(client.read_first(SETTINGS, closing=True))}
            return [_held(row, markets[row["symbol"]], settings[row["symbol"]]) for row in rows]

    def balance(self, client: Client) -> Balance:
        rows = table(client.read("fapiPrivateV3GetAccount", closing=True), "assets")
        with as_documented():
            row = next((row for row in rows if row["asset"] == CURRENCY), {})
            total, equity = number(row.get("walletBalance")), number(row.get("marginBalance"))
            return Balance(CURRENCY, total, equity, number(row.get("availableBalance")))

    def coins(self, client: Client) -> Sequence[CoinBalance]:
        """Of the futures wallet."""
        rows = table(client.read("fapiPrivateV3GetAccount"), "assets")
        with as_documented():
            return [
                CoinBalance(row["asset"], number(row["walletBalance"]), number(row.get("availableBalance")))
                for row in rows
                if number(row["walletBalance"])
            ]

    def funding(self, client: Client, since_ms: int) -> Sequence[Funding]:
        rows = _income(client, "FUNDING_FEE", since_ms)
        with as_documented():
            return list({str(row["tranId"]): _funding(row) for row in rows}.values())

    # --- settings ---

    def leverage(self, client: Client, market: Instrument, margin_mode: MarginMode) -> tuple[Decimal, MarginMode]:
        rows = table(client.read_first(SETTINGS, {"symbol": market.id}))
        with as_documented():
            row = next(row for row in rows if row["symbol"] == market.id)
            return number(row["leverage"]), _mode(row)

    def leverage_set(self, client: Client, market: Instrument, leverage: int, margin_mode: MarginMode) -> None:
        client.change("fapiPrivatePostLeverage", {"symbol": market.id, "leverage": leverage})

    def margin_mode_set(self, client: Client, market: Instrument, margin_mode: MarginMode) -> None:
        kind = "ISOLATED" if margin_mode == "isolated" else "CROSSED"
        client.change("fapiPrivatePostMarginType", {"symbol": market.id, "marginType": kind})

    def one_way(self, client: Client, market: Instrument | None) -> bool:
        with as_documented():
            return str(client.read("fapiPrivateGetPositionSideDual")["dualSidePosition"]).lower() == "false"

    def one_way_set(self, client: Client, market: Instrument) -> None:
        client.change("fapiPrivatePostPositionSideDual", {"dualSidePosition": "false"})

    def examine(self, client: Client) -> Examination:
        """The permissions are told by another part of Binance, which a test network does not have."""
        one_way, elsewhere = self.one_way(client, None), _fees_in_bnb(client)
        try:
            permissions = client.read("sapiGetAccountApiRestrictions")
        except AuthFailed:
            raise
        except ExchangeError:
            return Examination("", trades=True, withdraws=None, one_way=one_way, fees_elsewhere=elsewhere)
        with as_documented():
            trades, withdraws = bool(permissions["enableFutures"]), bool(permissions["enableWithdrawals"])
        return Examination(
            self._uid(client), trades=trades, withdraws=withdraws, one_way=one_way, fees_elsewhere=elsewhere
        )

    def _uid(self, client: Client) -> str:
        """Known to spot only; a key that may not read there leaves it open."""
        try:
            return str(client.read("privateGetAccount").get("uid", ""))
        except ExchangeError:
            return ""

    def terms(self, client: Client) -> AccountTerms:
        """One market's fees stand for all: Binance tells them market by market."""
        rows = table(client.read("fapiPrivateGetLeverageBracket"))
        with as_documented():
            leverage = {row["symbol"]: max(number(step["initialLeverage"]) for step in row["brackets"]) for row in rows}
        usual = next((name for name in leverage if name.endswith(CURRENCY)), "")
        if not usual:
            return AccountTerms(leverage=leverage)
        rates = client.read("fapiPrivateGetCommissionRate", {"symbol": usual})
        with as_documented():
            fees = number(rates["takerCommissionRate"]), number(rates["makerCommissionRate"])
        return AccountTerms({"": fees}, leverage)


def _fees_in_bnb(client: Client) -> bool:
    try:
        return str(client.read("fapiPrivateGetFeeBurn").get("feeBurn")).lower() == "true"
    except AuthFailed:
        raise
    except ExchangeError:
        return False


def _fill(row: Row, market: Instrument, client_id: str) -> VenueFill:
    return VenueFill(
        market=market,
        trade_id=str(row["id"]),
        number=str(row["orderId"]),
        client_id=client_id,
        side=row["side"].lower(),
        price=number(row["price"]),
        amount=market.to_base(row["qty"]),
        fee=number(row["commission"]),
        fee_currency=row["commissionAsset"],
        at_ms=int(row["time"]),
        cause=next((cause for prefix, cause in CAUSES.items() if client_id.startswith(prefix)), ""),
    )


def _held(row: Row, market: Instrument, settings: Row) -> Held:
    return Held(
        market=market,
        amount=market.to_base(row["positionAmt"]),
        entry=number(row["entryPrice"]),
        mark=number(row["markPrice"]),
        unrealised=number(row["unRealizedProfit"]),
        leverage=number(settings["leverage"]),
        margin_mode=_mode(settings),
    )


def _mode(row: Row) -> MarginMode:
    return "isolated" if str(row["marginType"]).lower() == "isolated" else "cross"


def _funding(row: Row) -> Funding:
    return Funding(str(row["tranId"]), row["symbol"], number(row["income"]), row["asset"], int(row["time"]))


def _income(client: Client, kind: str, since_ms: int) -> list[Row]:
    """Oldest first; the next page begins with the time of the last row, which may be told twice."""
    rows: list[Row] = []
    start = since_ms
    while True:
        params = {"incomeType": kind, "startTime": start, "limit": PAGE}
        page = table(client.read("fapiPrivateGetIncome", params))
        rows += page
        with as_documented():
            if len(page) < PAGE or int(page[-1]["time"]) == start:
                return rows
            start = int(page[-1]["time"])


def _trades(client: Client, market: Instrument, start: int, end: int) -> list[Row]:
    params = {"symbol": market.id, "startTime": start, "endTime": end}
    return _pages(client, params, behind=lambda row: int(row["id"]) + 1, until=end)


def _pages(
    client: Client, params: Mapping[str, Any], *, behind: Callable[[Row], int], until: int | None = None
) -> list[Row]:
    """All trades: the next page begins behind the last number of the one before, and knows no period."""
    page = table(client.read(TRADES, {**params, "limit": PAGE}, closing=True))
    rows = page
    rest = {name: value for name, value in params.items() if name not in ("startTime", "endTime")}
    while len(page) == PAGE:
        with as_documented():
            page = table(client.read(TRADES, {**rest, "fromId": behind(page[-1]), "limit": PAGE}, closing=True))
            rows += [row for row in page if until is None or int(row["time"]) <= until]
            if until is not None and page and int(page[-1]["time"]) > until:
                break
    return rows


def _orders(client: Client, market: Instrument, start: int, end: int) -> list[Row]:
    """All of a week; the next page begins behind the last number of the one before."""
    params = {"symbol": market.id, "startTime": start, "endTime": end, "limit": PAGE}
    page = table(client.read("fapiPrivateGetAllOrders", params))
    rows = page
    while len(page) == PAGE:
        with as_documented():
            behind = int(page[-1]["orderId"]) + 1
            page = table(
                client.read("fapiPrivateGetAllOrders", {"symbol": market.id, "orderId": behind, "limit": PAGE})
            )
            rows += [row for row in page if int(row["time"]) <= end]
    return rows
