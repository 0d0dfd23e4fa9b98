"""Asks again for the second factor where money or keys are at stake.

A view calls `require_fresh_second_factor(request)` before it acts. Pages then lead to `/settings/confirm` and back; the
API answers 403 with code `otp_required`, and the caller repeats the request with a code in the header `X-OTP` (or posts
it to `auth/step-up` first).
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts import second_factor
from accounts.models import ApiToken, LoginSession, User
from accounts.second_factor import WrongCode

HEADER = "X-OTP"
FIELD = "otp"


class SecondFactorNeeded(PermissionDenied):
    default_detail = _("Confirm with a code of your second factor.")
    default_code = "otp_required"


class SecondFactorWrong(SecondFactorNeeded):
    default_code = "otp_invalid"


def require_fresh_second_factor(request: HttpRequest | Request) -> None:
    """Raises SecondFactorNeeded unless the user has none, gave a code within the last ten minutes or gives one now.

    A token that was made under a second factor counts as fresh.
    """
    user = request.user
    if not isinstance(user, User) or not second_factor.is_on(user) or _is_strong_token(request):
        return
    if code := code_given(request):
        try:
            second_factor.check(user, code)
        except WrongCode as error:
            raise SecondFactorWrong(error.messages[0]) from None
        mark_fresh(user.login_session)
    elif not is_fresh(user.login_session):
        raise SecondFactorNeeded


def is_asked(request: HttpRequest | Request) -> bool:
    """Whether the form should offer a field for the code (named `otp`): `require_fresh_second_factor` would refuse."""
    user = request.user
    return isinstance(user, User) and not is_fresh(user.login_session) and second_factor.is_on(user)


def mark_fresh(login: LoginSession | None) -> None:
    if login is not None:
        login.second_factor_at = timezone.now()
        login.save(update_fields=["second_factor_at"])


def is_fresh(login: LoginSession | None) -> bool:
    if login is None or login.second_factor_at is None:
        return False
    return timezone.now() - login.second_factor_at < timedelta(seconds=settings.SECOND_FACTOR_FRESH_S)


def code_given(request: HttpRequest | Request) -> str:
    """In the header; of a page's form in its field too."""
    code = request.headers.get(HEADER, "")
    if not code and isinstance(request, HttpRequest) and request.method == "POST":
        code = request.POST.get(FIELD, "")
    return code.strip()[:64]


def _is_strong_token(request: HttpRequest | Request) -> bool:
    token = getattr(request, "auth", None)
    return isinstance(token, ApiToken) and token.second_factor
