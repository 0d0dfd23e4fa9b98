"""A bot's trades from decision to booking: where the strategy's state on the bot's row moves on.

Each function is one transaction under the bot's lock and lease; a trade is begun once and ended once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from bots import services
from bots.feed import events as feed
from bots.journal import lines as journal
from bots.leases import Lease, locked_bot, locked_bots
from bots.models import Bot, BotStatus
from bots.ready_insert import ReadyInsert
from trading import crash_points
from trading.core.naked import LegFill, naked
from trading.ledger import OrderPart, OrderPlan, cycle_money, orders_write, orders_write_all
from trading.metrics import trade_settled
from trading.models import CloseReason, Cycle, Fill, LogType, Order, Purpose, Trade, TradeStatus
from trading.rows import bot_row

ENTRY_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""How long entries wait after the first, second and third failure in a row; the third pauses the bot as well."""


GOES_ON_AFTER = (CloseReason.TAKE_PROFIT, CloseReason.SIGNAL, CloseReason.TIME_STOP)
"""Closes after which a bot that does not pause after a close waits for the next opening."""

PAUSE_REASONS = {CloseReason.STOP_LOSS: "after_stop_loss", CloseReason.PAIR_BREAK: "after_pair_break"}

CLOSES_VOID = 3
"""Closes in a row of which nothing could be sent, after which the bot reports an error (and goes on trying)."""


@dataclass(frozen=True, slots=True)
class TradePlan:
    """A decision with its quantities: amounts are absolute base units, prices those of the decision.

    `adopted`: ids of orders that exist already and become part of the trade, with what they filled.
    """

    action: Purpose
    reason: str
    side: int
    level: int
    spread: float
    price1: Decimal
    price2: Decimal
    notional: Decimal
    planned1: Decimal
    planned2: Decimal
    target1: Decimal
    target2: Decimal
    orders: tuple[OrderPlan, ...]
    adopted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Begin:
    """One of many trades that begin together."""

    lease: Lease
    plan: TradePlan
    seen: Bot
    market_time: datetime

    @property
    def bot_id(self) -> int:
        return self.lease.bot_id


def trade_begin(
    lease: Lease,
    plan: TradePlan,
    *,
    seen: Bot,
    market_time: datetime,
    candle_at: datetime | None,
    gate: Callable[[], None] | None = None,
) -> tuple[Trade, list[Order]] | None:
    """The trade and its `pending` orders, in one transaction. Raises LeaseLost, and whatever `gate` raises.

    None when the bot is no longer as the decision saw it: its user stopped, paused or changed it meanwhile.
    """
    with transaction.atomic():
        bot = locked_bot(lease)
        if bot.updated_at != seen.updated_at:
            return None
        if gate is not None:
            gate()
        trade = _trade(bot, plan, market_time)
        _TRADES.write([trade])
        orders = orders_write(bot, trade, plan.orders, market_time=market_time)
        if plan.adopted:
            Order.objects.filter(pk__in=plan.adopted).update(trade=trade)
        if candle_at:
            Bot.objects.filter(pk=bot.pk).update(last_candle_at=candle_at)
    return trade, orders


def trades_begin(begins: Sequence[Begin]) -> dict[int, tuple[Trade, list[Order]]]:
    """Those of many bots in one transaction and a few statements, by bot; without bots that `trade_begin` would not
    begin for, or whose lease is lost."""
    with transaction.atomic():
        bots = locked_bots([one.lease for one in begins])
        same = [one for one in begins if one.bot_id in bots and bots[one.bot_id].updated_at == one.seen.updated_at]
        begun = _TRADES.write([_trade(one.seen, one.plan, one.market_time) for one in same])
        parts = [
            OrderPart(one.seen, trade, one.plan.orders, one.market_time) for one, trade in zip(same, begun, strict=True)
        ]
        for one, trade in zip(same, begun, strict=True):
            if one.plan.adopted:
                Order.objects.filter(pk__in=one.plan.adopted).update(trade=trade)
        orders = orders_write_all(parts)
    return {one.bot_id: (trade, of) for one, trade, of in zip(same, begun, orders, strict=True)}


_TRADES = ReadyInsert(Trade)


def _trade(bot: Bot, plan: TradePlan, market_time: datetime) -> Trade:
    return Trade(
        bot=bot,
        cycle_number=bot.current_cycle,
        level=plan.level,
        action=plan.action,
        reason=plan.reason,
        side=plan.side,
        spread=plan.spread,
        price1=plan.price1,
        price2=plan.price2,
        notional=plan.notional,
        planned1=plan.planned1,
        planned2=plan.planned2,
        target1=plan.target1,
        target2=plan.target2,
        decided_at=market_time,
    )


def trade_void(lease: Lease, trade: Trade) -> None:
    """Nothing of it ever reached a venue: as if it had not been decided. The candle is decided anew."""
    with transaction.atomic():
        bot = locked_bot(lease)
        if not _end(trade, TradeStatus.FAILED, share=0.0):
            return
        bot.last_candle_at = None
        bot.save(update_fields=["last_candle_at"])
        journal.write(bot, "decided_anew", log_type=LogType.WARNING, market_time=trade.decided_at, level=trade.level)
        if bot.status != BotStatus.ERROR and _closes_void(bot):
            services.bot_fail(bot=bot, reason="close_stuck", now=timezone.now())


def _closes_void(bot: Bot) -> bool:
    """Nothing can be sent, though a close is due: clocks apart, or a host that is too slow."""
    last = Trade.objects.filter(bot=bot).order_by("-id").values_list("action", "status")[:CLOSES_VOID]
    return list(last) == [(Purpose.CLOSE, TradeStatus.FAILED)] * CLOSES_VOID


def entry_fail(lease: Lease, trade: Trade, *, market_time: datetime, reason: str) -> None:
    """Neither leg holds anything of it. Entries wait 1, 5, then 15 minutes; three failures in a row pause the bot."""
    with transaction.atomic():
        bot = locked_bot(lease)
        if not _end(trade, TradeStatus.FAILED, share=0.0):
            return
        wait = ENTRY_WAITS[min(bot.entry_failures, len(ENTRY_WAITS) - 1)]
        bot.entry_failures += 1
        bot.entries_wait_until = market_time + wait
        bot.save(update_fields=["entry_failures", "entries_wait_until"])
        journal.write(
            bot,
            "entry_failed",
            log_type=LogType.WARNING,
            market_time=market_time,
            level=trade.level,
            minutes=int(wait.total_seconds() // 60),
            reason=reason,
        )
        if bot.entry_failures >= len(ENTRY_WAITS) and bot.status == BotStatus.RUNNING:
            services.bot_pause(actor=None, bot=bot, now=timezone.now(), reason="after_failures")


def entry_book(lease: Lease, trade: Trade, *, share: Decimal) -> None:
    """The level is filled with this share (above 0 to 1)."""
    with transaction.atomic():
        bot = locked_bot(lease)
        if not _end(trade, TradeStatus.SETTLED, share=float(share)):
            return
        bot.level, bot.side = trade.level, trade.side
        bot.last_spread = bot.reference_spread = trade.spread
        if trade.action == Purpose.OPEN:
            bot.first_spread = trade.spread
        bot.invested += share * trade.notional
        bot.planned1 += share * trade.planned1
        bot.planned2 += share * trade.planned2
        bot.entry_failures, bot.entries_wait_until = 0, None
        bot.total_trades += 1
        bot.save(update_fields=[*_STATE, "entry_failures", "entries_wait_until", "total_trades"])
        _cycle_continue(bot, trade)
        _journal_entry(bot, trade, share)
        _publish(bot)
        crash_points.here("before_commit")


def exit_book(lease: Lease, trade: Trade) -> None:
    """Both legs are closed: the cycle ends, the bot is flat and measures from here."""
    with transaction.atomic():
        bot = locked_bot(lease)
        money = cycle_money(bot.pk, trade.cycle_number)
        if not _end(trade, TradeStatus.SETTLED, share=1.0, pnl=money["realised_pnl"]):
            return
        Cycle.objects.filter(bot=bot, number=trade.cycle_number).update(
            closed_at=trade.filled_at or trade.decided_at, close_spread=trade.spread, reason=trade.reason, **money
        )
        bot.level = bot.side = 0
        bot.reference_spread = trade.spread
        bot.invested = bot.planned1 = bot.planned2 = Decimal(0)
        bot.current_cycle += 1
        bot.total_trades += 1
        bot.save(update_fields=[*_STATE, "current_cycle", "total_trades"])
        journal.write(
            bot,
            f"closed_{trade.reason}",
            log_type=LogType.TRADE,
            market_time=trade.filled_at,
            cycle=trade.cycle_number,
            level=trade.level,
            spread=trade.spread,
            pnl=money["realised_pnl"],
        )
        _pause_after(bot, trade)
        _publish(bot)
        crash_points.here("before_commit")


_STATE = [
    "level",
    "side",
    "reference_spread",
    "first_spread",
    "last_spread",
    "invested",
    "planned1",
    "planned2",
    "updated_at",
]


def _end(trade: Trade, status: TradeStatus, *, share: float, pnl: Decimal | None = None) -> bool:
    """Ends the trade; False when it was ended before."""
    row = Trade.objects.select_for_update().get(pk=trade.pk)
    if row.status != TradeStatus.WORKING:
        return False
    fills = list(
        Fill.objects.filter(order__trade=row).values_list("at", "order__leg", "order__purpose", "amount", "price")
    )
    towards = [
        LegFill(at, leg, -amount if purpose == Purpose.UNWIND else amount, price)
        for at, leg, purpose, amount, price in fills
    ]
    trade.status, trade.filled_share, trade.pnl = status, share, pnl
    trade.naked_ms, trade.naked_value = naked(towards, row.target1, row.target2)
    trade.filled_at = max((fill.at for fill in towards), default=None)
    trade.settled_at = timezone.now()
    trade.save(update_fields=["status", "filled_share", "pnl", "naked_ms", "naked_value", "filled_at", "settled_at"])
    trade_settled(trade.naked_ms)
    return True


def _cycle_continue(bot: Bot, trade: Trade) -> None:
    """Fills add to the cycle's figures as they come (`ledger`); what came before its row existed is taken over here."""
    money = cycle_money(bot.pk, trade.cycle_number)
    cycle, created = Cycle.objects.get_or_create(
        bot=bot,
        number=trade.cycle_number,
        defaults={
            "side": trade.side,
            "levels": trade.level,
            "invested": bot.invested,
            "opened_at": trade.filled_at or trade.decided_at,
            "open_spread": trade.spread,
            **money,
        },
    )
    if not created:
        Cycle.objects.filter(pk=cycle.pk).update(levels=trade.level, invested=bot.invested)


def _journal_entry(bot: Bot, trade: Trade, share: Decimal) -> None:
    journal.write(
        bot,
        "opened" if trade.action == Purpose.OPEN else "added",
        log_type=LogType.TRADE,
        market_time=trade.filled_at,
        level=trade.level,
        side=trade.side,
        spread=trade.spread,
        notional=share * trade.notional,
        share=share,
        naked_ms=trade.naked_ms,
    )


def _pause_after(bot: Bot, trade: Trade) -> None:
    """A stop loss obeys its own switch; a close by hand or of a lone leg always pauses."""
    if bot.status != BotStatus.RUNNING:
        return
    if trade.reason == CloseReason.STOP_LOSS:
        pause = not bot.restart_after_stop_loss
    else:
        pause = bot.pause_after_close or trade.reason not in GOES_ON_AFTER
    if pause:
        services.bot_pause(
            actor=None,
            bot=bot,
            now=timezone.now(),
            reason=PAUSE_REASONS.get(CloseReason(trade.reason), "after_close"),
        )


def _publish(bot: Bot) -> None:
    feed.publish_on_commit(bot.pk, bot.owner_id, "bot_status", bot_row(bot))


def working_trade(bot: Bot) -> Trade | None:
    return Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).first()


def orders_of(trade: Trade) -> Sequence[Order]:
    return list(trade.orders.order_by("id"))
