"""What may be set so, but should be seen before the start: each with its cure where there is one."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from bots.amounts import decimal_text, grouped
from bots.claims import claims_of_others
from bots.journal import lines as journal
from bots.ladder.table import Level, Terms
from bots.models import Bot
from bots.settings.pair_rules import Pair, PairRules
from exchanges.adapters.base import VenueQuote
from exchanges.symbols import short
from trading.core.leg_ratio import notionals_of
from trading.core.sizing import SizeRefused

Warning = dict[str, Any]


def warnings_of(
    sketch: Bot,
    pair: Pair,
    levels: list[Level],
    *,
    spread: float,
    quotes: tuple[VenueQuote, VenueQuote],
    terms: Terms,
) -> list[Warning]:
    """{"code", "message", "field", "level": number or null, "cure": {"field", "value", "words"} or null}."""
    return [
        *ladder_warnings(sketch, pair, levels),
        *_margin(sketch, levels, terms),
        *_liquidation(levels),
        *_books(sketch, quotes),
        *_at_once(sketch, levels, spread),
        *_claims(sketch),
    ]


def plugin_warnings(
    sketch: Bot, pair: Pair, levels: list[Level], *, quotes: tuple[VenueQuote, VenueQuote], terms: Terms
) -> list[Warning]:
    """For a strategy that decides by itself when it opens and adds."""
    return [
        *ladder_warnings(sketch, pair, levels),
        *_margin(sketch, levels, terms),
        *_books(sketch, quotes),
        *_claims(sketch),
    ]


def ladder_warnings(sketch: Bot, pair: PairRules, levels: list[Level]) -> list[Warning]:
    """Those that need no look at a venue."""
    return [*_cap(sketch, levels), *_sizes(levels, pair)]


def level_refusal(level: Level, pair: PairRules) -> str:
    if not isinstance(level.sizes, SizeRefused):
        return ""
    symbol = pair.symbols[(level.sizes.leg or 1) - 1]
    figures = {"symbol": short(symbol), "currency": pair.settle, **level.sizes.figures}
    return journal.reason_text(str(level.sizes.reason), figures)


def _cap(sketch: Bot, levels: list[Level]) -> Iterator[Warning]:
    forbidden = next((level for level in levels if not level.allowed), None)
    if forbidden is None:
        return
    needed = len(sketch.legs) * levels[-1].invested
    message = _("Level %(level)s stays closed: the whole ladder needs %(needed)s, the maximum is %(cap)s.") % {
        "level": forbidden.level,
        "needed": grouped(needed),
        "cap": grouped(sketch.max_position_value),
    }
    words = _("Raise to %(needed)s") % {"needed": grouped(needed)}
    cure = {"field": "max_position_value", "value": decimal_text(needed), "words": words}
    yield _warning("cap", message, "max_position_value", level=forbidden.level, cure=cure)


def _sizes(levels: list[Level], pair: PairRules) -> Iterator[Warning]:
    for level in levels:
        if level.allowed and isinstance(level.sizes, SizeRefused):
            message = _("Level %(level)s cannot be ordered: %(reason)s.") % {
                "level": level.level,
                "reason": level_refusal(level, pair),
            }
            yield _warning(str(level.sizes.reason), message, "investment_per_order", level=level.level)


def _margin(sketch: Bot, levels: list[Level], terms: Terms) -> Iterator[Warning]:
    if terms.equities is None:
        return
    needed = max((level.margin for level in levels if level.allowed), default=Decimal())
    parts = (needed,) if len(terms.equities) == 1 else notionals_of(needed / 2, terms.ratio)
    for part, equity in zip(parts, terms.equities, strict=True):
        if float(part) > equity:
            message = _("The ladder needs %(needed)s of margin, the account has %(equity)s.") % {
                "needed": grouped(part),
                "equity": grouped(equity),
            }
            yield _warning("margin", message, "investment_per_order")


def _liquidation(levels: list[Level]) -> Iterator[Warning]:
    """On the way out the stop loss must come first."""
    for level in levels:
        if not level.allowed or level.liquidation is None:
            continue
        way = abs(level.liquidation - level.at_side)
        if level.stop_loss is None or abs(level.stop_loss - level.at_side) >= way:
            message = _("With level %(level)s filled, liquidation comes at %(spread)s pp, before the stop loss.") % {
                "level": level.level,
                "spread": grouped(level.liquidation, signed=True),
            }
            if level.stop_loss is None:
                message = _("Without a stop loss, level %(level)s is liquidated at %(spread)s pp.") % {
                    "level": level.level,
                    "spread": grouped(level.liquidation, signed=True),
                }
            yield _warning("liquidation", message, "stop_loss_ratio", level=level.level)
            return


def _books(sketch: Bot, quotes: tuple[VenueQuote, VenueQuote]) -> Iterator[Warning]:
    for leg, quote in enumerate(quotes[: len(sketch.legs)], start=1):
        width = (quote.ask - quote.bid) / quote.mid * 100
        if width > sketch.max_book_spread:
            message = _("The book of %(symbol)s is %(width)s %% wide now, wider than the allowed %(limit)s %%.") % {
                "symbol": short(quote.symbol),
                "width": grouped(width),
                "limit": grouped(sketch.max_book_spread),
            }
            yield _warning("book_wide", message, f"market{leg}_symbol")


def _at_once(sketch: Bot, levels: list[Level], spread: float) -> Iterator[Warning]:
    moved = spread - sketch.reference_spread
    if sketch.is_flat and abs(moved) >= levels[0].step:
        message = _("The spread is %(spread)s pp already: the bot would open as soon as it starts.") % {
            "spread": grouped(moved, signed=True)
        }
        yield _warning("at_once", message, "start_time")


def _claims(sketch: Bot) -> Iterator[Warning]:
    for claim in claims_of_others(sketch):
        leg = 1 if claim.symbol == sketch.market1_symbol else 2
        message = _("%(symbol)s on this account belongs to the bot %(bot)s: stop that one first.") % {
            "symbol": short(claim.symbol),
            "bot": claim.bot.bot_name,
        }
        yield _warning("claimed", message, f"market{leg}_symbol")


def _warning(code: str, message: str, field: str, *, level: int | None = None, cure: Any = None) -> Warning:
    return {"code": code, "message": message, "field": field, "level": level, "cure": cure}
