"""The second factor of a user: set up, confirmed, asked for, switched off.

The time-based codes are django-otp's; the app's secret is encrypted, recovery codes are kept as digests.
"""

import base64
import hashlib
import secrets
from urllib.parse import quote, urlencode

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp.oath import TOTP

from accounts.audit import record
from accounts.models import AuthenticatorApp, RecoveryCode, User

ISSUER = "ChainMakes"
STEP_S, DIGITS, TOLERANCE = 30, 6, 1
CODES = 10
CODE_BYTES = 10


class WrongCode(ValidationError):
    """Not a code of now, one that was used before, or one that came too soon after a wrong one."""


def is_on(user: User) -> bool:
    return AuthenticatorApp.objects.filter(user=user, confirmed=True).exists()


def codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(owner=user, used_at=None).count()


def set_up(user: User) -> AuthenticatorApp:
    """The app to be confirmed; the same until it is. Raises ValidationError when a second factor is on."""
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    app, _is_new = AuthenticatorApp.objects.get_or_create(
        user=user, defaults={"secret": secret, "confirmed": False, "name": "app"}
    )
    if app.confirmed:
        raise ValidationError(_("The second factor is on already."))
    return app


def set_up_anew(user: User) -> AuthenticatorApp:
    """Another secret, for somebody who begins again."""
    AuthenticatorApp.objects.filter(user=user, confirmed=False).delete()
    return set_up(user)


def address_of_app(app: AuthenticatorApp) -> str:
    """`otpauth://…`, what the picture says."""
    query = urlencode({"secret": app.secret, "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_S})
    return f"otpauth://totp/{quote(f'{ISSUER}:{app.user.get_username()}')}?{query}"


def switch_on(*, user: User, code: str) -> list[str]:
    """The first code proves that the app works; answers the recovery codes, which are shown once. Raises WrongCode."""
    with transaction.atomic():
        app = _app(user, confirmed=False)
        problem = _problem(app, code)
        if problem is None:
            app.confirmed = True
            app.save(update_fields=["confirmed"])
            codes = _codes_make(user)
            record(actor=user, action="second_factor.on", target=user)
    if problem is not None:
        raise problem
    return codes


def switch_off(*, user: User, password: str, code: str) -> None:
    """Raises ValidationError by field."""
    if not user.check_password(password):
        raise ValidationError({"password": [_("This is not your password.")]})
    try:
        check(user, code)
    except WrongCode as error:
        raise ValidationError({"code": error.messages}) from None
    remove(actor=user, user=user)


def remove(*, actor: User | None, user: User) -> None:
    """Without asking: an operator's help for somebody who lost phone and codes."""
    with transaction.atomic():
        AuthenticatorApp.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(owner=user).delete()
        record(actor=actor, action="second_factor.off", target=user)


def codes_renew(*, user: User) -> list[str]:
    """Ten new recovery codes; the old ones open nothing any more."""
    with transaction.atomic():
        codes = _codes_make(user)
        record(actor=user, action="second_factor.codes", target=user)
    return codes


def check(user: User, code: str) -> None:
    """Spends a code of the app or a recovery code: it opens one door, however many try at once. Raises WrongCode."""
    with transaction.atomic():
        problem = _problem(_app(user, confirmed=True), code)
    if problem is not None:
        raise problem


def _app(user: User, *, confirmed: bool) -> AuthenticatorApp:
    """Locked. Raises WrongCode when there is none."""
    app = AuthenticatorApp.objects.select_for_update().filter(user=user, confirmed=confirmed).first()
    if app is None:
        raise WrongCode(_("There is no second factor to check."), code="otp_off")
    return app


def _problem(app: AuthenticatorApp, code: str) -> WrongCode | None:
    """None: right, and spent. Returned, not raised: the count of wrong codes is to be committed."""
    allowed, why = app.verify_is_allowed()
    if not allowed:
        seconds = max(1, int((why["locked_until"] - timezone.now()).total_seconds()) + 1)
        text = ngettext(
            "Too many wrong codes. Try again in %(seconds)s second.",
            "Too many wrong codes. Try again in %(seconds)s seconds.",
            seconds,
        )
        return WrongCode(text, code="throttled", params={"seconds": seconds})
    plain = "".join(code.split()).replace("-", "").lower()
    if _is_apps(app, plain) or (app.confirmed and _is_recovery(app.user, plain)):
        app.throttle_reset(commit=False)
        app.save()
        return None
    app.throttle_increment()
    return WrongCode(_("This code is not right. Codes change every 30 seconds and work once."), code="otp_invalid")


def _is_apps(app: AuthenticatorApp, code: str) -> bool:
    if not (len(code) == DIGITS and code.isascii() and code.isdigit()):
        return False
    clock = TOTP(base64.b32decode(app.secret), STEP_S, 0, DIGITS, app.drift)
    clock.time = timezone.now().timestamp()
    if not clock.verify(int(code), TOLERANCE, app.last_step + 1):
        return False
    app.last_step, app.drift = clock.t(), clock.drift
    return True


def _is_recovery(user: User, code: str) -> bool:
    spent = RecoveryCode.objects.filter(owner=user, digest=_digest(code), used_at=None).update(used_at=timezone.now())
    if spent:
        record(actor=user, action="second_factor.code_used", target=user, details={"left": codes_left(user)})
    return bool(spent)


def _codes_make(user: User) -> list[str]:
    plain = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower() for _ in range(CODES)]
    RecoveryCode.objects.filter(owner=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(owner=user, digest=_digest(code)) for code in plain)
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in plain]


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
