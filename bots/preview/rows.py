"""The preview's parts as JSON: a market's card, a level's row, the totals."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bots.amounts import decimal_text, float_text
from bots.ladder.table import Level, Terms
from bots.models import Bot
from bots.preview.warnings import level_refusal
from bots.settings.pair_rules import Pair, PairRules
from exchanges.adapters.base import Candle, VenueQuote
from exchanges.errors import ExchangeError
from exchanges.market_data import closed_candles
from exchanges.market_windows import window_of
from exchanges.models import ExchangeAccount
from exchanges.symbols import base_of, short
from trading.core.sizing import LevelQuantities

_DAY_HOURS = 24
_PRICE_PLACES = 12


def market_card(pair: Pair, leg: int, quote: VenueQuote, start_price: Any) -> dict[str, Any]:
    """One leg's card: prices as text, changes in percent; None where the source has no full day of candles."""
    account, symbol, rules = pair.accounts[leg - 1], pair.symbols[leg - 1], pair.rules[leg - 1]
    candles = closed_candles(account, symbol, "1h", limit=_DAY_HOURS)
    minimum = max(rules.notional_min, max(rules.amount_min, rules.amount_step) * quote.mid)
    return {
        "symbol": symbol,
        "name": short(symbol),
        "coin": base_of(symbol),
        "price": decimal_text(quote.mid, places=_PRICE_PLACES),
        "bid": decimal_text(quote.bid),
        "ask": decimal_text(quote.ask),
        "price_tick": decimal_text(rules.price_tick),
        "start_price": decimal_text(start_price),
        "since_start": float(quote.mid / start_price - 1) * 100.0,
        "minimum_order": decimal_text(minimum, places=2),
        "max_leverage": decimal_text(rules.max_leverage),
        "taker_fee": float(rules.taker_fee) * 100.0,
        "funding": _funding(account, symbol),
        **_day(candles, quote),
    }


def _funding(account: ExchangeAccount, symbol: str) -> float | None:
    """Percent that longs pay shorts at the next payment; None where nobody knows it."""
    try:
        return float(window_of(account).funding(symbol).rate) * 100.0
    except (ExchangeError, LookupError):
        return None


def _day(candles: Sequence[Candle], quote: VenueQuote) -> dict[str, Any]:
    if len(candles) < _DAY_HOURS:
        return {"change_24h": None, "volume_24h": None}
    volume = sum((candle.volume * candle.close for candle in candles), Decimal())
    return {
        "change_24h": float(quote.mid / candles[0].open - 1) * 100.0,
        "volume_24h": decimal_text(volume, places=0),
    }


def level_row(level: Level, pair: PairRules, history: dict[str, Any] | None) -> dict[str, Any]:
    sizes = level.sizes if isinstance(level.sizes, LevelQuantities) else None
    return {
        "level": level.level,
        "step": level.step,
        "multiplier": level.multiplier,
        "at_short": level.at_short,
        "at_long": level.at_long,
        "notional": decimal_text(level.notional),
        "invested": decimal_text(level.invested),
        "margin": decimal_text(level.margin, places=8),
        "allowed": level.allowed,
        "side": level.side,
        "break_even": level.break_even,
        "take_profit": level.take_profit,
        "stop_loss": level.stop_loss,
        "liquidation": level.liquidation,
        "amount1": decimal_text(sizes.amount1) if sizes else None,
        "amount2": decimal_text(sizes.amount2) if sizes else None,
        "refused": "" if sizes else level_refusal(level, pair),
        "reached": history["reached"][level.level - 1] if history else None,
    }


def totals_of(sketch: Bot, pair: PairRules, levels: list[Level], terms: Terms) -> dict[str, Any]:
    """Over the levels that the maximum position allows; `cap_needed` is what the whole ladder would need."""
    allowed = [level for level in levels if level.allowed]
    last = allowed[-1] if allowed else None
    invested = last.invested if last else Decimal()
    at_stop = invested * sketch.stop_loss_ratio / 100
    return {
        "currency": pair.settle,
        "levels": len(allowed),
        "levels_of": len(levels),
        "investment": decimal_text(len(sketch.legs) * invested),
        "margin": decimal_text(len(sketch.legs) * invested / sketch.leverage, places=8),
        "equity": None if terms.equities is None else float_text(sum(terms.equities)),
        "worst_case": decimal_text(-at_stop, places=8) if at_stop else None,
        "cap_needed": decimal_text(len(sketch.legs) * levels[-1].invested),
        "break_even": last.break_even if last else None,
        "break_even_way": abs(last.at_side - last.break_even) if last and last.break_even is not None else None,
        "stop_loss": last.stop_loss if last else None,
        "liquidation": last.liquidation if last else None,
    }
