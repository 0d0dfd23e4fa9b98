"""The stop loss while quotes are stale or missing: the books are read over REST, else the venue's marks decide.

Marks have to say so on two looks in a row. Where neither answers, it is said, and nothing is done blindly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models.functions import Now

from bots.config import core_config, core_quote, core_state, no_quote
from bots.journal import lines as journal
from bots.models import BotStatus
from exchanges import market_data
from exchanges.adapters.base import VenueQuote
from exchanges.errors import ExchangeError
from trading.closing import position_close, positions_of
from trading.core.decide import decide_exit_only
from trading.core.types import STOP_LOSS
from trading.market_view import MarketView
from trading.models import CloseReason, LastLook, LogType
from trading.tick import QUIET, Tick

STALE = ("quotes_stale", "quotes_missing")
IN_A_ROW = 3
"""Intervals within which a second look by the mark counts as the next one."""


@dataclass(frozen=True, slots=True)
class Seen:
    quotes: tuple[VenueQuote, VenueQuote]
    by_mark: bool


def stop_loss_blind(tick: Tick, view: MarketView) -> bool:
    """True when the position is being closed. Only for a bot in position whose quotes are of no use."""
    bot = tick.bot
    is_armed = bot.stop_loss_ratio > 0 and not (bot.freeze_exits and bot.status != BotStatus.RUNNING)
    if view.problem not in STALE or bot.is_flat or not is_armed:
        return False
    seen = _seen(tick)
    if seen is None:
        _say(tick, "close_blocked", symbol=view.figures.get("symbol", bot.market1_symbol))
        return False
    quote, positions = core_quote(*seen.quotes), positions_of(bot)
    state = core_state(bot, list(positions.values()))
    if decide_exit_only(core_config(bot, *tick.rules), state, quote).action != STOP_LOSS:
        LastLook.objects.filter(bot=bot, mark_said_at__isnull=False).update(mark_said_at=None)
        return False
    if seen.by_mark and not _said_before(tick):
        return False
    code = "close_by_mark" if seen.by_mark else "close_by_book"
    _say(tick, code, symbol=bot.market1_symbol, price=seen.quotes[0].mid)
    tick.hurry = True  # a price of the stale book would only be refused
    position_close(tick, CloseReason.STOP_LOSS, MarketView(quote, seen.quotes), positions)
    return True


def _seen(tick: Tick) -> Seen | None:
    try:
        return Seen(_both(tick, _book), by_mark=False)
    except (ExchangeError, LookupError):
        pass
    try:
        return Seen(_both(tick, _mark), by_mark=True)
    except (ExchangeError, LookupError):
        return None


def _both(tick: Tick, ask: Callable[[Tick, int], VenueQuote]) -> tuple[VenueQuote, VenueQuote]:
    first = ask(tick, 1)
    return first, ask(tick, 2) if 2 in tick.bot.legs else no_quote(first)


def _book(tick: Tick, leg: int) -> VenueQuote:
    """Raises LookupError where it is no fresher than the quote."""
    account, symbol = tick.bot.account_of(leg), tick.bot.symbol_of(leg)
    quote = market_data.book_quote(account, symbol)
    if (tick.market_time - quote.at).total_seconds() > tick.bot.max_quote_age or not 0 < quote.bid < quote.ask:
        raise LookupError(symbol)
    return quote


def _mark(tick: Tick, leg: int) -> VenueQuote:
    """By the account's own positions: the venue closes them by it. Raises LookupError where nothing is held."""
    symbol = tick.bot.symbol_of(leg)
    held = next(row for row in [*tick.venue(leg).positions(), None] if row is None or row.symbol == symbol)
    if held is None or held.mark_price <= 0:
        raise LookupError(symbol)
    at, mark = tick.market_time, held.mark_price
    return VenueQuote(symbol, mark, mark, at, at, mark)


def _said_before(tick: Tick) -> bool:
    """Whether the look before this one saw the same by the mark."""
    before = LastLook.objects.filter(bot=tick.bot).values_list("mark_said_at", flat=True).first()
    LastLook.objects.update_or_create(
        bot=tick.bot, defaults={"mark_said_at": tick.now}, create_defaults={"mark_said_at": tick.now, "at": Now()}
    )
    return before is not None and before < tick.now <= before + timedelta(seconds=IN_A_ROW * tick.bot.tick_interval)


def _say(tick: Tick, code: str, **figures: str | Decimal) -> None:
    journal.write_seldom(tick.bot, code, log_type=LogType.WARNING, market_time=tick.market_time, quiet=QUIET, **figures)
