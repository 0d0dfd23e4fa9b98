"""OKX's spot, dated and inverse markets beside its linear swaps: the same endpoints, told apart by the instrument."""

import json
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.inverse import InverseMarket, inverse_contracts
from exchanges.tests.wire.market import Market, WireFill, WireOrder
from exchanges.tests.wire.okx import PRIVATE, PUBLIC, OkxServer, contracts, good
from exchanges.tests.wire.server import Reply, Request, text
from exchanges.tests.wire.spot import SpotMarket

EXPIRY, EXPIRES_MS = "281229", "1861689600000"


def _first(body: str) -> dict[str, Any]:
    """The row that a request is about: order calls send lists."""
    read = json.loads(body) if body else {}
    return read[0] if isinstance(read, list) else read


LISTS = {
    f"GET {path}"
    for path in (
        "/public/instruments",
        "/public/mark-price",
        "/market/tickers",
        "/account/positions",
        "/trade/orders-pending",
        "/trade/orders-algo-pending",
    )
}
"""Of all swaps, whatever they settle in."""


def name_of(request: Request) -> str:
    row = request.params | (_first(request.body) if request.method == "POST" else {})
    return str(row.get("instId", ""))


def kind_of(request: Request) -> str:
    row = request.params | (_first(request.body) if request.method == "POST" else {})
    name = str(row.get("instId", ""))
    if name not in ("", "ANY"):  # funding of all swaps is asked for by that word
        return (
            "SWAP" if name.endswith("-SWAP") or name.count("-") > 2 else "FUTURES" if name.count("-") == 2 else "SPOT"
        )
    return str(row.get("instType", "SWAP"))


class _Side(OkxServer):
    """Of another kind of market: as the swaps, in other names. Served by its server."""

    kind = ""
    ending = ""

    def __init__(self, server: OkxServer, market: Market) -> None:
        self.server, self.market = server, market
        self.modes, self.history, self.funding = {}, {}, {}

    def now_ms(self) -> int:
        return self.server.now_ms()

    def base(self, params: dict[str, Any]) -> str:
        name = str(params.get("instId", ""))
        assert name.endswith(self.ending)
        return super().base({"instId": name.removesuffix(self.ending) + "-USDT-SWAP"})

    def answer(self, request: Request) -> Reply:
        """Asked for its kind alone: the venue answers with no other."""
        asked = request.params.get("instType", self.kind)
        assert asked == self.kind
        found = super().answer(request)
        if found.text is None:
            return found
        named = found.text.replace("-USDT-SWAP", self.ending).replace('"instType":"SWAP"', f'"instType":"{self.kind}"')
        return Reply(found.status, named, found.headers)

    def tickers(self, params: dict[str, str]) -> Reply:
        return super().tickers({"instType": "SWAP"})


class OkxSpotSide(_Side):
    kind, ending = "SPOT", "-USDT"
    market: SpotMarket

    def orders_create(self, rows: list[dict[str, Any]]) -> Reply:
        row = rows[0]
        assert row["tdMode"] == "cash"
        assert "reduceOnly" not in row
        assert row["ordType"] != "market" or row["tgtCcy"] == "base_ccy"
        return super().orders_create(rows)

    def instruments(self, params: dict[str, str]) -> Reply:
        return super().instruments({"instType": "SPOT"})

    def _order(self, order: WireOrder) -> dict[str, Any]:
        told = {"feeCcy": self.market.fee_coin(order), "tgtCcy": "base_ccy" if order.type == "market" else ""}
        return super()._order(order) | told

    def _fill(self, fill: WireFill) -> dict[str, Any]:
        return super()._fill(fill) | {"feeCcy": self.market.fee_coin(fill.order)}


class OkxFuturesSide(_Side):
    kind, ending = "FUTURES", f"-USDT-{EXPIRY}"

    def instruments(self, params: dict[str, str]) -> Reply:
        rows = json.loads(super().instruments({"instType": "SWAP"}).text or "")["data"]
        return good(row | {"instType": "FUTURES", "expTime": EXPIRES_MS, "alias": "quarter"} for row in rows)


class OkxInverseSide(_Side):
    """A contract is ten dollars."""

    kind, ending = "SWAP", "-USD-SWAP"
    market: InverseMarket

    def instruments(self, params: dict[str, str]) -> Reply:
        rows = json.loads(super().instruments(params).text or "")["data"]
        return good(row | _coin_margined(row["instId"].partition("-")[0]) for row in rows)

    def _order(self, order: WireOrder) -> dict[str, Any]:
        return super()._order(order) | {"feeCcy": order.base}

    def _fill(self, fill: WireFill) -> dict[str, Any]:
        return super()._fill(fill) | {"feeCcy": fill.order.base}


def _coin_margined(base: str) -> dict[str, str]:
    names = {"uly": f"{base}-USD", "instFamily": f"{base}-USD", "settleCcy": base}
    return names | {"ctType": "inverse", "ctValCcy": "USD"}


class OkxVenue(OkxServer):
    def __init__(self) -> None:
        super().__init__()
        spot = SpotMarket(contracts(), self.now_ms, remembers_ids=True, purse=self.market)
        self.spot = OkxSpotSide(self, spot)
        self.futures = OkxFuturesSide(self, Market(contracts(), self.now_ms, remembers_ids=True))
        inverse = inverse_contracts(contracts(), Decimal(10))
        self.inverse = OkxInverseSide(
            self, InverseMarket(inverse, self.now_ms, purse=spot.coins, remembers_ids=True, stops_stay=False)
        )

    def answer(self, request: Request) -> Reply:
        name = f"{request.method} {request.path.removeprefix('/api/v5')}"
        if name not in PUBLIC | PRIVATE:
            return super().answer(request)
        if name == "GET /trade/order-algo" and (known := self._side_of_stop(request.params)):
            return known.answer(request)
        if name_of(request).endswith(self.inverse.ending):
            return self.inverse.answer(request)
        side = {"SPOT": self.spot, "FUTURES": self.futures}.get(kind_of(request))
        if side is not None:
            return side.answer(request)
        found = super().answer(request)
        of_all = "inverse" in self.offers and not {"instId", "uly"} & request.params.keys()
        return _with_rows(found, self.inverse.answer(request)) if of_all and name in LISTS else found

    def _side_of_stop(self, params: dict[str, str]) -> "_Side | None":
        """A stop is asked for by its name alone."""
        names = {params.get("algoClOrdId"), params.get("algoId")}
        sides: tuple[_Side, ...] = (self.futures, self.inverse)
        known = (s for s in sides if any({o.client_id, str(o.number)} & names for o in s.market.stops))
        return next(known, None)

    def balance(self, params: dict[str, str]) -> Reply:
        """One wallet for all: told is that of the kind which a test trades."""
        told = super().balance if not self.futures.market.orders else self.futures.balance
        found = json.loads(told(params).text or "")["data"][0]
        if "ccy" not in params:
            found["details"] += [_coin(self.spot.market, base) for base in self.spot.market.coins]
        return good([found])


def _with_rows(first: Reply, second: Reply) -> Reply:
    body, more = json.loads(first.text or "{}"), json.loads(second.text or "{}")
    body["data"] += more["data"]
    return Reply(first.status, json.dumps(body), first.headers)


def _coin(market: SpotMarket, base: str) -> dict[str, str]:
    total, free = text(market.coins[base]), text(market.free_coins(base))
    return {"ccy": base, "cashBal": total, "eq": total, "availBal": free, "availEq": "", "upl": text(Decimal(0))}
