"""What a start would do at once: for the dialogue that asks before it trades."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from bots.amounts import decimal_text
from bots.config import core_quote
from bots.ladder.sizes import Held, WantedLevel, ladder_sizes
from bots.last_closes import undecided_closes
from bots.models import Bot, DecideOn
from bots.order_sizes import investment_now
from bots.pair_now import PairNow, pair_now
from bots.preflight.checks import preflight
from bots.signals import SPREAD, Said, say
from bots.strategies.settings import plugin_of
from exchanges.adapters.base import VenueQuote
from exchanges.errors import ExchangeError
from exchanges.registry import venue_of
from exchanges.symbols import base_of
from trading.core.sizing import SizeRefused
from trading.core.types import ACTION_NAMES, ADD, NONE, OPEN, Decision
from trading.models import Position

UNSEEN: Final[dict[str, Any]] = {
    "spread": None,
    "action": None,
    "notional": None,
    "legs": [],
    "refused": "",
    "failed": "",
    "waits_for_close": False,
}


def start_preview(*, bot: Bot, now: datetime) -> dict[str, Any]:
    """Asks the venues and the bot's strategy, changes nothing. JSON-ready:

    {"problems": sentences that forbid a start, "can_reset": flat and heeding its reference R, which may become S,
    "by_spread": the spread alone decides, "reference", "spread", "action": "none"|"open"|"add"|"take_profit"|
    "stop_loss"|"signal", "side", "level", "notional": of one leg of an entry, "legs": [{"symbol", "coin", "side",
    "amount", "price"}], "refused": why the level could not be ordered, a reason of the journal, "failed": why the
    strategy could say nothing, "waits_for_close": no candle has closed that it has not decided on}. Spread and action
    are None while a market cannot be seen.
    """
    problems = [message for problem in preflight(bot, now) for message in problem.messages]
    known: dict[str, Any] = {
        "problems": problems,
        "can_reset": bot.is_flat and _heeds_reference(bot),
        "by_spread": bot.strategy == SPREAD,
        "reference": bot.reference_spread,
        "level": bot.level,
        "side": bot.side,
    }
    try:
        return known | _decided(bot)
    except ExchangeError:
        return known | UNSEEN


def _heeds_reference(bot: Bot) -> bool:
    plugin = plugin_of(bot.strategy)
    return plugin is not None and "ladder" in plugin.strategy.reads


def _decided(bot: Bot) -> dict[str, Any]:
    """Raises ExchangeError."""
    now, market_time = pair_now(bot), venue_of(bot.account_of(1)).clock()
    investment = investment_now(bot, market_time)
    now = replace(now, config=now.config._replace(investment=float(investment or bot.investment_per_order)))
    found = _asked(bot, now, market_time, entries=investment > 0)
    said = found or Said(Decision(NONE, bot.side, now.spread))
    notional = investment * Decimal(str(bot.dca_config[bot.level]["multiplier"])) if _is_entry(said.decision) else None
    legs, refused = _legs(bot, now, said, notional)
    return {
        "spread": now.spread,
        "action": ACTION_NAMES[said.decision.action],
        "side": said.decision.side,
        "level": bot.level + 1 if notional is not None else bot.level,
        "notional": None if notional is None else decimal_text(notional),
        "legs": legs,
        "refused": refused,
        "failed": said.failed,
        "waits_for_close": found is None,
    }


def _asked(bot: Bot, now: PairNow, market_time: datetime, *, entries: bool) -> Said | None:
    """None while it waits for the next candle to close."""
    candle_at, quote = None, now.quote
    if bot.decide_on == DecideOn.CANDLE_CLOSE:
        seen = undecided_closes(bot)
        if seen is None:
            return None
        candle_at, quote = seen.at, core_quote(*now.quotes, seen.one, seen.two)
    return say(bot, market_time, candle_at, now.config, now.state, quote, entries=entries)


def _is_entry(decision: Decision) -> bool:
    return decision.action in (OPEN, ADD)


def _legs(bot: Bot, now: PairNow, said: Said, notional: Decimal | None) -> tuple[list[dict[str, Any]], str]:
    decision = said.decision
    if decision.action == NONE:
        return [], ""
    if notional is None:
        return [_closing_leg(bot, now, position) for position in now.positions], ""
    prices = (Decimal(str(now.quote.p1)), Decimal(str(now.quote.p2)))
    held = {position.leg: position.amount for position in now.positions}
    [sizes] = ladder_sizes(
        *now.rules,
        decision.side,
        [WantedLevel(bot.level + 1, notional, *prices, said.ratio)],
        held=Held(held.get(1, Decimal()), held.get(2, Decimal()), bot.planned1, bot.planned2),
        max_imbalance=bot.max_imbalance / 100,
    )
    if isinstance(sizes, SizeRefused):
        return [], str(sizes.reason)
    wanted = ((sizes.side1, sizes.amount1), (sizes.side2, sizes.amount2))
    return [_leg(bot.symbol_of(leg), *wanted[leg - 1], now.quotes[leg - 1]) for leg in bot.legs], ""


def _closing_leg(bot: Bot, now: PairNow, position: Position) -> dict[str, Any]:
    side = "sell" if position.side == "long" else "buy"
    return _leg(position.symbol, side, position.amount, now.quotes[position.leg - 1])


def _leg(symbol: str, side: str, amount: Decimal, quote: VenueQuote) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "coin": base_of(symbol),
        "side": side,
        "amount": decimal_text(amount),
        "price": decimal_text(quote.ask if side == "buy" else quote.bid),
    }
