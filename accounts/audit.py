"""Writes the audit log: who did what from where. Called inside the transaction that makes the change.

A change that is rolled back leaves no entry, and one that cannot be recorded is not made.
"""

from collections.abc import Mapping
from typing import Any

from django.db import models

from accounts.audit_models import AuditEntry
from accounts.models import User
from accounts.request_facts import request_facts

SECRET_WORDS = ("secret", "password", "passphrase", "api_key", "apikey", "token", "otp", "recovery", "cookie")
HIDDEN = "•••"


def record(
    *,
    actor: User | None,
    action: str,
    target: models.Model | None = None,
    summary: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """`action`: "thing.verb" (`bot.start`); the words for it are in `accounts.audit_words`. No actor: the program.

    `summary`: one English sentence in the catalogue (`gettext_noop`) which may name values of `details` as `%(name)s`;
    readers see it in their language. Values whose names speak of secrets are blanked. The owner of `target` (its
    `owner` or `user`; a user is his own) reads the entry too.
    """
    facts = request_facts()
    AuditEntry.objects.create(
        actor=actor,
        actor_name=actor.username if actor else "",
        owner_id=_owner_id(target) or (actor.pk if actor else None),
        action=action,
        object_type=target._meta.model_name or "" if target else "",
        object_id=str(target.pk or "") if target else "",
        object_label=str(target)[:254] if target else "",
        summary=summary[:500],
        details=without_secrets(details or {}),
        source=facts.source,
        ip=facts.ip,
        user_agent=facts.user_agent,
    )


def without_secrets(value: Any, name: str = "") -> Any:
    """The same as JSON with what stands under a secret's name blanked; empty values and switches stay."""
    if isinstance(value, Mapping):
        return {str(key): without_secrets(inner, str(key)) for key, inner in value.items()}
    if value and not isinstance(value, bool) and any(word in name.lower() for word in SECRET_WORDS):
        return HIDDEN
    if isinstance(value, list | tuple | set | frozenset):
        return [without_secrets(inner) for inner in value]
    return str(value) if isinstance(value, models.Model) else value


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What an entry says of values that differ: {name: {"was": …, "now": …}}."""
    return {name: {"was": before.get(name), "now": now} for name, now in after.items() if before.get(name) != now}


def _owner_id(target: models.Model | None) -> int | None:
    if isinstance(target, User):
        return target.pk
    found = getattr(target, "owner_id", None) or getattr(target, "user_id", None)
    if found is None and (bot := getattr(target, "bot", None)) is not None:
        found = getattr(bot, "owner_id", None)
    return found
