"""What open pairs would gain or lose in a shock, from what is held and the last prices. Nothing is traded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import F
from django.db.models.functions import Coalesce

from accounts.models import User
from exchanges.models import ExchangeAccount
from exchanges.symbols import settle_of
from trading.core.spread import spread_pct
from trading.models import Position
from trading.risk.betas import betas_known
from trading.risk.wishes import Kind, of_kind

ZERO: Final = Decimal(0)
MOVE_PCT: Final = Decimal(10)
"""Of the whole market, and of a leg that is left alone."""


class Pair(NamedTuple):
    """What is shown of a bot, and the prices that its spread is counted from."""

    pk: int
    bot_name: str
    market1_symbol: str
    market1_start_price: Decimal
    market2_start_price: Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """A leg: `amount` signed, `price` the last one that was seen."""

    leg: int
    symbol: str
    amount: Decimal
    price: Decimal
    start_price: Decimal
    beta: float | None
    """How much the coin moves with BTC; None where that has not been measured: it then counts as 1."""

    @property
    def value(self) -> Decimal:
        return self.amount * self.price

    @property
    def with_market(self) -> Decimal:
        """What the leg is worth of BTC: a share of its value."""
        return self.value if self.beta is None else self.value * Decimal(repr(round(self.beta, 4)))


@dataclass(frozen=True, slots=True)
class Shock:
    """Change of P&L in `currency`, by what happens.

    `spread_doubled`: the spread goes to twice what it is, each leg makes half of the way. `market_up`, `market_down`:
    BTC moves by MOVE_PCT and takes each coin along by its beta. `leg_halted`: the larger leg cannot be
    traded and moves MOVE_PCT against the position while the other stays.
    """

    bot: Pair | None
    currency: str
    spread: float | None
    gross: Decimal
    net: Decimal
    spread_doubled: Decimal
    market_up: Decimal
    market_down: Decimal
    leg_halted: Decimal
    legs: tuple[Held, ...] = ()

    @property
    def assumed(self) -> list[str]:
        """Symbols of the legs that count as moving with BTC one to one, because nothing else is known."""
        return [leg.symbol for leg in self.legs if leg.beta is None]


def stress(user: User, kind: Kind, accounts: Sequence[ExchangeAccount] | None = None) -> list[Shock]:
    """One for each open pair, the worst first. `accounts`: the user's of this kind, where they are known.

    Two queries, and one look into the cache.
    """
    if accounts is None:
        accounts = list(ExchangeAccount.objects.filter(of_kind(kind), owner=user))
    by_id = {account.pk: account for account in accounts}
    rows = list(_open_legs(by_id))
    known = betas_known({(by_id[account_id], symbol) for account_id, _leg, symbol, *_ in rows})
    betas = {(account.pk, symbol): beta for (account, symbol), beta in known.items()}
    pairs: dict[int, Pair] = {}
    legs: dict[int, list[Held]] = defaultdict(list)
    for account_id, leg, symbol, side, amount, price, *fields in rows:
        pair = Pair(*fields)
        start = pair.market1_start_price if leg == 1 else pair.market2_start_price
        signed = amount if side == "long" else -amount
        pairs[pair.pk] = pair
        legs[pair.pk].append(Held(leg, symbol, signed, price, start, betas.get((account_id, symbol))))
    found = [shock_of(pairs[pk], held) for pk, held in legs.items()]
    return sorted(found, key=lambda shock: min(shock.spread_doubled, shock.market_up, shock.market_down))


def totals(shocks: Iterable[Shock]) -> list[Shock]:
    """One for each currency."""
    by_currency: dict[str, list[Shock]] = defaultdict(list)
    for shock in shocks:
        by_currency[shock.currency].append(shock)
    return [_total(currency, parts) for currency, parts in sorted(by_currency.items())]


def shock_of(bot: Pair, held: Sequence[Held]) -> Shock:
    spread = _spread(bot, held)
    net = sum((leg.value for leg in held), ZERO)
    with_market = sum((leg.with_market for leg in held), ZERO) * MOVE_PCT / 100
    return Shock(
        bot=bot,
        currency=settle_of(bot.market1_symbol),
        spread=spread,
        gross=sum((abs(leg.value) for leg in held), ZERO),
        net=net,
        spread_doubled=sum((leg.amount * _half_way(leg, spread or 0.0) for leg in held), ZERO),
        market_up=with_market,
        market_down=-with_market,
        leg_halted=-max((abs(leg.value) for leg in held), default=ZERO) * MOVE_PCT / 100,
        legs=tuple(held),
    )


def _open_legs(accounts: Iterable[int]) -> Iterable[tuple[Any, ...]]:
    """(account, leg, symbol, side, amount, last price, and the fields of its `Pair`)."""
    rows = Position.objects.filter(account__in=accounts, is_open=True).order_by("leg", "id")
    of_bot = (F(f"bot__{name}") for name in Pair._fields)
    price = Coalesce("current_price", "entry_price")
    return rows.values_list("account_id", "leg", "symbol", "side", "amount", price, *of_bot)


def _spread(bot: Pair, held: Sequence[Held]) -> float | None:
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
    sums: dict[str, Any] = {name: sum((getattr(part, name) for part in parts), ZERO) for name in names}
    return Shock(None, currency, None, **sums)
