"""The legs of a bot as its page shows them: what is held, what it is worth now, and how it came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bots.models import Bot
from exchanges.models import ExchangeAccount
from exchanges.symbols import base_of, quote_of, short
from trading.core.sizing import MarketRules
from trading.models import Order, Position

PERCENT = 100


@dataclass(frozen=True, slots=True)
class Leg:
    """`position` is None while nothing is held. Money in the settle currency; `orders` are the cycle's that filled."""

    number: int
    account: ExchangeAccount
    symbol: str
    start_price: Decimal
    price: Decimal | None
    tick: Decimal | None
    invested: Decimal
    position: Position | None
    orders: int
    naked_ms: int

    @property
    def coin(self) -> str:
        return base_of(self.symbol)

    @property
    def quote(self) -> str:
        return quote_of(self.symbol)

    @property
    def name(self) -> str:
        return short(self.symbol)

    @property
    def entry_tick(self) -> Decimal | None:
        """An average entry is shown with one digit more than the venue's prices."""
        return self.tick / 10 if self.tick else None

    @property
    def live(self) -> str:
        """Where the page's scripts keep this leg's figures."""
        return f"leg{self.number}"

    @property
    def held(self) -> Decimal:
        """Base units, negative for a short."""
        if self.position is None:
            return Decimal()
        return self.position.amount if self.position.side == "long" else -self.position.amount

    @property
    def change(self) -> Decimal | None:
        return None if self.price is None else (self.price / self.start_price - 1) * PERCENT

    @property
    def value(self) -> Decimal | None:
        if self.position is None or self.price is None:
            return None
        return self.position.amount * self.price

    @property
    def pnl(self) -> Decimal | None:
        """Unrealised, at the price of now, before fees and funding."""
        if self.position is None or self.price is None:
            return None
        return self.held * self.price - self.position.cost

    @property
    def pnl_pct(self) -> Decimal | None:
        return self.pnl / self.invested * PERCENT if self.pnl is not None and self.invested else None

    @property
    def naked_s(self) -> float:
        return self.naked_ms / 1000


@dataclass(slots=True)
class _Filled:
    orders: int = 0
    naked_ms: int = 0


def legs_of(bot: Bot, figures: dict[str, Any] | None, rules: Sequence[MarketRules] | None) -> tuple[Leg, ...]:
    """Two queries; `rules` are None while the venue does not answer."""
    positions = {position.leg: position for position in Position.objects.filter(bot=bot, is_open=True)}
    filled = _filled(bot) if positions else {}
    return tuple(_leg(bot, leg, positions.get(leg), filled.get(leg, _Filled()), figures, rules) for leg in bot.legs)


def _leg(
    bot: Bot,
    number: int,
    position: Position | None,
    filled: _Filled,
    figures: dict[str, Any] | None,
    rules: Sequence[MarketRules] | None,
) -> Leg:
    return Leg(
        number=number,
        account=bot.account_of(number),
        symbol=bot.symbol_of(number),
        start_price=bot.market2_start_price if number == 2 else bot.market1_start_price,
        price=Decimal(figures[f"price{number}"]) if figures else None,
        tick=rules[number - 1].price_tick or None if rules else None,
        invested=bot.invested,
        position=position,
        orders=filled.orders,
        naked_ms=filled.naked_ms,
    )


def _filled(bot: Bot) -> dict[int, _Filled]:
    """Per leg of the open cycle: how many orders filled something, and the longest time that it stood alone."""
    rows = Order.objects.filter(bot=bot, cycle_number=bot.current_cycle, filled_amount__gt=0)
    found: dict[int, _Filled] = {}
    by_trade: dict[int, tuple[int, dict[int, datetime]]] = {}
    for leg, trade_id, naked_ms, filled_at in rows.values_list("leg", "trade_id", "trade__naked_ms", "filled_at"):
        found.setdefault(leg, _Filled()).orders += 1
        if trade_id and naked_ms and filled_at:
            times = by_trade.setdefault(trade_id, (naked_ms, {}))[1]
            times[leg] = min(filled_at, times.get(leg, filled_at))
    for naked_ms, times in by_trade.values():
        alone = found[min(times, key=lambda leg: times[leg])]
        alone.naked_ms = max(alone.naked_ms, naked_ms)
    return found
