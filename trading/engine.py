"""One tick of one bot. Recovery is its first step, not separate code: what a killed process left is settled here."""

import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError

from bots import intents, leases, services
from bots.config import core_config, core_state
from bots.journal import lines as journal
from bots.leases import Lease
from bots.models import Bot, BotStatus
from bots.order_sizes import investment_now
from bots.signals import SPREAD, say
from exchanges import margin
from exchanges.errors import ExchangeError
from exchanges.log_context import about
from trading import crash_points, trades
from trading.closing import position_close, positions_of, say_unavailable, view_or_none
from trading.core.decide import decide_exit_only
from trading.core.spread import spread_pct
from trading.core.types import ADD, NONE, OPEN, SIGNAL, STOP_LOSS, TAKE_PROFIT, Config, Decision, State
from trading.execution import leg_alone, trade_advance, trade_run
from trading.funding import funding_collect, funding_due
from trading.kill_switch.switches import denial, strictest_of
from trading.known_close import known_close
from trading.market_view import MarketView, market_view
from trading.models import CloseReason, LogType, Position, Purpose, TradingState
from trading.plans import EntryRefused, entry_plan
from trading.protection import protection_keep
from trading.risk.checks import LimitReached, entry_gate, say_refused
from trading.settlement import orders_settle
from trading.showing import Look, looks_show
from trading.stop_loss_blind import stop_loss_blind
from trading.tick import QUIET, Tick, tick_load
from trading.wishes import bookings_fulfil, closing_asked, stop_loss_wish, wish_fulfil

REASONS = {
    TAKE_PROFIT: CloseReason.TAKE_PROFIT,
    STOP_LOSS: CloseReason.STOP_LOSS,
    SIGNAL: CloseReason.SIGNAL,
}
SWITCH_QUIET = timedelta(days=1)
"""A bot that is switched off says once in this time what it would have done otherwise."""


def holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"


def run_tick(bot_id: int, now: datetime, *, decides: bool = True, enters: bool = True) -> Tick | None:
    """One look at one bot; None when somebody else is looking at it, or its venue is out of reach.

    Without `enters` nothing is opened or added: the guardian looks after what is there.
    """
    lease = leases.claim(bot_id, holder=holder())
    if lease is None:
        return None
    try:
        with about(bot=bot_id):
            return tick(lease, now, decides=decides, enters=enters)
    except leases.LeaseLost:
        return None
    finally:
        leases.release(lease)


def tick(lease: Lease, now: datetime, *, decides: bool = True, enters: bool = True) -> Tick | None:
    """Settle, finish, obey, look, decide: in this order, at most one new trade. Raises LeaseLost.

    Without `decides` it ends with what is asked for or under way: a tape's last bar decides nothing. None when the
    venue or a market of the bot is out of reach altogether.
    """
    try:
        tick = tick_load(lease, now)
    except (ExchangeError, ValidationError) as error:
        _say_out_of_reach(lease.bot_id, error)
        return None
    tick.enters = enters
    try:
        _work(tick, decides)
    except ExchangeError as error:
        tick.void = True
        say_unavailable(tick, error)
    _watch_legs(tick)
    return tick


def _work(tick: Tick, decides: bool) -> None:
    if tick.asked:
        bookings_fulfil(tick)
    if tick.unsettled and not _finish(tick):
        return
    if tick.asked and not _obey(tick):
        return
    if not protection_keep(tick):
        return
    _funding(tick)
    if decides and tick.bot.status != BotStatus.STOPPED:
        _decide(tick)
    if tick.sent:
        protection_keep(tick)


def _finish(tick: Tick) -> bool:
    """What an earlier tick began, whoever ran it: True when nothing of it is left."""
    if not orders_settle(tick):
        if closing_asked(tick) or _stop_loss_in_doubt(tick):
            known_close(tick)
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
        say_unavailable(tick, error)


def _decide(tick: Tick) -> None:
    view = market_view(tick)
    if view is None:
        return
    bot, positions = tick.bot, {} if tick.bot.is_flat else positions_of(tick.bot)
    tick.investment = investment_now(bot, tick.market_time)
    config = core_config(bot, *tick.rules, investment=tick.investment)
    state = core_state(bot, list(positions.values()))
    if tick.switch != TradingState.HALTED and stop_loss_blind(tick, view):
        return
    if view.quote is None:
        _hold_off(tick, view)
        return
    decision = _decision(tick, view, config, state)
    look = Look(bot, config, state, view.quote, list(positions.values()), tick.market_time)
    tick.later = partial(looks_show, [look], tick.now)
    try:
        _carry_out(tick, decision, view, positions)
    finally:
        tick.catch_up()


def _carry_out(tick: Tick, decision: Decision, view: MarketView, positions: dict[int, Position]) -> None:
    if decision.action == NONE:
        if not view.problem or tick.bot.strategy == SPREAD:  # a signal is for one candle: it is asked for again
            _candle_done(tick, view)
    elif decision.action in (OPEN, ADD):
        _enter(tick, decision, view, positions)
    else:
        position_close(tick, REASONS[decision.action], view, positions)


def _decision(tick: Tick, view: MarketView, config: Config, state: State) -> Decision:
    """What the strategy says, within what the bot's status and the quotes allow."""
    assert view.quote is not None
    bot = tick.bot
    nothing = Decision(NONE, state.side, spread_pct(view.quote.p1, view.quote.p2, config.start1, config.start2))
    if tick.switch == TradingState.HALTED:
        _say_switched_off(tick)
        return nothing
    waiting = bot.entries_wait_until is not None and tick.market_time < bot.entries_wait_until
    entries = bot.status == BotStatus.RUNNING and tick.enters and not view.problem and not waiting
    entries = entries and tick.investment != 0
    said = say(bot, tick.market_time, view.candle_at, config, state, view.quote, entries=entries)
    decision, tick.ratio = said.decision, said.ratio
    if said.failed:
        _strategy_failed(tick, said.failed)
    if said.misfit:
        _say_not_ordered(tick, said.misfit.code, said.misfit.figures)
    if bot.status != BotStatus.RUNNING and bot.freeze_exits:
        return nothing
    if view.problem and decision.action != NONE and decision.action != STOP_LOSS:
        return nothing
    if view.problem:
        _hold_off(tick, view)
    if decision.action in (OPEN, ADD) and tick.switch != TradingState.ACTIVE:
        _say_switched_off(tick)
        return nothing
    return decision


def _strategy_failed(tick: Tick, reason: str) -> None:
    """Only its author can mend it; the stop loss of the common settings stays armed."""
    if tick.bot.status != BotStatus.ERROR:
        services.bot_fail(bot=tick.bot, reason=reason, now=tick.now)
        tick.reload()


def _say_switched_off(tick: Tick) -> None:
    switch = strictest_of(tick.bot)
    if switch is None:
        return
    code = "switch_halted" if switch.state == TradingState.HALTED else "switch_reducing"
    journal.write_seldom(
        tick.bot,
        code,
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        quiet=SWITCH_QUIET,
        reason=denial(switch),
    )


def _enter(tick: Tick, decision: Decision, view: MarketView, positions: dict[int, Position]) -> None:
    try:
        plan = entry_plan(tick, decision, view, positions or positions_of(tick.bot))
        gate = entry_gate(tick, plan)
    except EntryRefused as refused:
        _say_not_ordered(tick, refused.code, refused.figures)
        _candle_done(tick, view)
        return
    except ExchangeError as error:
        say_unavailable(tick, error)
        return
    try:
        trade_run(tick, plan, view.candle_at, gate)
        _margin_read(tick)
    except LimitReached as reached:
        say_refused(tick, plan, reached.refusal)
        _candle_done(tick, view)


def _say_not_ordered(tick: Tick, reason: str, figures: Mapping[str, object]) -> None:
    journal.write_seldom(
        tick.bot,
        "level_refused",
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        quiet=QUIET,
        level=tick.bot.level + 1,
        reason=reason,
        **figures,
    )


def _margin_read(tick: Tick) -> None:
    """What is free after this entry: the next one need not wait for the answer."""
    for leg in {tick.bot.account_id_of(leg): leg for leg in tick.bot.legs}.values():
        venue = tick.venue(leg)
        if venue.is_paper or not tick.sent:
            continue
        with suppress(ExchangeError):
            margin.free_now(venue, tick.bot.account_id_of(leg))


def _obey(tick: Tick) -> bool:
    """Carries out what users asked for, oldest first; False while one of it is under way."""
    for intent in intents.intents_waiting(tick.bot):
        if not wish_fulfil(tick, intent):
            return False
    services.bot_settled(bot=tick.bot)
    return True


def _stop_loss_reached(tick: Tick) -> bool:
    """For a trade under way: does the position already held have to be closed?"""
    if tick.bot.is_flat:
        return False
    view = view_or_none(tick)
    if view is None or view.quote is None:
        return False
    state = core_state(tick.bot, list(positions_of(tick.bot).values()))
    return decide_exit_only(core_config(tick.bot, *tick.rules), state, view.quote).action == STOP_LOSS


def _stop_loss_in_doubt(tick: Tick) -> bool:
    """The stop loss does not wait for an order that may never be told of: from now on closing is wished for."""
    bot = tick.bot
    is_armed = bot.status == BotStatus.RUNNING or not (bot.status == BotStatus.STOPPED or bot.freeze_exits)
    if not is_armed or tick.switch == TradingState.HALTED or not _stop_loss_reached(tick):
        return False
    stop_loss_wish(tick)
    return True


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
