"""Registration, preferences, passwords, e-mail, roles. Everything wrong at once, by field, as `ValidationError`."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import logins
from accounts.audit import record
from accounts.models import LoginSession, Role, User

PREFERENCES = ("language", "time_zone", "theme")


def user_register(*, username: str, email: str, password: str, **preferences: Any) -> User:
    """A new trader. Raises ValidationError with every field's complaints."""
    user = User(username=username.strip(), email=email.strip(), **preferences)
    errors = _name_errors(user) | _row_errors(user) | _password_errors("password", password, user)
    if errors:
        raise ValidationError(errors)
    user.set_password(password)
    with transaction.atomic():
        _save(user)
        record(actor=user, action="user.register", target=user)
    return user


def user_update(*, user: User, changes: Mapping[str, Any]) -> User:
    """Changes what users may change of themselves (`PREFERENCES`); other names in `changes` are ignored."""
    before = User.objects.values(*PREFERENCES).get(pk=user.pk)
    for name in PREFERENCES:
        if name in changes:
            setattr(user, name, changes[name])
    if errors := _row_errors(user):
        raise ValidationError(errors)
    changed = {name: getattr(user, name) for name in PREFERENCES if getattr(user, name) != before[name]}
    if changed:
        with transaction.atomic():
            _save(user, update_fields=list(changed))
            record(actor=user, action="user.change", target=user, details=changed)
    return user


def user_change_password(*, user: User, current: str, new: str, keep: LoginSession | None = None) -> User:
    """Sets a new password; every log-in of the user ends with it but `keep`."""
    if not user.check_password(current):
        raise ValidationError({"current_password": [_("This is not your password.")]})
    _password_set(user, new, keep)
    record(actor=user, action="user.password", target=user)
    return user


def user_reset_password(*, user: User, new: str) -> User:
    """By a link that came by mail: the address is proven by that too. Every log-in of the user ends."""
    with transaction.atomic():
        _password_set(user, new, None)
        if user.email_confirmed_at is None:
            user.email_confirmed_at = timezone.now()
            user.save(update_fields=["email_confirmed_at"])
        record(actor=user, action="user.password_reset", target=user)
    return user


def email_change(*, user: User, email: str, password: str) -> bool:
    """Whether the new address holds already. A confirmed address gives way only once the new one is confirmed too.

    Raises ValidationError by field; the caller then has a link sent to the new address.
    """
    wished = User.objects.get(pk=user.pk)
    wished.email = email.strip()
    errors = _row_errors(wished)
    if not user.check_password(password):
        errors["current_password"] = [_("This is not your password.")]
    if errors:
        raise ValidationError(errors)
    if user.email_confirmed_at is not None:
        record(actor=user, action="user.email_wish", target=user, details={"email": wished.email})
        return False
    _email_set(user, wished.email, is_confirmed=False)
    return True


def email_confirm(*, user: User, email: str) -> None:
    """By the link in a mail to this address. Raises ValidationError when somebody else has it by now."""
    user.email = email
    if errors := _row_errors(user):
        raise ValidationError(errors)
    _email_set(user, email, is_confirmed=True)


def user_set_role(*, actor: User | None, user: User, role: str) -> None:
    before, user.role = user.role, Role(role)
    with transaction.atomic():
        user.save(update_fields=["role"])
        record(actor=actor, action="user.role", target=user, details={"was": before, "role": role})
        logins.announce(user.pk)


def user_switch(*, actor: User | None, user: User, is_active: bool) -> None:
    """A disabled user's log-ins end; his bots go on as they are."""
    user.is_active = is_active
    with transaction.atomic():
        user.save(update_fields=["is_active"])
        record(actor=actor, action="user.enable" if is_active else "user.disable", target=user)
        if not is_active:
            logins.logins_end_others(actor=actor, user=user)


def _password_set(user: User, new: str, keep: LoginSession | None) -> None:
    if errors := _password_errors("new_password", new, user):
        raise ValidationError(errors)
    user.set_password(new)
    with transaction.atomic():
        user.save(update_fields=["password"])
        logins.logins_end_others(actor=user, user=user, keep=keep)


def _email_set(user: User, email: str, *, is_confirmed: bool) -> None:
    user.email, user.email_confirmed_at = email, timezone.now() if is_confirmed else None
    with transaction.atomic():
        _save(user, update_fields=["email", "email_confirmed_at"])
        record(actor=user, action="user.email", target=user, details={"email": email, "confirmed": is_confirmed})


def _name_errors(user: User) -> dict[str, list[str]]:
    """Names differ by more than case and are nobody else's e-mail: both are used to log in."""
    if User.objects.filter(username__iexact=user.username).exists():
        return {"username": [_("This user name is taken.")]}
    if "@" in user.username and user.username.lower() != user.email.lower():
        return {"username": [_("Use your own e-mail or a name without @.")]}
    return {}


def _row_errors(user: User) -> dict[str, list[str]]:
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        return _by_field(error)
    return {}


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    """A constraint over an expression reports no field; its error code names the field here."""
    found: dict[str, list[str]] = {}
    for field, errors in error.error_dict.items():
        for one in errors:
            found.setdefault(str(one.code) if field == NON_FIELD_ERRORS else field, []).extend(one.messages)
    return found


def _password_errors(field: str, password: str, user: User) -> dict[str, list[str]]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {field: list(error.messages)}
    return {}


def _save(user: User, **options: Any) -> None:
    """Two people registering the same name at once: the slower one gets the ordinary complaint."""
    try:
        with transaction.atomic():
            user.save(**options)
    except IntegrityError:
        if errors := _row_errors(user):
            raise ValidationError(errors) from None
        raise
