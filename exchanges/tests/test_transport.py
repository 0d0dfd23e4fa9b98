"""One request over a real socket: sent once, whatever the other side does."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from exchanges.adapters.transport import NeverSent, NoAnswer, Transport

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
NEVER = threading.Event()
Behaviour = Callable[[socket.socket], None]


class Door:
    """Accepts connections and lets each of them be answered by `behaviour`; counts the requests."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.requests = 0
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/order"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                if connection.recv(65_536):
                    self.requests += 1
                    self._behaviour(connection)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def door() -> Iterator[Callable[[Behaviour], Door]]:
    doors: list[Door] = []

    def opened(behaviour: Behaviour) -> Door:
        doors.append(Door(behaviour))
        return doors[-1]

    yield opened
    for each in doors:
        each.close()


def dripping(connection: socket.socket) -> None:
    """A byte now and then, for as long as somebody listens."""
    connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    try:
        for _ in range(1_000):
            connection.sendall(b" ")
            NEVER.wait(0.02)
    except OSError:
        return


def truncated(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"retCode":')


def redirecting(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")


def hanging_up(connection: socket.socket) -> None:
    return


def silent(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)


@pytest.mark.parametrize("behaviour", [dripping, truncated, hanging_up, silent])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_whole_answer(door: Callable[[Behaviour], Door], behaviour: Behaviour, method: str) -> None:
    at = door(behaviour)
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        Transport(timeout_s=0.3).send(method, at.url, {}, "{}" if method == "POST" else None)
    assert time.monotonic() - began < 2
    assert at.requests == 1


def test_a_redirect_is_an_answer(door: Callable[[Behaviour], Door]) -> None:
    at = door(redirecting)
    assert Transport(timeout_s=1).send("POST", at.url, {"X-Key": "k"}, "{}").status == 307
    assert at.requests == 1


def test_a_closed_door_was_never_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once_open:
        port = once_open.getsockname()[1]
    with pytest.raises(NeverSent):
        Transport(timeout_s=1).send("POST", f"http://127.0.0.1:{port}/order", {}, "{}")


def test_an_unknown_host_was_never_reached() -> None:
    with pytest.raises(NeverSent):
        Transport(timeout_s=1).send("GET", "http://no-such-host.invalid/", {}, None)


def test_a_proxy_is_asked_instead(door: Callable[[Behaviour], Door]) -> None:
    at = door(lambda connection: connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}"))
    proxy = at.url.removesuffix("/order")
    assert Transport(timeout_s=1, proxy=proxy).send("GET", "http://venue.invalid/x", {}, None).text == "{}"
    assert at.requests == 1
