"""Who sends a REST request: a log-in's bearer token or an API token. From an address that its owner allows."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from accounts import logins
from accounts.addresses import address_of
from accounts.allowed_addresses import may_come_from
from accounts.api import token_book as api_token_book
from accounts.models import ApiToken, User
from accounts.tokens import user_of

CHALLENGE = 'Bearer realm="api"'


def refuse_address(request: Request, user: User) -> None:
    if not may_come_from(user, address_of(request)):
        raise AuthenticationFailed(_("This account cannot be used from your address."), code="address_not_allowed")


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cm_…` or `Token cm_…`. What the token may do is the permission's matter."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        kind, _space, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "token" and not (kind.lower() == "bearer" and text.strip().startswith(api_token_book.MARK)):
            return None
        token = api_token_book.token_of_text(text.strip())
        if token is None:
            raise AuthenticationFailed(_("This token is not valid, was revoked or has run out."), "token_not_valid")
        refuse_address(request, token.owner)
        api_token_book.token_used(token)
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer …`; a disabled user's, a changed password's and an ended log-in's tokens stop at once."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:  # type: ignore[override]
        found: Any = super().authenticate(request)
        if found is not None:
            user = found[0]
            refuse_address(request, user)
            logins.login_seen(user.login_session)
        return found

    def get_validated_token(self, raw_token: bytes) -> Token:
        try:
            return AccessToken(raw_token)  # type: ignore[arg-type]
        except TokenError as error:
            raise InvalidToken() from error

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        return user_of(validated_token)


class BearerScheme(SimpleJWTScheme):
    target_class = "accounts.api.authentication.BearerAuthentication"
    name = "bearer"


class ApiTokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "cm_…",
            "description": "An API token of the user's settings; its scope is read, trade or admin.",
        }
