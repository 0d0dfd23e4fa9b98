"""Whether both markets take every order of a bot's ladder, whether the margin suffices, and what is held already."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.amounts import grouped, grouped_exact
from bots.holdings import has_unsettled
from bots.journal import lines as journal
from bots.ladder.rows import notional_upto
from bots.ladder.sizes import Held, WantedLevel, ladder_sizes
from bots.models import Bot
from exchanges.adapters.base import Balance, VenuePosition, VenueQuote
from exchanges.models import ExchangeAccount
from exchanges.symbols import short
from trading.core.leg_ratio import notionals_of
from trading.core.sizing import MarketRules, SizeRefused
from trading.models import Position

PERCENT = Decimal(100)

Problems = list[ValidationError]


@dataclass(frozen=True, slots=True)
class Leg:
    """What one leg's venue says now."""

    account: ExchangeAccount
    symbol: str
    rules: MarketRules
    quote: VenueQuote
    balance: Balance
    position: VenuePosition | None


Legs = tuple[Leg, Leg]


def problem(code: str, sentence: str, **params: object) -> ValidationError:
    return ValidationError(sentence, code=code, params=params)


def order_problems(bot: Bot, legs: Legs, ratio: float) -> Problems:
    """Of every level that is still to come and within the maximum position, at today's prices. `ratio`: what leg 2 is
    worth for each 1 of leg 1."""
    levels = [
        level
        for level in range(bot.level + 1, bot.max_dca_times + 1)
        if len(bot.legs) * notional_upto(bot.dca_config, level, bot.investment_per_order) <= bot.max_position_value
    ]
    return [
        *_leverage_problems(bot, legs),
        *_size_problems(bot, legs, levels, ratio),
        *_margin_problems(bot, legs, levels, ratio),
    ]


def holding_problems(bot: Bot, legs: Legs) -> Iterator[ValidationError]:
    """Positions are netted: what the venue holds must be what the books say, unless an order is under way."""
    if has_unsettled(bot):
        return
    booked = _signed_amounts(bot)
    for number, leg in enumerate(legs, start=1):
        held = leg.position.amount if leg.position else Decimal()
        if held != booked[number]:
            yield problem(
                "mismatch",
                _("The account holds %(held)s %(symbol)s, the books of this bot say %(booked)s."),
                held=grouped_exact(held),
                booked=grouped_exact(booked[number]),
                symbol=short(leg.symbol),
            )


def _leverage_problems(bot: Bot, legs: Legs) -> Iterator[ValidationError]:
    for leg in legs:
        if bot.leverage > leg.rules.max_leverage:
            yield problem(
                "leverage",
                _("%(symbol)s allows a leverage of %(most)s at most."),
                symbol=short(leg.symbol),
                most=grouped_exact(leg.rules.max_leverage),
            )


def _size_problems(bot: Bot, legs: Legs, levels: Sequence[int], ratio: float) -> Iterator[ValidationError]:
    first, second = legs
    mids = first.quote.mid, second.quote.mid
    wanted = [WantedLevel(level, _notional_of(bot, level), *mids, ratio) for level in levels]
    amounts = _signed_amounts(bot)
    sizes = ladder_sizes(
        first.rules,
        second.rules,
        bot.side or 1,
        wanted,
        held=Held(abs(amounts[1]), abs(amounts[2]), bot.planned1, bot.planned2),
        max_imbalance=bot.max_imbalance / PERCENT,
    )
    for level, size in zip(levels, sizes, strict=True):
        if isinstance(size, SizeRefused):
            symbol = legs[(size.leg or 1) - 1].symbol
            figures = {"symbol": short(symbol), "currency": first.rules.settle, **size.figures}
            reason = journal.reason_text(str(size.reason), figures)
            yield problem(str(size.reason), _("Level %(level)s: %(reason)s."), level=level, reason=reason)


def _margin_problems(bot: Bot, legs: Legs, levels: Sequence[int], ratio: float) -> Iterator[ValidationError]:
    """Each leg needs notional / leverage and the fee of entering; legs on one account share its free margin."""
    notionals = notionals_of(sum((_notional_of(bot, level) for level in levels), Decimal()), ratio)
    needed: dict[int, Decimal] = {}
    for leg, notional in zip(legs[: len(bot.legs)], notionals, strict=False):
        margin = notional / bot.leverage + notional * leg.rules.taker_fee
        needed[leg.account.pk] = needed.get(leg.account.pk, Decimal()) + margin
    for leg in {leg.account.pk: leg for leg in legs}.values():
        if needed[leg.account.pk] > leg.balance.free:
            yield problem(
                "margin",
                _("The whole ladder needs %(needed)s %(currency)s of margin; %(account)s has %(free)s free."),
                needed=grouped(needed[leg.account.pk]),
                free=grouped(leg.balance.free),
                currency=leg.balance.currency,
                account=leg.account,
            )


def _notional_of(bot: Bot, level: int) -> Decimal:
    return bot.investment_per_order * Decimal(str(bot.dca_config[level - 1]["multiplier"]))


def _signed_amounts(bot: Bot) -> Mapping[int, Decimal]:
    amounts = {1: Decimal(), 2: Decimal()}
    for position in Position.objects.filter(bot=bot, is_open=True):
        amounts[position.leg] += position.signed_amount
    return amounts
