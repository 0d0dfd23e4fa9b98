"""Bearer tokens. A log-in opens a session, a refresh continues it with a new pair, ending it stops all of its tokens.

Claims of ours: `session` (id of the log-in) and `auth` (changes with the password).
"""

import hmac
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import update_last_login
from django.utils import timezone
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.models import User


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str
    expires_in: int  # seconds that the access token lives
    token_type: str = "bearer"


def session_open(user: User) -> TokenPair:
    update_last_login(User, user)
    refresh = RefreshToken()
    refresh["user_id"] = str(user.pk)
    refresh["session"] = uuid.uuid4().hex
    refresh["auth"] = user.get_session_auth_hash()
    return _pair(refresh)


def session_refresh(refresh_text: str) -> TokenPair:
    """The next pair of a session; the given token is spent by the first who brings it. Raises InvalidToken."""
    refresh = refresh_token(refresh_text)
    if not _refuse(refresh["jti"], refresh["user_id"], datetime.fromtimestamp(refresh["exp"], UTC)):
        raise InvalidToken()
    refresh.set_jti()
    refresh.set_exp()
    refresh.set_iat()
    return _pair(refresh)


def session_end(token: Token) -> None:
    """Ends the log-in that an access or refresh token belongs to: none of its tokens works from now on."""
    _refuse(token["session"], token["user_id"], timezone.now() + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"])


def user_of(token: Token) -> User:
    """Owner of a verified token. Raises InvalidToken: user disabled, password changed or session ended."""
    user = User.objects.filter(pk=token.get("user_id")).first()
    if user is None or not user.is_active:
        raise InvalidToken()
    if not hmac.compare_digest(user.get_session_auth_hash(), str(token.get("auth"))):
        raise InvalidToken()
    if BlacklistedToken.objects.filter(token__jti=token.get("session", "")).exists():
        raise InvalidToken()
    return user


def user_of_access_token(text: str) -> User:
    """For connections that carry the token outside of a REST request. Raises InvalidToken."""
    try:
        return user_of(AccessToken(text))  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken() from error


def _refuse(jti: str, user_id: str, until: datetime) -> bool:
    """Puts a token's or session's id on the black list, until it would have ended anyway; False when it was there."""
    entry, _ = OutstandingToken.objects.get_or_create(jti=jti, defaults={"user_id": user_id, "expires_at": until})
    return BlacklistedToken.objects.get_or_create(token=entry)[1]


def refresh_token(text: str) -> RefreshToken:
    """A refresh token that may be used now. Raises InvalidToken."""
    try:
        token = RefreshToken(text)  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken() from error
    user_of(token)
    return token


def _pair(refresh: RefreshToken) -> TokenPair:
    lifetime = settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
    return TokenPair(str(refresh.access_token), str(refresh), int(lifetime.total_seconds()))
