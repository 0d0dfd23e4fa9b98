"""What open pairs would gain or lose in a shock, from what is held and the last prices. Nothing is traded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.models import User
from bots.models import Bot
from exchanges.models import ExchangeAccount
from exchanges.symbols import settle_of
from trading.core.spread import spread_pct
from trading.models import Position
from trading.risk.wishes import Kind, of_kind

ZERO: Final = Decimal(0)
MOVE_PCT: Final = Decimal(10)
"""Of the whole market, and of a leg that is left alone."""


@dataclass(frozen=True, slots=True)
class Held:
    """A leg: `amount` signed, `price` the last one that was seen."""

    leg: int
    amount: Decimal
    price: Decimal
    start_price: Decimal

    @property
    def value(self) -> Decimal:
        return self.amount * self.price


@dataclass(frozen=True, slots=True)
class Shock:
    """Change of P&L in `currency`, by what happens.

    `spread_doubled`: the spread goes to twice what it is, each leg makes half of the way. `market_up`, `market_down`:
    every price moves by MOVE_PCT, as a swing of BTC takes all coins along. `leg_halted`: the larger leg cannot be
    traded and moves MOVE_PCT against the position while the other stays.
    """

    bot: Bot | None
    currency: str
    spread: float | None
    gross: Decimal
    net: Decimal
    spread_doubled: Decimal
    market_up: Decimal
    market_down: Decimal
    leg_halted: Decimal


def stress(user: User, kind: Kind) -> list[Shock]:
    """One for each open pair, the worst first. Two queries."""
    accounts = ExchangeAccount.objects.filter(of_kind(kind), owner=user)
    legs: dict[int, list[Position]] = defaultdict(list)
    for position in Position.objects.filter(account__in=accounts, is_open=True).order_by("leg"):
        legs[position.bot_id].append(position)
    bots = Bot.objects.in_bulk(legs)
    found = [shock_of(bots[bot_id], held) for bot_id, held in legs.items()]
    return sorted(found, key=lambda shock: min(shock.spread_doubled, shock.market_up, shock.market_down))


def totals(shocks: Iterable[Shock]) -> list[Shock]:
    """One for each currency."""
    by_currency: dict[str, list[Shock]] = defaultdict(list)
    for shock in shocks:
        by_currency[shock.currency].append(shock)
    return [_total(currency, parts) for currency, parts in sorted(by_currency.items())]


def shock_of(bot: Bot, positions: Sequence[Position]) -> Shock:
    held = [_held(bot, position) for position in positions]
    spread = _spread(bot, held)
    net = sum((leg.value for leg in held), ZERO)
    return Shock(
        bot=bot,
        currency=settle_of(bot.market1_symbol),
        spread=spread,
        gross=sum((abs(leg.value) for leg in held), ZERO),
        net=net,
        spread_doubled=sum((leg.amount * _half_way(leg, spread or 0.0) for leg in held), ZERO),
        market_up=net * MOVE_PCT / 100,
        market_down=-net * MOVE_PCT / 100,
        leg_halted=-max((abs(leg.value) for leg in held), default=ZERO) * MOVE_PCT / 100,
    )


def _held(bot: Bot, position: Position) -> Held:
    start = bot.market1_start_price if position.leg == 1 else bot.market2_start_price
    price = position.current_price or position.entry_price
    return Held(position.leg, position.signed_amount, price, start)


def _spread(bot: Bot, held: Sequence[Held]) -> float | None:
    """None where a leg is missing."""
    prices = {leg.leg: float(leg.price) for leg in held}
    if set(prices) != {1, 2}:
        return None
    return spread_pct(prices[1], prices[2], float(bot.market1_start_price), float(bot.market2_start_price))


def _half_way(leg: Held, spread: float) -> Decimal:
    """How far the leg's price goes when the spread grows by `spread` percentage points of the start prices."""
    way = leg.start_price * Decimal(str(spread)) / 200
    return way if leg.leg == 1 else -way


def _total(currency: str, parts: Sequence[Shock]) -> Shock:
    names = ("gross", "net", "spread_doubled", "market_up", "market_down", "leg_halted")
    sums = {name: sum((getattr(part, name) for part in parts), ZERO) for name in names}
    return Shock(None, currency, None, **sums)
