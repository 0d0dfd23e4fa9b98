"""Binance's USD-M sockets: streams by lower-case names; books begin with a question over REST."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.binance import BinanceServer
from exchanges.tests.wire.server import KEY, Reply, Request, reply
from exchanges.tests.wire.ws_server import WsServer

LISTEN_KEY = "listen-key-of-the-account"
PUBLIC = ("bookTicker", "depth", "trade")


class BinanceSockets(WsServer):
    private_topic = position_topic = "account"

    def joined(self, path: str, query: Mapping[str, str]) -> list[str]:
        return [self.private_topic] if path == "/private/ws" and query.get("listenKey") == LISTEN_KEY else []

    def order_news(self, client_id: str = "x") -> Any:
        row = {"s": "GALAUSDT", "c": client_id, "S": "BUY", "o": "MARKET", "X": "FILLED", "i": 7}
        return {"e": "ORDER_TRADE_UPDATE", "E": self.now_ms(), "T": self.now_ms(), "o": row}

    def position_news(self, size: str, price: str) -> Any:
        """Told when an amount changes, never for a price alone."""
        row = {"s": "GALAUSDT", "pa": size, "ep": "0.02", "ps": "BOTH"}
        return {"e": "ACCOUNT_UPDATE", "E": self.now_ms(), "T": self.now_ms(), "a": {"m": "ORDER", "B": [], "P": [row]}}

    def heard(self, path: str, message: Any) -> tuple[Any, list[str], list[str]]:
        topics = list(message["params"])
        for topic in topics:
            category = "public" if topic.split("@")[1] in PUBLIC else "market"
            assert path.startswith(f"/{category}/ws"), (path, topic)
        begun, left = (topics, []) if message["method"] == "SUBSCRIBE" else ([], topics)
        return {"result": None, "id": message["id"]}, begun, left

    def quote_topic(self, base: str) -> str:
        return f"{base.lower()}usdt@bookTicker"

    def quote(self, base: str, *, price: Decimal | None = None, at_ms: int | None = None) -> Any:
        bid, ask = self.touch(base, price)
        at = at_ms or self.now_ms()
        sides = {"b": bid, "B": "500", "a": ask, "A": "400"}
        return {"e": "bookTicker", "u": at, "s": f"{base}USDT", **sides, "T": at, "E": at}

    def book_topic(self, base: str) -> str:
        return f"{base.lower()}usdt@depth@100ms"

    def books(self, base: str) -> list[Any]:
        """A change of the book that REST tells (its update 1): the best bid goes."""
        bid, _ = self.touch(base, None)
        at = self.now_ms()
        name = f"{base}USDT"
        ids = {"U": 1, "u": 2, "pu": 1}
        return [{"e": "depthUpdate", "E": at, "T": at, "s": name, **ids, "b": [[bid, "0"]], "a": []}]

    def trade_topic(self, base: str) -> str:
        return f"{base.lower()}usdt@trade"

    def trade(self, base: str, number: int) -> Any:
        at = self.now_ms()
        row = {"e": "trade", "E": at, "T": at, "s": f"{base}USDT", "t": number, "p": "0.02", "q": "30"}
        return row | {"X": "MARKET", "m": False}

    def candle_topic(self, base: str) -> str:
        return f"{base.lower()}usdt@kline_1m"

    def candle(self, base: str, at_ms: int) -> Any:
        bar = {"t": at_ms, "T": at_ms + 59_999, "s": f"{base}USDT", "i": "1m", "o": "0.02", "c": "0.02"}
        bar |= {"h": "0.03", "l": "0.01", "v": "1000", "x": False}
        return {"e": "kline", "E": self.now_ms(), "s": f"{base}USDT", "k": bar}


class BinanceWithStreams(BinanceServer):
    """Also names an account's stream."""

    def answer(self, request: Request) -> Reply:
        if request.path != "/fapi/v1/listenKey":
            return super().answer(request)
        if request.headers.get("x-mbx-apikey") != KEY:
            return reply({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, 401)
        return reply({"listenKey": LISTEN_KEY})
