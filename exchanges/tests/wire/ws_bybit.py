"""Bybit's public linear sockets: a whole word first, then what has changed of it."""

import hashlib
import hmac
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.server import KEY, SECRET
from exchanges.tests.wire.ws_server import WsServer


class BybitSockets(WsServer):
    private_topic = "order"
    position_topic = "position"

    def heard(self, path: str, message: Any) -> tuple[Any, list[str], list[str]]:
        assert path in ("/v5/public/linear", "/v5/private")
        if message["op"] == "auth":
            return self._auth(*message["args"]), [], []
        if message["op"] == "ping":
            return {"success": True, "ret_msg": "pong", "op": "ping", "conn_id": "5"}, [], []
        topics = list(message["args"])
        begun, left = (topics, []) if message["op"] == "subscribe" else ([], topics)
        answer = {"success": True, "ret_msg": "", "conn_id": "5", "op": message["op"], "req_id": message["req_id"]}
        return answer, begun, left

    def _auth(self, key: str, expires: str, signature: str) -> Any:
        signed = hmac.new(SECRET.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
        right = (key, signature) == (KEY, signed)
        text = "" if right else "error:USVC1111"
        return {"success": right, "ret_msg": text, "op": "auth", "conn_id": "5", "request": {"op": "auth"}}

    def order_news(self, client_id: str = "x") -> Any:
        row = {"category": "linear", "symbol": "GALAUSDT", "orderId": "7", "orderStatus": "Filled"}
        row |= {"orderLinkId": client_id}
        return {"id": "1", "topic": "order", "creationTime": self.now_ms(), "data": [row]}

    def position_news(self, size: str, price: str) -> Any:
        row = {"symbol": "GALAUSDT", "positionIdx": 0, "side": "Sell", "size": size, "markPrice": price}
        return {"id": "1", "topic": "position", "creationTime": self.now_ms(), "data": [row]}

    def quote_topic(self, base: str) -> str:
        return f"tickers.{base}USDT"

    def first_words(self, topic: str) -> list[Any]:
        found = [base for base in self.contracts if topic == self.quote_topic(base)]
        return [self._ticker(base, "snapshot", self.touch(base, None), self.now_ms()) for base in found]

    def quote(self, base: str, *, price: Decimal | None = None, at_ms: int | None = None) -> Any:
        return self._ticker(base, "delta", self.touch(base, price), at_ms or self.now_ms())

    def _ticker(self, base: str, kind: str, touch: tuple[str, str], at_ms: int) -> Any:
        """A change names the touch alone."""
        row = {"symbol": f"{base}USDT", "bid1Price": touch[0], "ask1Price": touch[1]}
        if kind == "snapshot":
            row |= {"bid1Size": "500", "ask1Size": "400", "lastPrice": touch[0], "price24hPcnt": "0"}
        return {"topic": self.quote_topic(base), "type": kind, "data": row, "cs": at_ms, "ts": at_ms}

    def book_topic(self, base: str) -> str:
        return f"orderbook.50.{base}USDT"

    def books(self, base: str) -> list[Any]:
        bid, ask = self.touch(base, None)
        lower = f"{Decimal(bid) - self.contracts[base].tick:f}"
        whole = {"s": f"{base}USDT", "b": [[bid, "70"], [lower, "90"]], "a": [[ask, "50"]], "u": 1, "seq": 1}
        change = {"s": f"{base}USDT", "b": [[bid, "0"]], "a": [], "u": 2, "seq": 2}
        topic, at = self.book_topic(base), self.now_ms()
        return [
            {"topic": topic, "type": "snapshot", "ts": at, "data": whole, "cts": at},
            {"topic": topic, "type": "delta", "ts": at + 1, "data": change, "cts": at},
        ]

    def trade_topic(self, base: str) -> str:
        return f"publicTrade.{base}USDT"

    def trade(self, base: str, number: int) -> Any:
        at = self.now_ms()
        row = {"T": at, "s": f"{base}USDT", "S": "Buy", "v": "30", "p": "0.02", "L": "PlusTick", "i": str(number)}
        return {"topic": self.trade_topic(base), "type": "snapshot", "ts": at, "data": [row | {"BT": False}]}

    def candle_topic(self, base: str) -> str:
        return f"kline.1.{base}USDT"

    def candle(self, base: str, at_ms: int) -> Any:
        bar = {"start": at_ms, "end": at_ms + 59_999, "interval": "1", "open": "0.02", "close": "0.02"}
        bar |= {"high": "0.03", "low": "0.01", "volume": "1000", "turnover": "20", "confirm": False}
        bar |= {"timestamp": self.now_ms()}
        return {"topic": self.candle_topic(base), "data": [bar], "ts": self.now_ms(), "type": "snapshot"}
