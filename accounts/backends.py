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
        if username and "@" in username and not User.objects.filter(username=username).exists():
            by_email = User.objects.filter(email__iexact=username).values_list("username", flat=True).first()
            username = by_email or username
        return super().authenticate(request, username=username, password=password, **kwargs)
