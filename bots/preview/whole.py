"""What a bot with these settings would meet: markets, ladder, totals, warnings, and what it would have done."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import User
from bots.config import core_config, core_quote
from bots.ladder.table import Terms, ladder_table
from bots.leg_ratio import ratio_now
from bots.models import Bot, MarginMode
from bots.order_sizes import investment_now
from bots.pair_now import quotes_of
from bots.preview.history import ladder_history, pair_tape, range_begin, spread_line
from bots.preview.plugin import order_table, plugin_history
from bots.preview.rows import level_row, market_card, totals_of
from bots.preview.warnings import plugin_warnings, warnings_of
from bots.settings.draft import Draft
from bots.settings.pair_rules import Pair
from bots.settings.validation import START_PRICES, examine
from bots.strategies.settings import PARAMS, SPREAD
from exchanges.adapters.base import VenueQuote
from exchanges.errors import ExchangeError
from exchanges.registry import venue_of
from trading.core.spread import spread_pct
from trading.core.types import Quote

_FOR_MARKETS = ("exchange_account", "market1_symbol", "market2_symbol", "start_time")
_FOR_LADDER = (
    "investment_per_order",
    "max_position_value",
    "max_dca_times",
    "dca_config",
    "leverage",
    "margin_mode",
    "opening",
    "allowed_side",
    "profit_mode",
    "profit_ratio",
    "stop_loss_ratio",
    "pnl_basis",
    "max_imbalance",
    "restart_after_stop_loss",
)


def bot_preview(
    user: User, data: Any, *, now: datetime, bot: Bot | None = None, range_name: str = "start"
) -> dict[str, Any]:
    """JSON-ready, as far as the settings go; asks venues, writes nothing. Raises ExchangeError.

    {"errors": {field: [sentence]}, "markets": [2] | null, "spread": … | null, "levels": [] , "totals": … | null,
    "warnings": [], "history": … | null}. `range_name`: 24h, 7d, 30d or start.
    """
    draft = examine(user, data, bot=bot, now=now, with_pair=True)
    shown: dict[str, Any] = {
        "errors": ValidationError(draft.errors).message_dict if draft.errors else {},
        "markets": None,
        "spread": None,
        "levels": [],
        "totals": None,
        "warnings": [],
        "history": None,
    }
    pair = draft.pair
    if pair is None or not draft.has(*_FOR_MARKETS, *START_PRICES):
        return shown
    quotes = quotes_of(pair.accounts[0], pair.symbols[0], pair.accounts[1], pair.symbols[1])
    legs = (1, 2) if pair.symbols[1] else (1,)
    shown["markets"] = [market_card(pair, leg, quotes[leg - 1], draft.values[START_PRICES[leg - 1]]) for leg in legs]
    if draft.has(*_FOR_LADDER) and not any(name.startswith(PARAMS) for name in draft.errors):
        shown |= _strategy(user, draft, pair, quotes, now=now, bot=bot, range_name=range_name)
    return shown


def _strategy(
    user: User,
    draft: Draft,
    pair: Pair,
    quotes: tuple[VenueQuote, VenueQuote],
    *,
    now: datetime,
    bot: Bot | None,
    range_name: str,
) -> dict[str, Any]:
    sketch = _sketch(user, draft, bot)
    sketch.investment_per_order = (
        investment_now(sketch, venue_of(pair.accounts[0]).clock()) or sketch.investment_per_order
    )
    if sketch.strategy != SPREAD:
        return _plugin(sketch, pair, quotes, now=now, range_name=range_name)
    quote = core_quote(*quotes)
    config = core_config(sketch, *pair.rules, slippage=_half_width(quote))
    terms = _terms(sketch, pair)
    levels = ladder_table(config, quote, pair.rules, terms)
    spread = spread_pct(quote.p1, quote.p2, config.start1, config.start2)
    account = pair.accounts[0]
    end = venue_of(account).clock() if account.is_paper else now
    begin = range_begin(range_name, sketch.start_time, end)
    tape, timeframe = pair_tape(pair, begin, end)
    history = ladder_history(
        config,
        tape,
        restart_after_stop_loss=sketch.restart_after_stop_loss,
        lot_steps=(float(pair.rules[0].amount_step), float(pair.rules[1].amount_step)),
        max_imbalance=float(sketch.max_imbalance) / 100.0,
    )
    return {
        "spread": {
            "now": spread,
            "opens_at": config.spreads[0],
            "range": {"from": begin.isoformat(), "to": end.isoformat(), "timeframe": timeframe},
            **spread_line(config, tape, timeframe),
        },
        "levels": [level_row(level, pair, history) for level in levels],
        "totals": totals_of(sketch, pair, levels, terms),
        "warnings": warnings_of(sketch, pair, levels, spread=spread, quotes=quotes, terms=terms),
        "history": history and history | {"timeframe": timeframe},
    }


def _plugin(
    sketch: Bot, pair: Pair, quotes: tuple[VenueQuote, VenueQuote], *, now: datetime, range_name: str
) -> dict[str, Any]:
    quote, account = core_quote(*quotes), pair.accounts[0]
    config = core_config(sketch, *pair.rules, slippage=_half_width(quote))
    end = venue_of(account).clock() if account.is_paper else now
    terms = replace(_terms(sketch, pair), ratio=ratio_now(sketch, end))
    levels = order_table(sketch, pair, quotes, terms)
    begin = range_begin(range_name, sketch.start_time, end)
    steps = (float(pair.rules[0].amount_step), float(pair.rules[1].amount_step))
    tape, history = plugin_history(sketch, config, begin, end, steps)
    timeframe = sketch.timeframe
    return {
        "spread": {
            "now": spread_pct(quote.p1, quote.p2, config.start1, config.start2),
            "opens_at": None,
            "range": {"from": begin.isoformat(), "to": end.isoformat(), "timeframe": timeframe},
            **spread_line(config, tape, timeframe),
        },
        "levels": [level_row(level, pair, history) for level in levels],
        "totals": totals_of(sketch, pair, levels, terms),
        "warnings": plugin_warnings(sketch, pair, levels, quotes=quotes, terms=terms),
        "history": history and history | {"timeframe": timeframe},
    }


def _sketch(user: User, draft: Draft, bot: Bot | None) -> Bot:
    """The bot as it would be, never saved."""
    if bot is None:
        return Bot(owner=user, **draft.values)
    reference = 0.0 if draft.is_changed(*START_PRICES) else bot.reference_spread
    return Bot(
        pk=bot.pk,
        owner=user,
        level=bot.level,
        side=bot.side,
        current_cycle=bot.current_cycle,
        total_profit=bot.total_profit,
        reference_spread=reference,
        **draft.values,
    )


def _terms(sketch: Bot, pair: Pair) -> Terms:
    return Terms(
        leverage=sketch.leverage,
        isolated=sketch.margin_mode == MarginMode.ISOLATED,
        equities=_equities(pair),
        max_imbalance=sketch.max_imbalance / 100,
    )


def _equities(pair: Pair) -> tuple[float, ...] | None:
    """None where a venue does not tell: the preview then goes without liquidation and free margin."""
    try:
        return tuple(float(venue_of(account).balance().equity) for account in dict.fromkeys(pair.accounts))
    except ExchangeError:
        return None


def _half_width(quote: Quote) -> float:
    """Half of the wider book, relative: what a back-test loses on each fill."""
    return max((quote.ask1 - quote.bid1) / quote.p1, (quote.ask2 - quote.bid2) / quote.p2) / 2.0
