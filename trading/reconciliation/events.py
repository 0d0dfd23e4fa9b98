"""What happened at the venue without us and is proven by its fills: booked with its real result, the rest closed.

Late fills of our own orders are booked whatever they bring. A liquidation, a deleveraging or a delivery is booked to
its leg, and the partner leg (a hedge of nothing now) is closed through the engine as any other close.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from bots import leases, services
from bots.journal import lines as journal
from bots.leases import Lease, LeaseLost
from bots.models import Bot, BotStatus
from exchanges.adapters.base import FillReport
from exchanges.symbols import settle_of
from trading import engine
from trading.ledger.outside import OutsideOrder, late_fills_book, outside_book
from trading.models import CloseReason, Cycle, Fill, LogType, Order
from trading.reconciliation.asking import closes_by_itself, rest_ask
from trading.reconciliation.claimed import Claimed
from trading.reconciliation.rest import STRAYS, strays_of

FORCED = {"liquidation": "liquidated", "adl": "deleveraged", "delivery": "delivered"}
"""Cause of a fill: code of the journal, and reason of the bot's error."""


def is_forced(orders: Sequence[OutsideOrder]) -> bool:
    return bool(orders) and all(order.cause in FORCED for order in orders)


def forced_book(claimed: Claimed, orders: Sequence[OutsideOrder], now: datetime) -> bool:
    """Books what the venue closed by itself and has the partner leg closed at once; False while the bot is at work.

    A bot that is stopped, or whose exits its owner has frozen, is left as it is then: its position is the user's.
    """
    lease = leases.claim(claimed.bot.pk, holder=engine.holder())
    if lease is None:
        return False
    try:
        _forced_write(lease, claimed, orders)
    except LeaseLost:
        return False
    finally:
        leases.release(lease)
    bot = Bot.objects.get(pk=claimed.bot.pk)
    if bot.status != BotStatus.STOPPED:
        services.bot_fail(bot=bot, reason=FORCED[orders[0].cause], now=now, symbol=claimed.symbol)
    engine.run_tick(bot.pk, now, decides=False)
    return True


def late_book(order: Order, fills: Sequence[FillReport], now: datetime) -> bool:
    """Fills of an order of ours that counted as finished; False while its bot is at work.

    Where they leave a leg of a cycle that counts as closed, that leg is closed at once.
    """
    if order.bot is None:
        late_fills_book(order, fills)
        return True
    lease = leases.claim(order.bot.pk, holder=engine.holder())
    if lease is None:
        return False
    try:
        with transaction.atomic():
            bot = leases.locked_bot(lease)
            late_fills_book(order, fills)
            _say_late(bot, order, fills)
            stray = strays_of(bot).exists()
            if stray and closes_by_itself(bot):
                rest_ask(bot, f"late-{order.pk}-{fills[-1].trade_id}", only=STRAYS)
    except LeaseLost:
        return False
    finally:
        leases.release(lease)
    if bot.status != BotStatus.STOPPED:
        services.bot_fail(bot=bot, reason="late_fill", now=now, symbol=order.symbol)
    if stray:
        engine.run_tick(bot.pk, now, decides=False)
    return True


def _forced_write(lease: Lease, claimed: Claimed, orders: Sequence[OutsideOrder]) -> None:
    with transaction.atomic():
        bot = leases.locked_bot(lease)
        rows = outside_book(lease, claimed.leg, orders)
        _say_forced(bot, claimed.symbol, orders, rows)
        if closes_by_itself(bot):
            rest_ask(bot, f"outside-{rows[-1].pk}", reason=CloseReason.LIQUIDATION)


def _say_forced(bot: Bot, symbol: str, orders: Sequence[OutsideOrder], rows: Sequence[Order]) -> None:
    amount = sum((order.amount for order in orders), Decimal(0))
    fills = Fill.objects.filter(order__in=rows)
    pnl = sum((fill.realised_pnl - fill.fee for fill in fills if fill.fee_currency == settle_of(symbol)), Decimal(0))
    journal.write(
        bot,
        FORCED[orders[0].cause],
        log_type=LogType.ERROR,
        market_time=orders[-1].fills[-1].at,
        symbol=symbol,
        amount=abs(amount),
        price=orders[-1].fills[-1].price,
        pnl=pnl,
    )


def _say_late(bot: Bot, order: Order, fills: Sequence[FillReport]) -> None:
    journal.write(
        bot,
        "late_fill",
        log_type=LogType.WARNING,
        market_time=fills[-1].at,
        symbol=order.symbol,
        action=order.side,
        amount=sum((fill.amount for fill in fills), Decimal(0)),
        price=fills[-1].price,
    )
    cycle = Cycle.objects.filter(bot=bot, number=order.cycle_number, closed_at__isnull=False).first()
    if cycle is not None:
        figures = {"cycle": cycle.number, "pnl": cycle.realised_pnl}
        journal.write(bot, "cycle_restated", log_type=LogType.WARNING, market_time=fills[-1].at, **figures)
