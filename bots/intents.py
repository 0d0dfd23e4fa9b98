"""What users ask of a bot: written here, done by the engine under the lease before it decides."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from bots.models import Bot, Intent, IntentKind, IntentStatus

_RESULT_LENGTH = Intent._meta.get_field("result").max_length or 300


def intent_create(
    *,
    actor: User | None,
    bot: Bot,
    kind: IntentKind,
    idempotency_key: str,
    details: dict[str, Any] | None = None,
) -> tuple[Intent, bool]:
    """The intent and whether it is new: the same key is the same intent, and one of a kind waits at a time."""
    same_key = Intent.objects.filter(bot=bot, idempotency_key=idempotency_key).first()
    waiting = Intent.objects.filter(bot=bot, kind=kind, status=IntentStatus.WAITING).order_by("id").first()
    known = same_key or waiting
    if known is not None:
        return known, False
    return Intent.objects.get_or_create(
        bot=bot, idempotency_key=idempotency_key, defaults={"user": actor, "kind": kind, "details": details or {}}
    )


def intents_create(*, actor: User | None, keys: Mapping[Bot, str], kind: IntentKind) -> list[Bot]:
    """`intent_create` for many bots in a few statements; the bots for which it is new. In the caller's transaction."""
    known = Intent.objects.filter(bot__in=keys)
    waiting = set(known.filter(kind=kind, status=IntentStatus.WAITING).values_list("bot_id", flat=True))
    same = set(known.filter(idempotency_key__in=keys.values()).values_list("bot_id", "idempotency_key"))
    new = [bot for bot, key in keys.items() if bot.pk not in waiting and (bot.pk, key) not in same]
    rows = [Intent(bot=bot, idempotency_key=keys[bot], user=actor, kind=kind, details={}) for bot in new]
    Intent.objects.bulk_create(rows, ignore_conflicts=True)
    return new


def intents_waiting(bot: Bot) -> list[Intent]:
    """Oldest first."""
    return list(Intent.objects.filter(bot=bot, status=IntentStatus.WAITING).order_by("id"))


def asked_by_person(bot: Any) -> QuerySet[Intent]:
    """Waiting wishes of people, of a bot or of an outer query's bot; the program's own closes are none."""
    waiting = Intent.objects.filter(bot=bot, status=IntentStatus.WAITING)
    return waiting.exclude(kind=IntentKind.CLOSE, user=None)


def intent_settle(intent: Intent, status: IntentStatus, *, now: datetime, result: str = "") -> None:
    """Once: an intent that is settled already keeps its result."""
    Intent.objects.filter(pk=intent.pk, status=IntentStatus.WAITING).update(
        status=status, result=result[:_RESULT_LENGTH], settled_at=now
    )
