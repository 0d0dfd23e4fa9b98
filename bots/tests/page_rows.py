"""Bots in position with everything that a list shows of them: books, live figures, history."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from bots.config import core_config
from bots.feed import keys as feed_keys
from bots.figures import live_figures
from bots.models import Bot, BotStatus
from bots.tests.factories import CHZ, GALA, make_bot, market_rules
from trading.core.types import position_state, quote
from trading.models import LedgerLine, LineKind, Position
from trading.spread_log import SpreadPoint, points_write

AT = datetime(2025, 2, 5, 15, 30, tzinfo=UTC)


def held_bot(owner: Any = None, account: Any = None, *, earned: str = "12.34", **fields: Any) -> Bot:
    """Short the spread at level 1 with 100 USDT a leg, a little under water, `earned` realised today."""
    values = {"status": BotStatus.RUNNING, "level": 1, "side": -1, "invested": Decimal(100)}
    values |= {"total_profit": Decimal(earned), "first_spread": 1.0, "last_spread": 1.0}
    bot = make_bot(owner, account, **values | fields)
    for leg, symbol, side, amount, price in ((1, GALA, "short", 2800, "0.0357"), (2, CHZ, "long", 1180, "0.0847")):
        Position.objects.create(
            bot=bot,
            account=bot.exchange_account,
            cycle_number=1,
            leg=leg,
            symbol=symbol,
            side=side,
            amount=amount,
            cost=0,
            entry_price=Decimal(price),
            opened_at=AT,
        )
    line(bot, earned)
    show(bot)
    return bot


def line(bot: Bot, amount: str, *, days_ago: float = 0) -> None:
    """Money of the bot, booked so long ago."""
    row = LedgerLine.objects.create(
        account=bot.exchange_account,
        bot=bot,
        symbol=GALA,
        kind=LineKind.REALISED,
        amount=Decimal(amount),
        currency="USDT",
        at=AT,
    )
    LedgerLine.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days_ago))


def show(bot: Bot, **changes: Any) -> dict[str, Any]:
    """Leaves live figures where pages look for them, as the feed does."""
    rules = market_rules(GALA), market_rules(CHZ)
    state = position_state(
        level=bot.level,
        side=bot.side,
        reference=bot.last_spread,
        first_spread=bot.first_spread,
        last_spread=bot.last_spread,
        invested=float(bot.invested),
        q1=-2800.0 if bot.level else 0.0,
        q2=1180.0 if bot.level else 0.0,
        cost=-0.014 if bot.level else 0.0,
        fees=0.1 if bot.level else 0.0,
    )
    figures = live_figures(bot, core_config(bot, *rules), state, quote(0.0359, 0.0846), AT) | changes
    cache.set(feed_keys.figures_key(bot.pk), figures, 60)
    return figures


def history(bot: Bot, hours: int = 6) -> None:
    """A minute's row every half hour."""
    moments = (AT - timedelta(minutes=30 * n) for n in range(hours * 2))
    prices = Decimal("0.035"), Decimal("0.085")
    points_write([SpreadPoint(bot.pk, at, *prices, float(n % 5)) for n, at in enumerate(moments)])
