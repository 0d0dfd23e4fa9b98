"""Log in by user name or by e-mail."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User


class UsernameOrEmailBackend(ModelBackend):
    """An exact user name wins, otherwise the e-mail in any case. Unknown names take the same time as known ones."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        return super().authenticate(request, username=username and _known_name(username), password=password, **kwargs)


def login_name(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """Under which name failures count: one and the same for every way of writing it."""
    return _known_name(str((credentials or {}).get("username") or "")).lower()


def _known_name(typed: str) -> str:
    if "@" in typed and not User.objects.filter(username=typed).exists():
        return User.objects.filter(email__iexact=typed).values_list("username", flat=True).first() or typed
    return typed
