"""What a start would do at once: for the dialogue that asks before it trades."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from bots.amounts import decimal_text
from bots.ladder_sizes import Held, WantedLevel, ladder_sizes
from bots.models import Bot
from bots.pair_now import PairNow, pair_now
from bots.preflight import preflight
from exchanges.adapters.base import VenueQuote
from exchanges.errors import ExchangeError
from exchanges.symbols import base_of
from trading.core.decide import decide
from trading.core.sizing import SizeRefused
from trading.core.types import ACTION_NAMES, ADD, NONE, OPEN, Decision
from trading.models import Position


def start_preview(*, bot: Bot, now: datetime) -> dict[str, Any]:
    """Asks the venues, changes nothing. JSON-ready:

    {"problems": sentences that forbid a start, "can_reset": flat, so R may become S, "reference", "spread",
    "action": "none"|"open"|"add"|"take_profit"|"stop_loss", "side", "level", "notional": of one leg of an entry,
    "legs": [{"symbol", "coin", "side", "amount", "price"}], "refused": why the level could not be ordered, a reason of
    the journal}. Spread and action are None while a market cannot be seen.
    """
    problems = [message for problem in preflight(bot, now) for message in problem.messages]
    known: dict[str, Any] = {
        "problems": problems,
        "can_reset": bot.is_flat,
        "reference": bot.reference_spread,
        "level": bot.level,
    }
    try:
        pair = pair_now(bot)
    except ExchangeError:
        unseen: dict[str, Any] = {
            "spread": None,
            "action": None,
            "side": bot.side,
            "notional": None,
            "legs": [],
            "refused": "",
        }
        return known | unseen
    return known | _decided(bot, pair)


def _decided(bot: Bot, now: PairNow) -> dict[str, Any]:
    decision = decide(now.config, now.state, now.quote)
    legs, refused = _legs(bot, now, decision)
    is_entry = decision.action in (OPEN, ADD)
    return {
        "spread": now.spread,
        "action": ACTION_NAMES[decision.action],
        "side": decision.side,
        "level": bot.level + 1 if is_entry else bot.level,
        "notional": decimal_text(_next_notional(bot)) if is_entry else None,
        "legs": legs,
        "refused": refused,
    }


def _legs(bot: Bot, now: PairNow, decision: Decision) -> tuple[list[dict[str, Any]], str]:
    if decision.action == NONE:
        return [], ""
    if decision.action not in (OPEN, ADD):
        return [_closing_leg(bot, now, position) for position in now.positions], ""
    prices = (Decimal(str(now.quote.p1)), Decimal(str(now.quote.p2)))
    held = {position.leg: position.amount for position in now.positions}
    [sizes] = ladder_sizes(
        *now.rules,
        decision.side,
        [WantedLevel(bot.level + 1, _next_notional(bot), *prices)],
        held=Held(held.get(1, Decimal()), held.get(2, Decimal()), bot.planned1, bot.planned2),
        max_imbalance=bot.max_imbalance / 100,
    )
    if isinstance(sizes, SizeRefused):
        return [], str(sizes.reason)
    first = _leg(bot.market1_symbol, sizes.side1, sizes.amount1, now.quotes[0])
    return [first, _leg(bot.market2_symbol, sizes.side2, sizes.amount2, now.quotes[1])], ""


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


def _next_notional(bot: Bot) -> Decimal:
    return bot.investment_per_order * Decimal(str(bot.dca_config[bot.level]["multiplier"]))
