"""Bearer tokens of a log-in. A refresh continues it with a new pair; ending the log-in stops all of its tokens.

Claims of ours: `session` (key of the `LoginSession`) and `auth` (changes with the password). A refresh token that comes
a second time was stolen from somebody: its whole log-in ends.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import update_last_login
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts import logins
from accounts.models import LoginKind, LoginSession, User


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int  # seconds that the access token lives
    token_type: str = "bearer"


class _SpentToo(RefreshToken):
    """A refresh token that may have been spent: whether it was is asked, and answered, in one statement."""

    def check_blacklist(self) -> None:
        return None


def session_open(user: User, *, second_factor: bool = False) -> TokenPair:
    update_last_login(User, user)
    login = logins.login_open(user=user, kind=LoginKind.PROGRAM, second_factor=second_factor)
    refresh = RefreshToken()
    refresh["user_id"] = str(user.pk)
    refresh["session"] = login.key.hex
    refresh["auth"] = user.get_session_auth_hash()
    return _pair(refresh)


def session_refresh(refresh_text: str) -> TokenPair:
    """The next pair of a log-in; the given token is spent by that. Raises InvalidToken."""
    try:
        refresh = _SpentToo(refresh_text)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken() from error
    login = login_of_token(refresh)
    if not _spend(refresh):
        logins.login_end(actor=None, login=login, action="session.reused")
        raise InvalidToken()
    logins.login_continued(login)
    refresh.set_jti()
    refresh.set_exp()
    refresh.set_iat()
    return _pair(refresh)


def session_end(token: Token) -> None:
    """Ends the log-in that a verified access or refresh token belongs to. Raises InvalidToken."""
    login = login_of_token(token)
    logins.login_end(actor=login.owner, login=login, action="user.logout")


def user_of(token: Token) -> User:
    """Owner of a verified token, with his `login_session`. Raises InvalidToken: disabled, password changed, ended."""
    return login_of_token(token).owner


def login_of_token(token: Token) -> LoginSession:
    login = logins.login_of_key(token.get("session", ""), token.get("user_id"))
    if login is None:
        raise InvalidToken()
    if not hmac.compare_digest(login.owner.get_session_auth_hash(), str(token.get("auth"))):
        raise InvalidToken()
    return login


def user_of_access_token(text: str) -> User:
    """For connections that carry the token outside of a REST request. Raises InvalidToken."""
    try:
        return user_of(AccessToken(text))  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken() from error


def refresh_token(text: str) -> RefreshToken:
    """A refresh token that may be used now. Raises InvalidToken."""
    try:
        token = RefreshToken(text)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken() from error
    user_of(token)
    return token


def _spend(refresh: RefreshToken) -> bool:
    """Puts the token on the black list until it would have ended anyway; False when it was there."""
    ends_at = datetime.fromtimestamp(refresh["exp"], UTC)
    defaults = {"user_id": refresh["user_id"], "expires_at": ends_at}
    entry, _ = OutstandingToken.objects.get_or_create(jti=refresh["jti"], defaults=defaults)
    return BlacklistedToken.objects.get_or_create(token=entry)[1]


def _pair(refresh: RefreshToken) -> TokenPair:
    lifetime = settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
    return TokenPair(str(refresh.access_token), str(refresh), int(lifetime.total_seconds()))
