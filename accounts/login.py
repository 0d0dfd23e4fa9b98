"""The way in, for the page and the API: password, address, second factor. Attempts are counted, failures audited."""

from axes.utils import reset
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import second_factor
from accounts.addresses import address_of
from accounts.allowed_addresses import may_come_from
from accounts.api.throttles import wait_s
from accounts.audit import record
from accounts.backends import login_name
from accounts.models import User
from accounts.second_factor import WrongCode


class LoginRefused(Exception):
    """`code`: throttled (`wait_s` says how long), locked_out, invalid_credentials, address_not_allowed, otp_required,
    otp_invalid."""

    def __init__(self, message: str, code: str, wait_s: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.wait_s = wait_s


def refuse_haste(request: HttpRequest, scope: str, account: str = "") -> None:
    if seconds := wait_s(request, scope, account=account):
        text = ngettext(
            "Too many attempts. Try again in %(seconds)s second.",
            "Too many attempts. Try again in %(seconds)s seconds.",
            seconds,
        )
        raise LoginRefused(text % {"seconds": seconds}, "throttled", seconds)


def password_check(request: HttpRequest, username: str, password: str) -> User:
    """The user of these credentials. Raises LoginRefused. A disabled user is answered like a wrong password."""
    refuse_haste(request, "login", username)
    user = authenticate(request, username=username, password=password)
    if getattr(request, "axes_locked_out", False):
        minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
        text = _("Too many wrong passwords. Try again in %(minutes)s minutes, or set a new password.")
        raise LoginRefused(text % {"minutes": minutes}, "locked_out", minutes * 60)
    if not isinstance(user, User):
        _failed(_known(request, username), "password")
        raise LoginRefused(_("User name or password is not right."), "invalid_credentials")
    if not may_come_from(user, address_of(request)):
        _failed(user, "address")
        raise LoginRefused(_("This account cannot be used from your address."), "address_not_allowed")
    return user


def second_factor_check(request: HttpRequest, user: User, code: str) -> bool:
    """Whether the user has a second factor; it is right then. Raises LoginRefused."""
    if not second_factor.is_on(user):
        return False
    if not code:
        raise LoginRefused(_("Enter a code of your second factor."), "otp_required")
    try:
        second_factor.check(user, code)
    except WrongCode as error:
        _failed(user, "second_factor")
        raise LoginRefused(error.messages[0], "otp_invalid") from None
    return True


def forget_failures(request: HttpRequest, user: User) -> None:
    """For log-ins without Django's session; those with one reset the count by themselves."""
    reset(ip=address_of(request), username=login_name(request, {"username": user.username}))


def _known(request: HttpRequest, username: str) -> User | None:
    return User.objects.filter(username__iexact=login_name(request, {"username": username})).first()


def _failed(user: User | None, step: str) -> None:
    """Without what was typed: people type passwords into the field for names."""
    record(actor=None, action="user.login_failed", target=user, details={"step": step})
