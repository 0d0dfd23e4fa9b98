"""OKX's public sockets: one topic is a channel and an instrument; candles are on the business address."""

import base64
import hashlib
import hmac
from decimal import Decimal
from typing import Any

from exchanges.tests.wire.server import KEY, PASSPHRASE, SECRET
from exchanges.tests.wire.ws_server import WsServer


class OkxSockets(WsServer):
    private_topic = "orders:ANY"
    position_topic = "positions:ANY"

    def heard(self, path: str, message: Any) -> tuple[Any, list[str], list[str]]:
        if path == "/ws/v5/private":
            return self._private(message)
        topics = [f"{arg['channel']}:{arg['instId']}" for arg in message["args"]]
        is_candle = any(arg["channel"].startswith("candle") for arg in message["args"])
        assert path == ("/ws/v5/business" if is_candle else "/ws/v5/public")
        begun, left = (topics, []) if message["op"] == "subscribe" else ([], topics)
        return {"event": message["op"], "arg": message["args"][0], "connId": "a4d3ae55"}, begun, left

    def _private(self, message: Any) -> tuple[Any, list[str], list[str]]:
        if message["op"] != "login":
            (arg,) = message["args"]
            return {"event": "subscribe", "arg": arg, "connId": "a4d3ae55"}, [f"{arg['channel']}:{arg['instType']}"], []
        (login,) = message["args"]
        signed = hmac.new(SECRET.encode(), f"{login['timestamp']}GET/users/self/verify".encode(), hashlib.sha256)
        right = (KEY, PASSPHRASE, base64.b64encode(signed.digest()).decode())
        if (login["apiKey"], login["passphrase"], login["sign"]) != right:
            return {"event": "error", "msg": "Invalid sign", "code": "60007", "connId": "a4d3ae55"}, [], []
        return {"event": "login", "msg": "", "code": "0", "connId": "a4d3ae55"}, [], []

    def order_news(self, client_id: str = "x") -> Any:
        row = {"instType": "SWAP", "instId": "GALA-USDT-SWAP", "ordId": "7", "clOrdId": client_id, "state": "filled"}
        return {"arg": {"channel": "orders", "instType": "ANY", "uid": "1"}, "data": [row]}

    def position_news(self, size: str, price: str) -> Any:
        row = {"instType": "SWAP", "instId": "GALA-USDT-SWAP", "posSide": "net", "pos": size, "markPx": price}
        return {"arg": {"channel": "positions", "instType": "ANY", "uid": "1"}, "data": [row]}

    def quote_topic(self, base: str) -> str:
        return f"tickers:{base}-USDT-SWAP"

    def quote(self, base: str, *, price: Decimal | None = None, at_ms: int | None = None) -> Any:
        bid, ask = self.touch(base, price)
        row = {
            "instType": "SWAP",
            "instId": f"{base}-USDT-SWAP",
            "last": bid,
            "lastSz": "1",
            "askPx": ask,
            "askSz": "400",
            "bidPx": bid,
            "bidSz": "500",
            "open24h": bid,
            "high24h": ask,
            "low24h": bid,
            "volCcy24h": "1000",
            "vol24h": "100",
            "ts": str(at_ms or self.now_ms()),
        }
        return {"arg": {"channel": "tickers", "instId": row["instId"]}, "data": [row]}

    def book_topic(self, base: str) -> str:
        return f"books:{base}-USDT-SWAP"

    def books(self, base: str) -> list[Any]:
        """A whole book, then a change: its best bid goes."""
        bid, ask = self.touch(base, None)
        name, now = f"{base}-USDT-SWAP", self.now_ms()
        lower = f"{Decimal(bid) - self.contracts[base].tick:f}"
        whole = {"bids": [[bid, "7", "0", "1"], [lower, "9", "0", "1"]], "asks": [[ask, "5", "0", "2"]]}
        stamps = {"ts": str(now), "checksum": 0, "prevSeqId": -1, "seqId": 10}
        change = {"bids": [[bid, "0", "0", "0"]], "asks": [], "ts": str(now + 1), "prevSeqId": 10, "seqId": 11}
        arg = {"channel": "books", "instId": name}
        return [
            {"arg": arg, "action": "snapshot", "data": [whole | stamps]},
            {"arg": arg, "action": "update", "data": [change]},
        ]

    def trade_topic(self, base: str) -> str:
        return f"trades:{base}-USDT-SWAP"

    def trade(self, base: str, number: int) -> Any:
        name = f"{base}-USDT-SWAP"
        row = {"instId": name, "tradeId": str(number), "px": "0.02", "sz": "3", "side": "buy", "ts": str(self.now_ms())}
        return {"arg": {"channel": "trades", "instId": name}, "data": [row]}

    def candle_topic(self, base: str) -> str:
        return f"candle1m:{base}-USDT-SWAP"

    def candle(self, base: str, at_ms: int) -> Any:
        row = [str(at_ms), "0.02", "0.03", "0.01", "0.02", "100", "1000", "20", "0"]
        return {"arg": {"channel": "candle1m", "instId": f"{base}-USDT-SWAP"}, "data": [row]}
