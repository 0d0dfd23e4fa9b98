"""What a page of the live feed begins with: everything as it is now, in a bounded number of queries."""

from typing import Any

from accounts.models import User
from bots.feed import events as feed
from bots.models import Bot
from bots.rows import fields_of
from trading.models import Order, Position, TradeLog
from trading.rows import bot_row, log_row, order_row, position_row

ORDERS_SHOWN = 20
LOGS_SHOWN = 50
BOT_IN_SHORT = ("id", "bot_name", "status", "level", "side", "current_cycle", "total_profit", "total_trades")


def bot_snapshot(bot: Bot) -> dict[str, Any]:
    """Newest orders and journal lines first; the journal in the language that is active now."""
    return {
        "bot": bot_row(bot),
        "figures": feed.last_figures([bot.pk]).get(bot.pk),
        "positions": [position_row(row) for row in Position.objects.filter(bot=bot, is_open=True).order_by("leg")],
        "orders": [order_row(row) for row in Order.objects.filter(bot=bot).order_by("-id")[:ORDERS_SHOWN]],
        "logs": [log_row(row) for row in TradeLog.objects.filter(bot=bot).order_by("-id")[:LOGS_SHOWN]],
    }


def dashboard_snapshot(user: User) -> dict[str, Any]:
    """Bots in short; `figures` by bot id (as text, JSON's keys), for bots that have some."""
    bots = list(Bot.objects.filter(owner=user, deleted_at=None).order_by("pk"))
    figures = feed.last_figures(bot.pk for bot in bots)
    return {
        "bots": [fields_of(bot, BOT_IN_SHORT) for bot in bots],
        "figures": {str(bot_id): of_bot for bot_id, of_bot in figures.items()},
    }
