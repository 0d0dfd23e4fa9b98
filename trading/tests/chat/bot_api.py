"""A server that stands for Telegram's Bot API: gives out what was written to it, keeps what it was told to say."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class BotApi:
    """`told` are the messages that were sent; `answers` the statuses of the next requests. Forgets nothing: like a
    Telegram that was not told what has been read, it gives every update from `offset` on, and all where `repeats`."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[int] = []
        self.repeats = False
        self.has_told = Event()
        self._numbers = iter(range(1000, 10**6))
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                status = api.answers.pop(0) if api.answers else 200
                result = api._result(self.path, body) if status == 200 else None
                sent = json.dumps({"ok": status == 200, "result": result}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.told]

    @property
    def buttons(self) -> dict[str, str]:
        """Of the newest message: what comes back by what it says."""
        rows = self.told[-1]["reply_markup"]["inline_keyboard"]
        return {button["text"]: button["callback_data"] for row in rows for button in row}

    def write(self, chat_id: int, text: str, at: int, *, sender: int | None = None, kind: str = "private") -> None:
        message = {
            "message_id": 1,
            "date": at,
            "chat": {"id": chat_id, "type": kind},
            "from": {"id": sender or chat_id, "first_name": "Ada"},
            "text": text,
        }
        self.updates.append({"update_id": next(self._numbers), "message": message})

    def press(self, chat_id: int, data: str) -> None:
        message = {"message_id": 2, "date": 1, "chat": {"id": chat_id, "type": "private"}}
        press = {"id": "77", "from": {"id": chat_id, "first_name": "Ada"}, "message": message, "data": data}
        self.updates.append({"update_id": next(self._numbers), "callback_query": press})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _result(self, path: str, body: dict[str, Any]) -> Any:
        self.asked.append((path, body))
        if path.endswith("/getUpdates"):
            return [one for one in self.updates if self.repeats or one["update_id"] >= body["offset"]]
        if path.endswith("/sendMessage"):
            self.told.append(body)
            self.has_told.set()
        return True
