"""Connections to addresses that users have named: resolved once, checked, and made to exactly that address.

Internal addresses are refused unless `ALERT_ALLOWED_HOSTS` names them; so is plain HTTP. Nothing is redirected, and a
server that answers drop by drop is cut off.
"""

import ipaddress
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import certifi
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from accounts.notifications.failures import FORBIDDEN, UNREACHABLE, SendFailed

TIMEOUT_S = 8.0
DEADLINE_S = 15.0
"""Of a whole exchange."""
LOW_PORTS = (80, 443)
ANSWER_BYTES = 2_000_000
_EMBEDDING = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(OSError):
    """Nothing was sent: the address is an internal one, or the way to it is open to readers."""


def host_is_allowed(host: str) -> bool:
    """Named by the operator: as it stands, or as an address within a network."""
    host = host.strip("[]").lower().rstrip(".")
    entries = [entry.strip().lower() for entry in settings.ALERT_ALLOWED_HOSTS]
    if host in entries:
        return True
    address = _address(host)
    return address is not None and any(_contains(entry, address) for entry in entries)


def is_internal(address: Address) -> bool:
    """Not on the public net, or an address of the public net that leads inside (IPv4 within IPv6)."""
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo
        inner = [address.ipv4_mapped, address.sixtofour, *(teredo or ())]
        if address in _EMBEDDING:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(one is not None and is_internal(one) for one in inner):
            return True
        if address.ipv4_mapped is not None:
            return False
    return not address.is_global or address.is_multicast or address.is_reserved


def address_refuse(url: Url) -> None:
    """What can be said without asking for the name. Raises AddressRefused."""
    host, port = (url.host or "").strip("[]"), url.port or (443 if url.scheme == "https" else 80)
    if host_is_allowed(host):
        return
    literal = _address(host)
    is_inside = is_internal(literal) if literal else _is_local_name(host.lower().rstrip("."))
    if url.scheme != "https" or is_inside or not _is_good_port(port):
        raise AddressRefused(FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """The status. Sent once. Raises SendFailed."""
    return ask(url, headers, body, most_bytes=0).status


def ask(
    url: str, headers: Mapping[str, str], body: bytes, *, waits_s: float = 0.0, most_bytes: int = ANSWER_BYTES
) -> Answer:
    """Posts once and reads at most `most_bytes` of the answer; `waits_s`: how much longer than usual it may take.

    Raises SendFailed.
    """
    parts = parse_url(url)
    try:
        address_refuse(parts)
        return _posted(parts, headers, body, waits_s, most_bytes)
    except AddressRefused:
        raise SendFailed(FORBIDDEN, is_refusal=True) from None
    except (HTTPError, HTTPException, OSError):  # its text may hold the address
        raise SendFailed(UNREACHABLE) from None


def _posted(url: Url, headers: Mapping[str, str], body: bytes, waits_s: float, most_bytes: int) -> Answer:
    connection: CheckedHTTPConnection | CheckedHTTPSConnection
    host, timeout_s = (url.host or "").strip("[]"), TIMEOUT_S + waits_s
    if url.scheme == "https":
        connection = CheckedHTTPSConnection(
            host, url.port or 443, timeout=timeout_s, ca_certs=certifi.where(), cert_reqs="CERT_REQUIRED"
        )
    else:
        connection = CheckedHTTPConnection(host, url.port or 80, timeout=timeout_s)
    connection.deadline_s = DEADLINE_S + waits_s
    try:
        connection.request("POST", url.request_uri, body=body, headers=dict(headers), preload_content=False)
        response = connection.getresponse()
        return Answer(response.status, response.read(most_bytes) if most_bytes else b"")
    finally:
        connection.close()


class _Checked:
    """Before urllib3's own connection: `_new_conn` is where it resolves the name and connects."""

    host: str
    port: int
    timeout: Any
    is_plain = True
    deadline_s = DEADLINE_S
    _deadline: threading.Timer | None = None
    _second_hand: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        if self.is_plain and not host_is_allowed(self.host):
            raise AddressRefused(FORBIDDEN)
        made = _connected(self.host, self.port)
        self._second_hand = made.dup()  # TLS takes the first one away
        self._deadline = threading.Timer(self.deadline_s, _cut, (self._second_hand,))
        self._deadline.daemon = True
        self._deadline.start()
        return made

    def close(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._second_hand is not None:
            self._second_hand.close()
        super().close()  # type: ignore[misc]


class CheckedHTTPConnection(_Checked, HTTPConnection):
    pass


class CheckedHTTPSConnection(_Checked, HTTPSConnection):
    is_plain = False


def _connected(host: str, port: int) -> socket.socket:
    """To the first of the host's addresses that answers; if one of them may not be used, to none. Raises OSError."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    if not host_is_allowed(host):
        for *_rest, target in found:
            _refuse(str(target[0]), port)
    trouble: OSError = OSError("no address")
    for family, kind, protocol, _name, target in found:
        made = socket.socket(family, kind, protocol)
        made.settimeout(TIMEOUT_S)
        try:
            made.connect(target)
            return made
        except OSError as error:
            made.close()
            trouble = error
    raise trouble


def _refuse(text: str, port: int) -> None:
    address = _address(text.partition("%")[0])
    if address is None or (is_internal(address) and not host_is_allowed(str(address))) or not _is_good_port(port):
        raise AddressRefused(FORBIDDEN)


def _is_local_name(host: str) -> bool:
    return "." not in host or host.endswith((".localhost", ".local", ".internal"))


def _is_good_port(port: int) -> bool:
    """Below 1024 other servers than those of the web listen: mail, shells, files."""
    return port in LOW_PORTS or port >= 1024


def _cut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _contains(entry: str, address: Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
