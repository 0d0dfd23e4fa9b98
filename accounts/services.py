"""Registration, preferences and passwords. Everything wrong at once, by field, as `ValidationError`."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User

PREFERENCES = ("email", "language", "time_zone", "theme")


def user_register(*, username: str, email: str, password: str, **preferences: Any) -> User:
    """A new trader. Raises ValidationError with every field's complaints."""
    user = User(username=username.strip(), email=email.strip(), **preferences)
    errors = _name_errors(user) | _row_errors(user) | _password_errors("password", password, user)
    if errors:
        raise ValidationError(errors)
    user.set_password(password)
    _save(user)
    return user


def user_update(*, user: User, changes: Mapping[str, Any]) -> User:
    """Changes what users may change of themselves (`PREFERENCES`); other names in `changes` are ignored."""
    for name in PREFERENCES:
        if name in changes:
            setattr(user, name, changes[name])
    if errors := _row_errors(user):
        raise ValidationError(errors)
    _save(user, update_fields=list(PREFERENCES))
    return user


def user_change_password(*, user: User, current: str, new: str) -> User:
    """Sets a new password; every token and every other browser session of the user ends with it."""
    if not user.check_password(current):
        raise ValidationError({"current_password": [_("This is not your password.")]})
    if errors := _password_errors("new_password", new, user):
        raise ValidationError(errors)
    user.set_password(new)
    user.save(update_fields=["password"])
    return user


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
