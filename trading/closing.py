"""Closing both legs of a bot: on the strategy's word, a person's, or because the venue has closed one of them."""

from datetime import timedelta

from bots.journal import lines as journal
from bots.models import Bot
from bots.ready_query import ReadyQuery
from exchanges.errors import ExchangeError
from trading.execution import trade_run
from trading.market_view import MarketView, market_view
from trading.models import CloseReason, LogType, Position
from trading.plans import exit_plan
from trading.tick import QUIET, Tick


def position_close(
    tick: Tick, reason: CloseReason, view: MarketView | None, positions: dict[int, Position] | None = None
) -> bool:
    """One closing trade of what the books hold; True when it ended already. Needs no view. Raises LeaseLost."""
    held = positions_of(tick.bot) if positions is None else positions
    try:
        plan = exit_plan(tick, reason, view, held)
    except ExchangeError as error:
        say_unavailable(tick, error)
        return False
    return trade_run(tick, plan, view.candle_at if view else None)


def positions_of(bot: Bot) -> dict[int, Position]:
    """Of the cycle under way, by leg."""
    return {position.leg: position for position in _OF_CYCLE.rows(bot.pk, bot.current_cycle)}


_OF_CYCLE = ReadyQuery(lambda bot, cycle: Position.objects.filter(bot=bot, cycle_number=cycle), 2)


def view_or_none(tick: Tick) -> MarketView | None:
    """Closing by hand never waits for quotes."""
    try:
        view = market_view(tick)
    except ExchangeError:
        return None
    return view if view and view.quote else None


def say_unavailable(tick: Tick, error: ExchangeError, *, quiet: timedelta = QUIET) -> None:
    journal.write_seldom(
        tick.bot,
        "venue_unavailable",
        log_type=LogType.WARNING,
        market_time=tick.market_time,
        quiet=quiet,
        reason=error.message,
    )
