"""One-time tickets: who cannot send a header or a cookie along with a WebSocket asks for a ticket first."""

import hashlib
import secrets
from dataclasses import dataclass

from django.core.cache import cache

from accounts.models import ApiToken, User

LIFE_S = 30


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asked for the ticket, and through what: the socket ends with that."""

    user_id: int
    login: str = ""  # key of the log-in
    token_id: int | None = None


def ticket_issue(user: User, *, token: ApiToken | None = None) -> str:
    """Opens one socket as this user within 30 s."""
    ticket = secrets.token_urlsafe(32)
    login = user.login_session
    cache.set(_key(ticket), [user.pk, login.key.hex if login else "", token.pk if token else None], LIFE_S)
    return ticket


def ticket_redeem(ticket: str) -> Holder | None:
    """The ticket's holder, once; None for everybody after, and for a ticket that is unknown or too old."""
    key = _key(ticket)
    held = cache.get(key)
    return Holder(*held) if held is not None and cache.delete(key) else None


def _key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
