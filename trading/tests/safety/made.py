"""Bots on simulated markets that open on their first look, for the tests of everything that keeps them safe."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from bots.models import Bot
from bots.services import bot_create, bot_start
from bots.tests.factories import ladder, make_user
from exchanges.adapters import paper_chaos
from exchanges.registry import venue_of
from exchanges.tests.series import simulated_account
from trading.engine import run_tick
from trading.models import TradeLog
from trading.tests.replays import bot_data

AT_ONCE = ladder((0.0001, 1.0))


def simulated_bot(user: User | None = None, **fields: Any) -> Bot:
    """Started, flat, and about to open on its first look."""
    user = user or make_user()
    values = {
        "start_time": timezone.now() - timedelta(days=2),
        "dca_config": AT_ONCE,
        "max_dca_times": 1,
        "profit_ratio": "500",
        "stop_loss_ratio": "0",
        "decide_on": "tick",
    } | fields
    account = simulated_account(user, label=f"Simulation {Bot.objects.count()}")
    bot = bot_create(actor=user, data=bot_data(account, **values), now=timezone.now())
    return bot_start(actor=user, bot=bot, now=timezone.now())


def opened_bot(user: User | None = None, **fields: Any) -> Bot:
    bot = simulated_bot(user, **fields)
    look(bot)
    assert bot.level == 1
    return bot


def look(bot: Bot, *, after: timedelta = timedelta(0)) -> None:
    run_tick(bot.pk, timezone.now() + after)
    bot.refresh_from_db()


def rehearse(bot: Bot, *faults: dict[str, Any]) -> None:
    venue_of(bot.exchange_account).rehearse(paper_chaos.parse({"faults": list(faults)}))  # type: ignore[attr-defined]


def codes(bot: Bot) -> list[str]:
    """Of the bot's journal, oldest first."""
    lines = TradeLog.objects.filter(bot=bot).order_by("id").values_list("details", flat=True)
    return [details["code"] for details in lines]


def holdings(bot: Bot) -> dict[str, Any]:
    """At the venue, by symbol."""
    return {position.symbol: position.amount for position in venue_of(bot.exchange_account).positions()}
