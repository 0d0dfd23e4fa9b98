"""Bearer tokens on REST requests."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from accounts.models import User
from accounts.tokens import user_of


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer …`; a disabled user's, a changed password's and an ended session's tokens stop at once."""

    def get_validated_token(self, raw_token: bytes) -> Token:
        try:
            return AccessToken(raw_token)  # type: ignore[arg-type]
        except TokenError as error:
            raise InvalidToken() from error

    def get_user(self, validated_token: Token) -> User:  # type: ignore[override]
        return user_of(validated_token)


class BearerScheme(SimpleJWTScheme):
    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"
