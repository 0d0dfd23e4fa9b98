"""What the dashboard adds up for the accounts it shows: money earned, open positions, the balance over time.

Only one settle currency is ever added up; paper and live are never asked for together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from django.db.models import QuerySet

from bots.models import Bot
from bots.overview.earnings import Booking
from exchanges.adapters.base import Balance
from exchanges.symbols import base_of
from trading.models import Position

ZERO = Decimal(0)
Move = tuple[int, Decimal]
"""(ms, amount) of a deposit, negative of a withdrawal."""

CURVE_POINTS: Final = 360
RANGES: Final[dict[str, timedelta | None]] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": None,
}


@dataclass(frozen=True, slots=True)
class Earned:
    """Realised P&L, and as a percentage of what was there before it; None while that is not known."""

    amount: Decimal
    pct: Decimal | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Sums in `currency`. `equity`, `free` and `balance` are None while no account has answered."""

    currency: str
    balance: Decimal | None
    equity: Decimal | None
    free: Decimal | None
    open_pnl: Decimal
    open_pairs: int
    today: Earned
    week: Earned
    month: Earned
    total: Earned
    gross: Decimal
    net: Decimal

    @property
    def used_pct(self) -> Decimal | None:
        """Share of the equity that is margin now."""
        if not self.equity or self.free is None:
            return None
        return (self.equity - self.free) / self.equity * 100

    @property
    def gross_times(self) -> Decimal | None:
        return self.gross / self.equity if self.equity else None


@dataclass(frozen=True, slots=True)
class CoinExposure:
    """Signed notional of one coin: `long` >= 0, `short` <= 0."""

    coin: str
    long: Decimal
    short: Decimal

    @property
    def net(self) -> Decimal:
        return self.long + self.short

    @property
    def gross(self) -> Decimal:
        return self.long - self.short


@dataclass(frozen=True, slots=True)
class Curve:
    """Money over time: `times` in ms, `values` then, `below` how far under its peak so far (0 or less).

    `change` is what was gained from the first value to the last: `moved`, deposits less withdrawals, is no part of it.
    """

    times: list[int]
    values: list[float]
    below: list[float]
    change: float
    deepest: float
    kind: str = "balance"
    moved: float = 0.0


def overview(
    *,
    bookings: Sequence[Booking],
    figures: Mapping[int, Mapping[str, Any]],
    balances: Sequence[Balance],
    coins: Sequence[CoinExposure],
    currency: str,
    now: datetime,
    day_start: datetime,
) -> Overview:
    """`figures`: last live figures of the bots in position."""
    money = [balance for balance in balances if balance.currency == currency]
    balance = sum((each.total for each in money), ZERO) if money else None

    def earned(since: datetime | None) -> Earned:
        start = since.timestamp() if since else 0
        amount = sum((amount for at, amount in bookings if at >= start), ZERO)
        return Earned(amount, _percent(amount, balance))

    return Overview(
        currency=currency,
        balance=balance,
        equity=sum((each.equity for each in money), ZERO) if money else None,
        free=sum((each.free for each in money), ZERO) if money else None,
        open_pnl=sum((Decimal(each["pnl"]) for each in figures.values()), ZERO),
        open_pairs=len(figures),
        today=earned(day_start),
        week=earned(now - timedelta(days=7)),
        month=earned(now - timedelta(days=30)),
        total=earned(None),
        gross=sum((coin.gross for coin in coins), ZERO),
        net=sum((coin.net for coin in coins), ZERO),
    )


def coin_exposures(bots: QuerySet[Bot], figures: Mapping[int, Mapping[str, Any]]) -> list[CoinExposure]:
    """Open legs by coin, largest first, at the last price that each bot saw. One query."""
    held: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    names = "bot_id", "leg", "symbol", "side", "amount", "current_price", "entry_price"
    open_legs = Position.objects.filter(bot__in=bots, is_open=True).order_by()
    for bot_id, leg, symbol, side, amount, current, entry in open_legs.values_list(*names):
        seen = figures.get(bot_id, {}).get(f"price{leg}")
        price = Decimal(seen) if seen else current or entry
        if side == "long":
            held[base_of(symbol)][0] += amount * price
        else:
            held[base_of(symbol)][1] -= amount * price
    coins = (CoinExposure(coin, long, short) for coin, (long, short) in held.items())
    return sorted(coins, key=lambda coin: coin.gross, reverse=True)


def usual_range(bookings: Sequence[Booking], now: datetime) -> str:
    """Everything while there are less than 30 days of it."""
    month = timedelta(days=30).total_seconds()
    return "all" if not bookings or now.timestamp() - bookings[0][0] < month else "30d"


def balance_curve(
    bookings: Sequence[Booking], range_name: str, *, balance: Decimal | None, now: datetime
) -> Curve | None:
    """Today's balance less what was booked since; from 0 while the balance is not known. None before the first booking.

    Raises KeyError for an unknown range.
    """
    span = RANGES[range_name]
    if not bookings:
        return None
    start = now - span if span else datetime.fromtimestamp(bookings[0][0], UTC)
    step = max(60.0, (now - start).total_seconds() / CURVE_POINTS)
    slots: dict[int, float] = defaultdict(float)
    for at, amount in bookings:
        if at >= start.timestamp():
            slots[int((at - start.timestamp()) // step)] += float(amount)
    changes = [(start + timedelta(seconds=step * (slot + 1)), amount) for slot, amount in sorted(slots.items())]
    return _curve(changes, start, now, None if balance is None else float(balance)) if changes else None


def equity_line(
    times: Sequence[int], accounts: Iterable[Sequence[float | None]], moves: Sequence[Move]
) -> Curve | None:
    """The sum of several accounts' equity at `times` (ms), what came from outside known by `moves`.

    An account that came later counts with its first value: it was worth that elsewhere. None for less than two moments.
    """
    filled = [_backfilled(values) for values in accounts]
    if len(times) < 2 or not filled:
        return None
    values = [sum(column) for column in zip(*filled, strict=True)]
    gained = [value - _moved(moves, times[0], at) for at, value in zip(times, values, strict=True)]
    below = [value - peak for value, peak in zip(gained, accumulate(gained, max), strict=True)]
    return Curve(
        list(times),
        [round(value, 2) for value in values],
        [round(depth, 2) for depth in below],
        round(gained[-1] - gained[0], 2),
        round(min(below), 2),
        "equity",
        round(_moved(moves, times[0], times[-1]), 2),
    )


def _backfilled(values: Sequence[float | None]) -> list[float]:
    first = next((value for value in values if value is not None), 0.0)
    return [first if value is None else value for value in values]


def _moved(moves: Sequence[Move], after: int, until: int) -> float:
    return float(sum((amount for at, amount in moves if after < at <= until), ZERO))


def _curve(changes: Sequence[tuple[datetime, float]], start: datetime, now: datetime, balance: float | None) -> Curve:
    total = sum(change for _, change in changes)
    base = balance - total if balance is not None else 0.0
    values = list(accumulate((change for _, change in changes), initial=base))
    times = [start, *(min(at, now) for at, _ in changes)]
    if times[-1] < now:
        times, values = [*times, now], [*values, values[-1]]
    peaks = accumulate(values, max)
    below = [value - peak for value, peak in zip(values, peaks, strict=True)]
    return Curve(
        [int(at.timestamp() * 1000) for at in times],
        [round(value, 2) for value in values],
        [round(depth, 2) for depth in below],
        round(total, 2),
        round(min(below), 2),
    )


def _percent(amount: Decimal, balance: Decimal | None) -> Decimal | None:
    before = balance - amount if balance is not None else ZERO
    return amount / before * 100 if before > 0 else None
