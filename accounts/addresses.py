"""The address that a request came from, as far as the proxies in front of us can be believed (`NUM_PROXIES`)."""

import ipaddress
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MAPPED_PREFIX = "::ffff:"


def address_of(request: HttpRequest | Request) -> str | None:
    """None for what is no address, a Unix socket's for one."""
    return clean_address(BaseThrottle().get_ident(request))  # type: ignore[arg-type]


def clean_address(text: str | None) -> str | None:
    """In its shortest form; an IPv4 address that came in over IPv6 as IPv4."""
    try:
        address = ipaddress.ip_address((text or "").strip().removeprefix(MAPPED_PREFIX).partition("%")[0])
    except ValueError:
        return None
    return str(address)


def address_of_scope(scope: dict[str, Any]) -> str | None:
    """The same of a socket (an ASGI scope)."""
    headers = dict(scope["headers"])
    client = scope.get("client") or ("",)
    meta = {"REMOTE_ADDR": client[0], "HTTP_X_FORWARDED_FOR": headers.get(b"x-forwarded-for", b"").decode("latin-1")}
    request = HttpRequest()
    request.META = {name: value for name, value in meta.items() if value}
    return address_of(request)
