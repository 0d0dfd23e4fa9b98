"""One HTTP request, sent once: no redirect is followed, nothing is repeated, the whole answer has a deadline."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import certifi
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from exchanges.metrics import outcome_of, venue_asked

CONNECTIONS = 64
ANSWER_MAX_BYTES = 64 * 1024 * 1024
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


class NeverSent(Exception):
    """No connection came about: nothing has left this machine."""


class NoAnswer(Exception):
    """The request may have arrived; no whole answer came back."""


class Transport:
    """Safe for many threads. `proxy` is an HTTP proxy's URL, empty for none; requests are counted for `venue`."""

    def __init__(self, *, timeout_s: float, proxy: str = "", venue: str = "") -> None:
        self._timeout_s = timeout_s
        self._venue = venue
        options: dict[str, Any] = {
            "maxsize": CONNECTIONS,
            "block": False,
            "ca_certs": certifi.where(),
            "cert_reqs": "CERT_REQUIRED",
        }
        self._pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> Answer:
        """Raises NeverSent, NoAnswer."""
        began = time.monotonic()
        try:
            answer = self._sent(method, url, headers, body)
        except (NeverSent, NoAnswer) as error:
            venue_asked(self._venue, type(error).__name__, began)
            raise
        venue_asked(self._venue, outcome_of(answer.status), began)
        return answer

    def _sent(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        try:
            response = self._pool.request(
                method,
                url,
                body=None if body is None else body.encode(),
                headers=dict(headers),
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(total=self._timeout_s),
            )
            content = _read(response, deadline)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NeverSent(type(error).__name__) from None
        except (HTTPError, OSError) as error:  # its text may hold the signed address
            raise NoAnswer(type(error).__name__) from None
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, lowered, content.decode("utf-8", "replace"))

    def close(self) -> None:
        self._pool.clear()


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """Raises NoAnswer for an answer that is too slow or too long; its connection is not used again."""
    parts: list[bytes] = []
    size = 0
    try:
        while chunk := response.read1(CHUNK):
            size += len(chunk)
            parts.append(chunk)
            if size > ANSWER_MAX_BYTES or time.monotonic() > deadline:
                raise NoAnswer("too slow" if size <= ANSWER_MAX_BYTES else "too long")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(parts)
