"""Who opened a socket: bearer token, one-time ticket or session cookie. Asked again while the socket stays open."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.crypto import constant_time_compare
from django.utils.http import is_same_domain
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts import browser_logins, logins
from accounts.addresses import address_of_scope
from accounts.allowed_addresses import may_come_from
from accounts.api import token_book as api_token_book
from accounts.models import User
from accounts.tickets import Holder, ticket_redeem
from accounts.tokens import user_of_access_token

Scope = dict[str, Any]
Proof = Callable[[], User | None]
"""Reads from the database who the socket belongs to now; None once that log-in is over or the user disabled."""

_sessions = import_module(settings.SESSION_ENGINE)


def proof_of(scope: Scope) -> Proof | None:
    """None when nothing was shown, or a cookie from a foreign page. A ticket is spent by this."""
    proof = _shown(scope)
    return proof and partial(_from_allowed, proof, address_of_scope(scope))


def _from_allowed(proof: Proof, ip: str | None) -> User | None:
    user = proof()
    return user if user and may_come_from(user, ip) else None


def _shown(scope: Scope) -> Proof | None:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "token"):
        return partial(_user_of_token, token.strip())
    if ticket := parse_qs(scope["query_string"].decode("latin-1")).get("ticket"):
        return _proof_of_ticket(ticket[0])
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if session_key and _is_own_page(headers):
        return partial(_user_of_session, session_key)
    return None


def _user_of_token(text: str) -> User | None:
    if text.startswith(api_token_book.MARK):
        token = api_token_book.token_of_text(text)
        return token.owner if token else None
    try:
        return user_of_access_token(text)
    except InvalidToken:
        return None


def _proof_of_ticket(ticket: str) -> Proof | None:
    holder = ticket_redeem(ticket)
    user = User.objects.filter(pk=holder.user_id, is_active=True).first() if holder else None
    return partial(_user_unchanged, holder, user.get_session_auth_hash()) if holder and user else None


def _user_unchanged(holder: Holder, auth_hash: str) -> User | None:
    """A socket lives as long as what its ticket was asked for with."""
    if holder.login and logins.login_of_key(holder.login, holder.user_id) is None:
        return None
    if holder.token_id and api_token_book.token_of_id(holder.token_id) is None:
        return None
    user = User.objects.filter(pk=holder.user_id, is_active=True).first()
    return user if user and constant_time_compare(user.get_session_auth_hash(), auth_hash) else None


def _user_of_session(session_key: str) -> User | None:
    """Read only: Django's own `get_user` may renew the session, and a socket cannot hand out a new cookie."""
    session = _sessions.SessionStore(session_key)
    known = str(session.get(HASH_SESSION_KEY, ""))
    if browser_logins.KEY in session:
        login = browser_logins.login_of_session(session)
        user = login.owner if login else None
    else:  # from before log-ins were written down; the next page writes it
        user = User.objects.filter(pk=session.get(SESSION_KEY), is_active=True).first()
    return user if user and constant_time_compare(known, user.get_session_auth_hash()) else None


def _is_own_page(headers: dict[str, str]) -> bool:
    """Browsers send cookies along for every page that asks, and name that page in Origin; other programs send none."""
    host = headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host or _is_trusted(origin)


def _is_trusted(origin: str) -> bool:
    """The same list as for posted forms: `https://name` or `https://*.name`."""
    scheme, _, netloc = origin.partition("://")
    trusted = (entry.partition("://") for entry in settings.CSRF_TRUSTED_ORIGINS)
    return any(scheme == its_scheme and is_same_domain(netloc, name.lstrip("*")) for its_scheme, _, name in trusted)
