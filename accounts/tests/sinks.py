"""Servers that take messages, and fail when told to."""

import json
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message as Letter
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller

HANGS, DRIPS = -1, -2


class HttpSink:
    """`answers`: statuses of the next requests, then 204. Every request is kept.

    0 hangs up without an answer, HANGS never answers, DRIPS sends an answer without an end, letter by letter.
    """

    def __init__(self) -> None:
        self.answers: deque[int] = deque()
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.headers: dict[str, str] = {}
        self.closed = Event()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sink.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                status = sink.answers.popleft() if sink.answers else 204
                if not status:
                    self.connection.close()
                    return
                if status in (HANGS, DRIPS):
                    self._go_on(status)
                    return
                self.send_response(status)
                for name, value in sink.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _go_on(self, status: int) -> None:
                """Until the other side has had enough."""
                try:
                    while not sink.closed.wait(0.02):
                        if status == DRIPS:
                            self.connection.sendall(b"H")
                except OSError:
                    self.close_connection = True

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _path, _headers, body in self.seen]

    def close(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


class MailSink:
    """`answers`: SMTP replies to the next letters (empty accepts). Letters that were accepted are kept, and tries."""

    def __init__(self) -> None:
        self.answers: deque[str] = deque()
        self.tried: list[Letter] = []
        self.taken: list[Letter] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = BytesParser().parsebytes(envelope.content)
        self.tried.append(letter)
        answer = self.answers.popleft() if self.answers else ""
        if answer:
            return answer
        self.taken.append(letter)
        return "250 OK"


@contextmanager
def mail_sink(settings: Any) -> Iterator[MailSink]:
    """Django's mails go there."""
    sink = MailSink()
    port = _free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    try:
        yield sink
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
