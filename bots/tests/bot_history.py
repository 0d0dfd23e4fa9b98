"""The past of a bot in rows: minutes of its spread, trades with their orders, cycles, the journal."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from bots.journal import lines as journal
from bots.models import Bot
from trading.models import Cycle, LogType, Order, Trade, TradeStatus
from trading.spread_log import SpreadPoint, points_write


def minutes(bot: Bot, end: datetime, count: int) -> None:
    """Minute rows up to `end`; the spread swings, and every row reaches above and below its close."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO spread_history (bot_id, kind, recorded_at, market1_price, market2_price, spread_percentage,"
            " spread_open, spread_high, spread_low, stored_on)"
            " SELECT %s, 'minute', %s - make_interval(mins => n), 0.035, 0.085, s, s, s + 0.1 + n %% 7 / 10.0,"
            " s - 0.1 - n %% 11 / 10.0, CURRENT_DATE"
            " FROM (SELECT n, 3 * sin(n / 97.0) AS s FROM generate_series(0, %s) AS n) AS rows",
            [bot.pk, end, count - 1],
        )


def point(bot: Bot, at: datetime, spread: float) -> None:
    points_write([SpreadPoint(bot.pk, at, Decimal("0.035"), Decimal("0.085"), spread)])


def trade(bot: Bot, at: datetime, action: str = "open", **fields: Any) -> Trade:
    """Settled, filled, short the spread at level 1 unless told otherwise; without orders."""
    values = {
        "bot": bot,
        "cycle_number": 1,
        "level": 1,
        "action": action,
        "side": -1,
        "status": TradeStatus.SETTLED,
        "spread": 1.25,
        "price1": Decimal("0.035"),
        "price2": Decimal("0.085"),
        "notional": 100,
        "target1": 2800,
        "target2": 1180,
        "filled_share": 1.0,
        "decided_at": at,
        "filled_at": at,
    }
    return Trade.objects.create(**values | fields)


def order(of: Trade, leg: int, side: str, amount: str, price: str, **fields: Any) -> Order:
    """Filled completely at that price, with 0.05 % fee."""
    bot = of.bot
    cost = Decimal(amount) * Decimal(price)
    values = {
        "account": bot.exchange_account,
        "bot": bot,
        "trade": of,
        "cycle_number": of.cycle_number,
        "dca_level": of.level,
        "leg": leg,
        "purpose": of.action,
        "client_order_id": f"t{of.pk}l{leg}n{Order.objects.count()}",
        "symbol": bot.symbol_of(leg),
        "side": side,
        "order_type": "ioc",
        "amount": Decimal(amount),
        "filled_amount": Decimal(amount),
        "average_price": Decimal(price),
        "cost": cost,
        "fee": cost * Decimal("0.0005"),
        "fee_currency": "USDT",
        "status": "closed",
        "market_time": of.decided_at,
        "filled_at": of.decided_at,
    }
    return Order.objects.create(**values | fields)


def cycle(bot: Bot, number: int, opened_at: datetime, pnl: str | None = "1.50", **fields: Any) -> Cycle:
    """Closed by its take profit two hours later; open with `pnl` None."""
    closed = {} if pnl is None else {"closed_at": opened_at + timedelta(hours=2), "close_spread": 0.25}
    values = {"side": -1, "levels": 1, "invested": 100, "open_spread": 1.25, "lowest_pnl": -0.4, "fees": Decimal("0.2")}
    values |= {"reason": "" if pnl is None else "take_profit", "realised_pnl": Decimal(pnl or 0)}
    return Cycle.objects.create(bot=bot, number=number, opened_at=opened_at, **values | closed | fields)


def full_history(bot: Bot, end: datetime, cycles: int) -> None:
    """So many closed cycles, each with an opening and a closing trade of two orders, and a journal line for both."""
    for number in range(1, cycles + 1):
        at = end - timedelta(hours=3 * (cycles - number + 1))
        cycle(bot, number, at)
        for action, sides, moment in (("open", "sell buy", at), ("close", "buy sell", at + timedelta(hours=2))):
            made = trade(bot, moment, action, cycle_number=number, pnl=Decimal("1.5") if action == "close" else None)
            for leg, side, price in zip((1, 2), sides.split(), ("0.0357", "0.0847"), strict=True):
                order(made, leg, side, "1180", price)
            code = "opened" if action == "open" else "closed_take_profit"
            figures = {"side": -1, "notional": Decimal(100), "spread": 1.25, "pnl": Decimal("1.5")}
            journal.write(bot, code, log_type=LogType.TRADE, market_time=moment, **figures)
