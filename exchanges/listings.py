"""Which markets a venue has: one list per venue and kind, shared by all processes for `MARKET_CACHE_TTL`."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from exchanges import shared
from exchanges.adapters.ccxt_adapter import Client
from exchanges.adapters.instruments import Instrument
from exchanges.adapters.venues import Kind
from exchanges.errors import ExchangeError

KEPT_WITHOUT_ANSWER_S = 3_600.0
"""An old list is better than none while the venue does not answer: its rules change seldom."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """Times by the monotonic clock."""

    instruments: Mapping[str, Instrument]
    read_at: float
    fresh_until: float


_lock = threading.Lock()
_locks: dict[str, threading.Lock] = {}
_listings: dict[str, _Listing] = {}


def instruments(client: Client, kind: Kind) -> Mapping[str, Instrument]:
    """By symbol; empty for a kind that the venue does not offer. Raises ExchangeError."""
    key = _key(client, kind)
    known = _listings.get(key)
    if known is not None and time.monotonic() < known.fresh_until:
        return known.instruments
    with _lock:
        own = _locks.setdefault(key, threading.Lock())
    with own:
        known = _listings.get(key)
        if known is None or time.monotonic() >= known.fresh_until:
            known = _listings[key] = _renewed(client, kind, key, known)
    return known.instruments


def forget() -> None:
    """What this process knows: whoever asks next asks the venue."""
    _listings.clear()


def _renewed(client: Client, kind: Kind, key: str, known: _Listing | None) -> _Listing:
    now = time.monotonic()
    try:
        found = _shared(client, kind, key)
    except ExchangeError:
        if known is None or now > known.read_at + KEPT_WITHOUT_ANSWER_S:
            raise
        return _Listing(known.instruments, known.read_at, now + client.access.timeout_s)
    return _Listing(found, now, now + settings.MARKET_CACHE_TTL)


def _shared(client: Client, kind: Kind, key: str) -> Mapping[str, Instrument]:
    """Another process may have read it a moment ago."""
    found: Mapping[str, Instrument] | None = shared.found(key)
    if found is None:
        found = client.instruments(kind)
        shared.keep(key, found, settings.MARKET_CACHE_TTL)
    return found


def _key(client: Client, kind: Kind) -> str:
    """Another address of the venue has other markets."""
    return f"listing:{client.venue.exchange}:{client.access.testnet}:{client.access.base_url}:{kind}"
