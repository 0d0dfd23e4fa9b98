"""Links in mails: signed, for one use, for a while. What they carry is worth nothing once it has been used."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.models import User

EMAIL_SALT = "accounts.email"


class _ResetTokens(PasswordResetTokenGenerator):
    """Django's: dead after a log-in, a new password or another e-mail."""

    key_salt = "accounts.password"


_reset_tokens = _ResetTokens()


@dataclass(frozen=True, slots=True)
class EmailWish:
    user: User
    email: str


def password_link(user: User) -> tuple[str, str]:
    """(user part, token part) of the link to a new password."""
    return urlsafe_base64_encode(str(user.pk).encode()), _reset_tokens.make_token(user)


def user_of_password_link(uid: str, token: str) -> User | None:
    try:
        pk = int(urlsafe_base64_decode(uid).decode())
    except (ValueError, UnicodeDecodeError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first() if abs(pk) < 2**63 else None
    return user if user and _reset_tokens.check_token(user, token) else None


def email_token(user: User, email: str) -> str:
    """Proves that whoever has it reads mails to this address; `was`: the address that it takes the place of."""
    return signing.dumps({"user": user.pk, "email": email, "was": user.email}, salt=EMAIL_SALT)


def wish_of_email_token(token: str) -> EmailWish | None:
    """None once it is too old, or another address was set meanwhile."""
    try:
        wish = signing.loads(token, salt=EMAIL_SALT, max_age=settings.EMAIL_LINK_LIFE_S)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=wish["user"], is_active=True).first()
    return EmailWish(user, wish["email"]) if user and user.email in (wish["was"], wish["email"]) else None
