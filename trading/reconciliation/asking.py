"""Wishes that reconciliation puts to the engine, and which bots may carry them out without asking their owner."""

from bots import schedules
from bots.models import Bot, BotStatus, Intent, IntentKind


def closes_by_itself(bot: Bot) -> bool:
    """Whether the bot may close what is left of its pair on its own: neither stopped nor frozen by its owner."""
    return bot.status == BotStatus.RUNNING or (bot.status != BotStatus.STOPPED and not bot.freeze_exits)


def wish_put(bot: Bot, kind: IntentKind, key: str, *, user_id: int | None = None, **details: str | int) -> Intent:
    """The same key is the same wish; unlike a user's close several of a kind may wait. In the caller's transaction."""
    defaults = {"kind": kind, "details": details, "user_id": user_id}
    intent, _ = Intent.objects.get_or_create(bot=bot, idempotency_key=key[:64], defaults=defaults)
    schedules.schedule_refresh(bot)
    return intent


def rest_ask(bot: Bot, key: str, *, user_id: int | None = None, **details: str | int) -> Intent:
    """Has the engine close what is left of the bot's pair."""
    return wish_put(bot, IntentKind.CLOSE_REST, key, user_id=user_id, **details)
