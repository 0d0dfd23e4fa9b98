"""What a look at a bot leaves behind for people: the point on its chart, its figures on open pages, marks in lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bots.feed import events as feed
from bots.figures import live_figures
from bots.models import Bot
from exchanges.quote_log import SeenPrice, quotes_note
from trading import ledger
from trading.core.pnl import net_pnl
from trading.core.spread import spread_pct
from trading.core.types import Config, Quote, State
from trading.models import Position
from trading.spread_log import SpreadPoint, points_write

MARKS_KEPT = timedelta(minutes=1)
"""Age of a position's mark after which it is written anew."""


@dataclass(frozen=True, slots=True)
class Look:
    """One bot with what it sees; `positions` are the open ones of its cycle."""

    bot: Bot
    config: Config
    state: State
    quote: Quote
    positions: Sequence[Position]
    market_time: datetime


def looks_show(looks: Sequence[Look], now: datetime) -> None:
    """Each kind of row in one statement for all bots."""
    points_write([_point(look) for look in looks])
    quotes_note((price for look in looks for price in _seen(look)), now)
    held = [look for look in looks if not look.bot.is_flat]
    ledger.cycle_lows_note([(look.bot.pk, look.bot.current_cycle, _net(look)) for look in held])
    ledger.positions_mark([mark for look in held for mark in _marks(look, now)])
    for look in looks:
        figures = live_figures(look.bot, look.config, look.state, look.quote, look.market_time)
        feed.publish_on_commit(look.bot.pk, look.bot.owner_id, "spread_update", figures | {"shown_at": now.isoformat()})


def _point(look: Look) -> SpreadPoint:
    quote, config = look.quote, look.config
    return SpreadPoint(
        look.bot.pk,
        look.market_time,
        Decimal(str(quote.p1)),
        Decimal(str(quote.p2)),
        spread_pct(quote.p1, quote.p2, config.start1, config.start2),
    )


def _seen(look: Look) -> Iterator[SeenPrice]:
    """The middles of what was quoted, also where the bot decides on closed candles."""
    bot, quote = look.bot, look.quote
    middles = (quote.bid1 + quote.ask1) / 2, (quote.bid2 + quote.ask2) / 2
    for leg in bot.legs:
        yield SeenPrice(bot.account_of(leg), bot.symbol_of(leg), look.market_time, middles[leg - 1])


def _net(look: Look) -> float:
    return net_pnl(look.config, look.state, look.quote)


def _marks(look: Look, now: datetime) -> list[tuple[Position, Decimal]]:
    prices = {1: Decimal(str(look.quote.p1)), 2: Decimal(str(look.quote.p2))}
    due = [position for position in look.positions if position.is_open and now - position.updated_at >= MARKS_KEPT]
    return [(position, prices[position.leg]) for position in due]
