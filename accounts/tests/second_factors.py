"""Users with an authenticator app, for everybody's tests."""

import base64
import time

from django_otp.oath import totp

from accounts import second_factor
from accounts.models import AuthenticatorApp, User


def with_second_factor(user: User) -> list[str]:
    """Switches it on; the recovery codes. The app's code of now is left unspent."""
    second_factor.set_up(user)
    codes = second_factor.switch_on(user=user, code=code_of(user))
    AuthenticatorApp.objects.filter(user=user).update(last_step=-1)
    return codes


def code_of(user: User, *, steps: int = 0) -> str:
    """What the user's app shows now, or so many half minutes later."""
    app = AuthenticatorApp.objects.get(user=user)
    seconds = time.time() + steps * second_factor.STEP_S
    return f"{totp(base64.b32decode(app.secret), t0=-int(seconds - time.time())):06d}"


def wrong_code(user: User) -> str:
    right = {code_of(user, steps=steps) for steps in range(-2, 3)}
    return next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in right)
