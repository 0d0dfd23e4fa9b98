"""One tick of one bot. Recovery is its first step, not separate code: what a killed process left is settled here."""

import os
import socket
import threading
from datetime import datetime

from django.core.exceptions import ValidationError

from bots import intents, journal, leases, services
from bots.config import core_config, core_state
from bots.leases import Lease
from bots.models import Bot, BotStatus, IntentKind, IntentStatus
from exchanges.errors import ExchangeError
from trading import crash_points, trades
from trading.core.decide import decide, decide_exit_only
from trading.core.types import ADD, NONE, OPEN, STOP_LOSS, Config, Decision, State
from trading.execution import leg_alone, trade_advance
from trading.funding import funding_collect, funding_due
from trading.market_view import MarketView, market_view
from trading.models import CloseReason, LogType, Position, Purpose
from trading.plans import EntryRefused, entry_plan, exit_plan
from trading.sending import orders_send
from trading.settlement import orders_settle
from trading.showing import Look, looks_show
from trading.tick import QUIET, Tick, tick_load
from trading.trades import TradePlan


def holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"


def run_tick(bot_id: int, now: datetime, *, decides: bool = True) -> Tick | None:
    """One look at one bot; None when somebody else is looking at it, or its venue is out of reach."""
    lease = leases.claim(bot_id, holder=holder())
    if lease is None:
        return None
    try:
        return tick(lease, now, decides=decides)
    except leases.LeaseLost:
        return None
    finally:
        leases.release(lease)


def tick(lease: Lease, now: datetime, *, decides: bool = True) -> Tick | None:
    """Settle, finish, obey, look, decide: in this order, at most one new trade. Raises LeaseLost.

    Without `decides` it ends with what is asked for or under way: a tape's last bar decides nothing. None when the
    venue or a market of the bot is out of reach altogether.
    """
    try:
        tick = tick_load(lease, now)
    except (ExchangeError, ValidationError) as error:
        _say_out_of_reach(lease.bot_id, error)
        return None
    try:
        _work(tick, decides)
    except ExchangeError as error:
        tick.void = True
        _say_unavailable(tick, error)
    _watch_legs(tick)
    return tick


def _work(tick: Tick, decides: bool) -> None:
    if tick.unsettled and not _finish(tick):
        return
    if tick.asked and not _obey(tick):
        return
    _funding(tick)
    if decides and tick.bot.status != BotStatus.STOPPED:
        _decide(tick)


def _finish(tick: Tick) -> bool:
    """What an earlier tick began, whoever ran it: True when nothing of it is left."""
    if not orders_settle(tick):
        return False
    crash_points.here("after_settle")
    tick.reload()
    trade = trades.working_trade(tick.bot)
    if trade is None:
        return True
    urgent = trade.action != Purpose.CLOSE and (tick.asked or _stop_loss_reached(tick))
    if not trade_advance(tick, trade, give_up=urgent):
        return False
    if tick.bot.status != BotStatus.RUNNING:
        services.bot_settled(bot=tick.bot)
    tick.reload()
    return True


def _watch_legs(tick: Tick) -> None:
    """A leg that stands alone for too long is an error, whatever keeps the other one (reliability.md, invariant 4)."""
    if not (tick.unsettled or tick.sent) or tick.bot.status == BotStatus.ERROR:
        return
    trade = trades.working_trade(tick.bot)
    if trade is not None and leg_alone(tick, trade):
        services.bot_fail(bot=tick.bot, reason="leg_stuck", now=tick.now)


def _funding(tick: Tick) -> None:
    if not funding_due(tick.bot, tick.market_time):
        return
    try:
        funding_collect(tick)
    except ExchangeError as error:
        _say_unavailable(tick, error)


def _decide(tick: Tick) -> None:
    view = market_view(tick)
    if view is None:
        return
    bot, positions = tick.bot, {} if tick.bot.is_flat else _positions(tick.bot)
    config, state = core_config(bot, *tick.rules), core_state(bot, list(positions.values()))
    if view.quote is None:
        _hold_off(tick, view)
        return
    decision = _decision(tick, view, config, state)
    looks_show([Look(bot, config, state, view.quote, list(positions.values()), tick.market_time)], tick.now)
    if decision.action == NONE:
        _candle_done(tick, view)
    elif decision.action in (OPEN, ADD):
        _enter(tick, decision, view, positions)
    else:
        reason = CloseReason.STOP_LOSS if decision.action == STOP_LOSS else CloseReason.TAKE_PROFIT
        _close(tick, reason, view, positions)


def _decision(tick: Tick, view: MarketView, config: Config, state: State) -> Decision:
    """What the strategy says, within what the bot's status and the quotes allow."""
    assert view.quote is not None
    bot = tick.bot
    waiting = bot.entries_wait_until is not None and tick.market_time < bot.entries_wait_until
    if bot.status == BotStatus.RUNNING and not view.problem and not waiting:
        decision = decide(config, state, view.quote)
    else:
        decision = decide_exit_only(config, state, view.quote)
    nothing = Decision(NONE, state.side, decision.spread)
    if bot.status != BotStatus.RUNNING and bot.freeze_exits:
        return nothing
    if view.problem and decision.action != NONE and decision.action != STOP_LOSS:
        return nothing
    if view.problem:
        _hold_off(tick, view)
    return decision


def _enter(tick: Tick, decision: Decision, view: MarketView, positions: dict[int, Position]) -> None:
    try:
        plan = entry_plan(tick, decision, view, positions or _positions(tick.bot))
    except EntryRefused as refused:
        journal.write_seldom(
            tick.bot,
            "level_refused",
            log_type=LogType.WARNING,
            market_time=tick.market_time,
            quiet=QUIET,
            level=tick.bot.level + 1,
            reason=refused.code,
            **refused.figures,
        )
        _candle_done(tick, view)
        return
    except ExchangeError as error:
        _say_unavailable(tick, error)
        return
    _begin(tick, plan, view.candle_at)


def _close(tick: Tick, reason: CloseReason, view: MarketView | None, positions: dict[int, Position]) -> bool:
    """True when the trade ended already."""
    try:
        plan = exit_plan(tick, reason, view, positions)
    except ExchangeError as error:
        _say_unavailable(tick, error)
        return False
    return _begin(tick, plan, view.candle_at if view else None)


def _begin(tick: Tick, plan: TradePlan, candle_at: datetime | None) -> bool:
    """Writes the trade, sends it and takes it as far as it goes now; True when it ended."""
    begun = trades.trade_begin(tick.lease, plan, seen=tick.bot, market_time=tick.market_time, candle_at=candle_at)
    if begun is None:
        tick.void = True
        return False
    trade, orders = begun
    crash_points.here("after_plan")
    if orders:
        orders_send(tick, orders)
    return trade_advance(tick, trade)


def _obey(tick: Tick) -> bool:
    """Carries out what users asked for; False while it is under way."""
    bot = tick.bot
    if not bot.is_flat and not _close(tick, CloseReason.MANUAL, _view_or_none(tick), _positions(bot)):
        return False
    tick.reload()
    if not tick.bot.is_flat:
        return False
    for intent in intents.intents_waiting(tick.bot):
        _rest(tick, IntentKind(intent.kind))
        intents.intent_settle(intent, IntentStatus.DONE, now=tick.now)
    services.bot_settled(bot=tick.bot)
    return True


def _rest(tick: Tick, asked: IntentKind) -> None:
    """Whoever asked for a close does not want the next opening; before the wish counts as done."""
    if asked == IntentKind.CLOSE_AND_STOP and tick.bot.status != BotStatus.STOPPED:
        services.bot_stop(actor=None, bot=tick.bot, now=tick.now, reason="by_user")
    elif tick.bot.status == BotStatus.RUNNING:
        services.bot_pause(actor=None, bot=tick.bot, now=tick.now, reason="after_close")
    tick.reload()


def _view_or_none(tick: Tick) -> MarketView | None:
    """Closing by hand never waits for quotes."""
    try:
        view = market_view(tick)
    except ExchangeError:
        return None
    return view if view and view.quote else None


def _stop_loss_reached(tick: Tick) -> bool:
    """For a trade under way: does the position already held have to be closed?"""
    if tick.bot.is_flat:
        return False
    view = _view_or_none(tick)
    if view is None or view.quote is None:
        return False
    state = core_state(tick.bot, list(_positions(tick.bot).values()))
    return decide_exit_only(core_config(tick.bot, *tick.rules), state, view.quote).action == STOP_LOSS


def _positions(bot: Bot) -> dict[int, Position]:
    return {position.leg: position for position in Position.objects.filter(bot=bot, cycle_number=bot.current_cycle)}


def _candle_done(tick: Tick, view: MarketView) -> None:
    if view.candle_at:
        Bot.objects.filter(pk=tick.bot.pk).update(last_candle_at=view.candle_at)


def _hold_off(tick: Tick, view: MarketView) -> None:
    journal.write_seldom(
        tick.bot,
        view.problem,
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        quiet=QUIET,
        **view.figures,
    )


def _say_out_of_reach(bot_id: int, error: ExchangeError | ValidationError) -> None:
    bot = Bot.objects.get(pk=bot_id)
    text = error.message if isinstance(error, ExchangeError) else " ".join(error.messages)
    journal.write_seldom(bot, "venue_unavailable", log_type=LogType.ERROR, quiet=QUIET, reason=text)


def _say_unavailable(tick: Tick, error: ExchangeError) -> None:
    journal.write_seldom(
        tick.bot,
        "venue_unavailable",
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        quiet=QUIET,
        reason=error.message,
    )
