"""OKX's spot and dated futures beside its swaps: the same endpoints, told apart by the instrument."""

import json
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.market import Market, WireFill, WireOrder
from exchanges.tests.wire.okx import PRIVATE, PUBLIC, OkxServer, contracts, good
from exchanges.tests.wire.server import Reply, Request, text
from exchanges.tests.wire.spot import SpotMarket

EXPIRY, EXPIRES_MS = "281229", "1861689600000"


def _first(body: str) -> dict[str, Any]:
    """The row that a request is about: order calls send lists."""
    read = json.loads(body) if body else {}
    return read[0] if isinstance(read, list) else read


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


class OkxVenue(OkxServer):
    def __init__(self) -> None:
        super().__init__()
        spot = SpotMarket(contracts(), self.now_ms, remembers_ids=True, purse=self.market)
        self.spot = OkxSpotSide(self, spot)
        self.futures = OkxFuturesSide(self, Market(contracts(), self.now_ms, remembers_ids=True))

    def answer(self, request: Request) -> Reply:
        name = f"{request.method} {request.path.removeprefix('/api/v5')}"
        if name == "GET /trade/order-algo" and self._is_of_futures(request.params):
            return self.futures.answer(request)
        side = {"SPOT": self.spot, "FUTURES": self.futures}.get(kind_of(request)) if name in PUBLIC | PRIVATE else None
        return side.answer(request) if side else super().answer(request)

    def _is_of_futures(self, params: dict[str, str]) -> bool:
        """A stop is asked for by its name alone."""
        names = {params.get("algoClOrdId"), params.get("algoId")}
        return any({stop.client_id, str(stop.number)} & names for stop in self.futures.market.stops)

    def balance(self, params: dict[str, str]) -> Reply:
        """One wallet for all: told is that of the kind which a test trades."""
        told = super().balance if not self.futures.market.orders else self.futures.balance
        found = json.loads(told(params).text or "")["data"][0]
        if "ccy" not in params:
            found["details"] += [_coin(self.spot.market, base) for base in self.spot.market.coins]
        return good([found])


def _coin(market: SpotMarket, base: str) -> dict[str, str]:
    total, free = text(market.coins[base]), text(market.free_coins(base))
    return {"ccy": base, "cashBal": total, "eq": total, "availBal": free, "availEq": "", "upl": text(Decimal(0))}
