"""A bot's live figures: what the list, the bot's page and the live feed show. Pure: no database, no clock."""

from datetime import datetime
from typing import Any

from bots.amounts import float_text
from bots.models import Bot
from bots.waiting import WAITING, waiting_of, waiting_sentence
from trading.core.triggers import Triggers, triggers
from trading.core.types import FLAT, LONG_SPREAD, Config, Quote, State

__all__ = ["WAITING", "live_figures", "waiting_sentence"]

SPREAD = "spread"
_PRICE_PLACES = 12


def live_figures(
    bot: Bot, config: Config, state: State, quote: Quote, at: datetime, *, stale_s: float = 0.0
) -> dict[str, Any]:
    """JSON-ready: spreads, percentages and distances as numbers, money as text. `at` is market time.

    `stale_s` is the age of the older quote. `fees` are those paid plus those that closing now would cost;
    pnl = legs_pnl - fees + funding on the net basis, legs at the prices at which they could be closed.
    """
    marks = triggers(config, state, quote)
    if bot.strategy != SPREAD:  # it decides at its closes by what no spread tells; only the stop loss is common
        marks = marks._replace(rises_to=None, falls_to=None, take_profit=None)
    return {
        "at": at.isoformat(),
        "spread": marks.spread,
        "change1": (quote.p1 / config.start1 - 1.0) * 100.0,
        "change2": (quote.p2 / config.start2 - 1.0) * 100.0,
        "price1": float_text(quote.p1, places=_PRICE_PLACES),
        "price2": float_text(quote.p2, places=_PRICE_PLACES),
        "level": state.level,
        "levels": config.levels,
        "side": state.side,
        "cycle": bot.current_cycle,
        "since_last": None if state.side == FLAT else marks.spread - state.last_spread,
        **_money(config, state, quote, marks, bot.leverage),
        "cap": float_text(config.cap),
        "next_order": _next_order(config, state, marks),
        "triggers": _triggers(state, marks),
        "waiting": waiting_of(bot, config, state, marks, at),
        "stale_s": round(stale_s, 3),
    }


def _money(config: Config, state: State, quote: Quote, marks: Triggers, leverage: int) -> dict[str, Any]:
    value1, value2 = state.q1 * quote.p1, state.q2 * quote.p2
    exit1, exit2 = _exit_value(state.q1, quote.bid1, quote.ask1), _exit_value(state.q2, quote.bid2, quote.ask2)
    exit_fees = abs(exit1) * config.fee1 + abs(exit2) * config.fee2 if config.net else 0.0
    return {
        "pnl": float_text(marks.pnl),
        "pnl_pct": marks.pnl_pct,
        "legs_pnl": float_text((exit1 + exit2 if config.net else value1 + value2) - state.cost),
        "fees": float_text(state.fees + exit_fees),
        "funding": float_text(state.funding),
        "invested": float_text(state.invested),
        "exposure": float_text(abs(value1) + abs(value2)),
        "net_exposure": float_text(value1 + value2),
        "margin": float_text((abs(value1) + abs(value2)) / leverage),
    }


def _exit_value(held: float, bid: float, ask: float) -> float:
    return held * (bid if held > 0.0 else ask)


def _next_order(config: Config, state: State, marks: Triggers) -> str | None:
    """One leg's notional of the next level; None where no further order is possible."""
    if marks.rises_to is None and marks.falls_to is None:
        return None
    return float_text(config.investment * config.multipliers[state.level])


def _triggers(state: State, marks: Triggers) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    if state.side == FLAT:
        _add(found, "open_up", marks, marks.rises_to, side=marks.rises_to_side, level=1)
        _add(found, "open_down", marks, marks.falls_to, side=marks.falls_to_side, level=1)
        return found
    next_add = marks.falls_to if state.side == LONG_SPREAD else marks.rises_to
    _add(found, "add", marks, next_add, level=state.level + 1)
    _add(found, "take_profit", marks, marks.take_profit)
    _add(found, "stop_loss", marks, marks.stop_loss)
    _add(found, "break_even", marks, marks.break_even)
    return found


def _add(found: dict[str, dict[str, Any]], name: str, marks: Triggers, spread: float | None, **more: int) -> None:
    if spread is not None:
        found[name] = {"spread": spread, "distance": spread - marks.spread, **more}
