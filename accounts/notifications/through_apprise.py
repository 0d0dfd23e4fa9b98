"""A message through Apprise. Loaded on first use only (`accounts.notifications.services_load`): it takes its time.

Its services speak HTTP with `requests`; here they are given one whose connections are checked and which follows no
redirect, whatever a service or its address asks for.
"""

import logging
import sys
import threading
from typing import Any

import requests
from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType, PersistentStoreMode
from apprise.conversion import convert_between
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from accounts.models import ChannelKind, Severity
from accounts.notifications.checked_connections import (
    AddressRefused,
    CheckedHTTPConnection,
    CheckedHTTPSConnection,
)
from accounts.notifications.failures import FORBIDDEN, UNREACHABLE, SendFailed, failed_with
from accounts.notifications.messages import Message
from accounts.notifications.services_known import SCHEMES

TYPES = {
    Severity.INFO: NotifyType.INFO,
    Severity.WARNING: NotifyType.WARNING,
    Severity.ERROR: NotifyType.FAILURE,
}
_ASSET = AppriseAsset(
    app_id="ChainMakes",
    app_desc="ChainMakes",
    app_url="",
    http_redirects=False,
    async_mode=False,
    secure_logging=True,
    storage_mode=PersistentStoreMode.MEMORY,
    plugin_paths=[],
)
_seen = threading.local()  # what came of the last request of this thread

logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it writes addresses, and tokens with them


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = CheckedHTTPConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = CheckedHTTPSConnection


class _CheckedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        raise AddressRefused(FORBIDDEN)


class CheckedSession(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, _CheckedAdapter())

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        _seen.status = None
        options |= {"allow_redirects": False, "verify": True, "proxies": None}
        try:
            response = super().request(method, url, **options)
        except requests.ConnectionError as error:
            if _is_refusal(error):
                _seen.status = FORBIDDEN
            raise
        _seen.status = response.status_code
        return response


class _Requests:
    """Stands where a service's module says `requests`."""

    Session = session = CheckedSession

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        with CheckedSession() as session:
            return session.request(method, url, **options)

    def get(self, url: str, params: Any = None, **options: Any) -> requests.Response:
        return self.request("GET", url, params=params, **options)

    def post(self, url: str, data: Any = None, json: Any = None, **options: Any) -> requests.Response:
        return self.request("POST", url, data=data, json=json, **options)

    def put(self, url: str, data: Any = None, **options: Any) -> requests.Response:
        return self.request("PUT", url, data=data, **options)

    def patch(self, url: str, data: Any = None, **options: Any) -> requests.Response:
        return self.request("PATCH", url, data=data, **options)

    def delete(self, url: str, **options: Any) -> requests.Response:
        return self.request("DELETE", url, **options)

    def head(self, url: str, **options: Any) -> requests.Response:
        return self.request("HEAD", url, **options)


_CHECKED = _Requests()


def service_of(kind: str, address: str) -> NotifyBase | None:
    """None for an address that is none of a service allowed for this kind."""
    found = Apprise.instantiate(address, asset=_ASSET, suppress_exceptions=True)
    if not isinstance(found, NotifyBase) or not _schemes(found) <= SCHEMES.get(kind, frozenset()):  # type: ignore[call-overload]
        return None
    return found if _is_checked(found) else None


def apprise_send(message: Message, kind: str, address: str) -> None:
    """Raises SendFailed."""
    service = service_of(kind, address)
    if service is None:
        raise SendFailed("address", is_refusal=True)
    if kind == ChannelKind.TELEGRAM:
        _telegram_refuse(service)
    _seen.status = None
    style = service.resolve_format(NotifyFormat.TEXT)
    body, title = (convert_between(NotifyFormat.TEXT, style, text) for text in (message.body, message.title))
    loudness = TYPES[Severity(message.severity)]
    if not service.notify(body=body or title, title=title, notify_type=loudness, body_format=style):
        raise _failure(_seen.status)


def _telegram_refuse(service: Any) -> None:
    """Without a chat the service would send to whoever wrote to the bot last. Raises SendFailed."""
    service.notify_url = f"{settings.TELEGRAM_API_URL.rstrip('/')}/bot"
    if not service.targets:
        raise SendFailed("no_chat")


def _failure(status: Any) -> SendFailed:
    if status == FORBIDDEN:
        return SendFailed(FORBIDDEN, is_refusal=True)
    if status is None:
        return SendFailed(UNREACHABLE)
    return failed_with(status) if not 200 <= status < 300 else SendFailed("service", is_refusal=True)


def _is_refusal(error: BaseException | None) -> bool:
    """urllib3 and requests each wrap it."""
    while error is not None and not isinstance(error, AddressRefused):
        error = error.__cause__ or error.__context__
    return error is not None


def _schemes(service: NotifyBase) -> set[str]:
    """Those that the service knows; it is allowed as a whole."""
    found: set[str] = set()
    for names in (service.protocol, service.secure_protocol):
        found |= {names} if isinstance(names, str) else set(names or ())
    return found


def _is_checked(service: NotifyBase) -> bool:
    """Puts our `requests` into every module of the service; False for one that speaks by other means."""
    name = type(service).__module__
    own = [module for key, module in list(sys.modules.items()) if key == name or key.startswith(f"{name}.")]
    with_requests = [module for module in own if hasattr(module, "requests")]
    for module in with_requests:
        module.requests = _CHECKED  # type: ignore[attr-defined]
    return bool(with_requests)
