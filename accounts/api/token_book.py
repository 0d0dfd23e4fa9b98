"""API tokens: made, looked up, revoked. The token itself is known to its maker alone."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.logins import announce
from accounts.models import ApiScope, ApiToken, User
from accounts.request_facts import request_facts

MARK = "cm_"
USED_EVERY = timedelta(minutes=1)  # last_used_at is written this often at most
TOKENS_MAX = 50
RANKS = {scope: rank for rank, scope in enumerate(ApiScope.values)}


def token_make(
    *, user: User, name: str, scope: str, expires_at: datetime | None = None, second_factor: bool = False
) -> tuple[ApiToken, str]:
    """The row and the token itself, which is not kept. Raises ValidationError by field."""
    errors = _errors(user, name.strip(), scope, expires_at)
    if errors:
        raise ValidationError(errors)
    text = MARK + secrets.token_urlsafe(32)
    token = ApiToken(owner=user, name=name.strip(), scope=scope, expires_at=expires_at, second_factor=second_factor)
    token.prefix, token.digest = text[:8], digest_of(text)
    try:
        with transaction.atomic():
            token.save()
            until = expires_at.isoformat() if expires_at else None
            record(actor=user, action="key.create", target=token, details={"scope": scope, "expires_at": until})
    except IntegrityError:
        raise ValidationError({"name": [_("You have a token of this name.")]}) from None
    return token, text


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Those that work, newest first."""
    return _working().filter(owner=user).order_by("-created_at", "-pk")


def token_of_text(text: str) -> ApiToken | None:
    """The working token with its owner loaded; None when unknown, revoked, run out or its owner disabled."""
    if not text.startswith(MARK):
        return None
    return _working().select_related("owner").filter(digest=digest_of(text), owner__is_active=True).first()


def token_of_id(token_id: int) -> ApiToken | None:
    return _working().select_related("owner").filter(pk=token_id, owner__is_active=True).first()


def token_used(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_ip=request_facts().ip)


def token_revoke(*, actor: User, token: ApiToken) -> None:
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            record(actor=actor, action="key.revoke", target=token, details={"scope": token.scope})
            announce(token.owner_id)


def covers(scope: str, needed: str) -> bool:
    return RANKS[scope] >= RANKS[needed]


def digest_of(text: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def _working() -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)


def _errors(user: User, name: str, scope: str, expires_at: datetime | None) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not name:
        errors["name"] = [_("This field is required.")]
    elif len(name) > 60:
        errors["name"] = [_("At most %(count)s characters.") % {"count": 60}]
    if scope not in RANKS:
        errors["scope"] = [_("Choose what the token may do.")]
    if expires_at is not None and expires_at <= timezone.now():
        errors["expires_at"] = [_("This lies in the past.")]
    if tokens_of(user).count() >= TOKENS_MAX:
        errors.setdefault("name", []).append(_("Revoke a token first: %(count)s are the most.") % {"count": TOKENS_MAX})
    # An old token of the same name that ran out makes room.
    ApiToken.objects.filter(owner=user, name=name, revoked_at=None, expires_at__lte=timezone.now()).update(
        revoked_at=timezone.now()
    )
    return errors
