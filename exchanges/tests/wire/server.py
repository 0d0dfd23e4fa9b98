"""A venue on 127.0.0.1 that answers over HTTP as its documentation says, and misbehaves when told to."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from exchanges.tests.wire.market import Contract, Market

KEY, SECRET, PASSPHRASE = "wire-key-0123456789", "wire-secret-9876543210", "wire-phrase-5555"
MINUTE_MS = 60_000


@dataclass
class Request:
    """`arrived` in monotonic seconds, when its first line was there; `body` as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    arrived: float = field(default_factory=time.monotonic)

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))


@dataclass
class Reply:
    """`text` None: the connection is closed without an answer."""

    status: int
    text: str | None
    headers: Mapping[str, str] = field(default_factory=dict)


def reply(payload: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(payload, separators=(",", ":")), {"Content-Type": "application/json", **headers})


class WireServer:
    """Subclasses answer in one venue's format.

    A fault `http` concerns requests whose path contains `path` (and of one `method`): they get the answer that it names
    (`status`, `text`, `headers`; `cut`: half of the real one; `drop`: none), `after`: though they were carried out.
    `offers`: kinds of markets beside the usual ones that are listed, inverse and future.
    """

    remembers_ids = True
    stops_stay = False
    order_path = ""
    exchange = ""

    def __init__(self, contracts: Mapping[str, Contract]) -> None:
        self.skew_ms = 0
        self.market = Market(contracts, self.now_ms, remembers_ids=self.remembers_ids, stops_stay=self.stops_stay)
        self.requests: list[Request] = []
        self.history: dict[str, list[tuple[int, list[str]]]] = {}
        self.funding: dict[str, list[tuple[int, str]]] = {}
        self.withdraws = self.burns = False
        self.offers: frozenset[str] = frozenset()
        server = self

        class Handler(_Handler):
            wire = server

        self._http = _Http(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def now_ms(self) -> int:
        return int(time.time() * 1000) + self.skew_ms

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    # --- what all venues have ---

    def handled(self, request: Request) -> Reply:
        self.requests.append(request)
        fault = self._http_fault(request)
        if fault is None:
            return self.answer(request)
        real = self.answer(request) if fault.get("after") or fault.get("cut") else None
        if fault.get("drop"):
            return Reply(0, None)
        if real is not None and fault.get("cut"):
            return Reply(real.status, (real.text or "")[: len(real.text or "") // 2], real.headers)
        text = str(fault.get("text", ""))
        headers = {str(k): str(v) for k, v in dict(fault.get("headers", {})).items()}  # type: ignore[call-overload]
        return Reply(int(str(fault.get("status", 200))), text, headers)

    def _http_fault(self, request: Request) -> Mapping[str, object] | None:
        with self.market.lock:
            for fault in self.market.faults:
                if fault.kind == "http" and fault.left and _concerns(fault.options, request):
                    fault.left -= 1
                    return fault.options
        return None

    def bars(self, base: str, length_ms: int, since_ms: int, until_ms: int) -> list[tuple[int, list[str]]]:
        """Recorded bars if a test gave some, else invented ones around the price; the last one is still open."""
        if base in self.history:
            return [row for row in self.history[base] if since_ms <= row[0] <= until_ms]
        price, now = self.market.contracts[base].price, self.now_ms()
        first = -(-max(since_ms, now - 5_000 * length_ms) // length_ms) * length_ms
        stamps = range(first, min(until_ms, now) + 1, length_ms)
        return [(at, [f"{price}", f"{price * 2}", f"{price / 2}", f"{price}", "1000"]) for at in stamps]


class _Handler(BaseHTTPRequestHandler):
    wire: WireServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        self.arrived = time.monotonic()
        return super().parse_request()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.wire.handled(Request(self.command, url.path, url.query, headers, body, self.arrived))
        if answer.text is None:
            self.close_connection = True
            return
        content = answer.text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = do_PUT = _serve

    def log_message(self, *args: Any) -> None:
        return


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    request_queue_size = 64


def _concerns(options: Mapping[str, object], request: Request) -> bool:
    """`exact`: the path ends with `path`, else it contains it."""
    path = str(options.get("path", ""))
    found = request.path.endswith(path) if options.get("exact") else path in request.path
    return found and options.get("method", request.method) == request.method


def text(value: Decimal) -> str:
    return f"{value.normalize():f}"
