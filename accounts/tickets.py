"""One-time tickets: who cannot send a header or a cookie along with a WebSocket asks for a ticket first."""

import hashlib
import secrets

from django.core.cache import cache

from accounts.models import User

LIFE_S = 30


def ticket_issue(user: User) -> str:
    """Opens one socket as this user within 30 s."""
    ticket = secrets.token_urlsafe(32)
    cache.set(_key(ticket), user.pk, LIFE_S)
    return ticket


def ticket_redeem(ticket: str) -> int | None:
    """The id of the ticket's user, once; None for everybody after, and for a ticket that is unknown or too old."""
    key = _key(ticket)
    user_id = cache.get(key)
    return user_id if user_id is not None and cache.delete(key) else None


def _key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
