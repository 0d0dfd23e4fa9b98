"""What a bot did, from its rows: its decisions with their fills, and what each cycle came to."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Sum

from bots.models import Bot, DecideOn
from exchanges.adapters.paper_source import to_ms
from trading.models import Cycle, Fill, LedgerLine, LineKind, Trade, TradeStatus
from trading.parity.decisions import Decided


@dataclass(frozen=True, slots=True)
class LivedCycle:
    """A closed cycle as the ledger has it; `fees` are paid (positive), `funding` received."""

    number: int
    pnl: float
    fees: float
    funding: float


@dataclass(slots=True)
class _Leg:
    quantity: float = 0.0
    cost: float = 0.0
    last: float = 0.0

    @property
    def price(self) -> float:
        """Of what is left of entries and trims together; without any, of the last fill."""
        return self.cost / self.quantity if self.quantity else self.last


def lived_decisions(bot: Bot, bar_ms: int) -> list[Decided]:
    """Every trade that was filled, oldest first. Two queries."""
    trades = Trade.objects.filter(bot=bot, status=TradeStatus.SETTLED, filled_share__gt=0).order_by("id")
    legs, fees = _filled(bot)
    candle = candle_of(bot, bar_ms)
    return [_decided(trade, candle, legs[trade.pk], fees[trade.pk]) for trade in trades]


def lived_cycles(bot: Bot) -> dict[int, LivedCycle]:
    closed = Cycle.objects.filter(bot=bot, closed_at__isnull=False)
    return {
        cycle.number: LivedCycle(cycle.number, float(cycle.realised_pnl), float(cycle.fees), float(cycle.funding))
        for cycle in closed
    }


def funding_lines(bot: Bot) -> dict[str, list[tuple[int, float]]]:
    """(time, amount received) by symbol, oldest first."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    lines = LedgerLine.objects.filter(bot=bot, kind=LineKind.FUNDING).order_by("at", "id")
    for symbol, at, amount in lines.values_list("symbol", "at", "amount"):
        found[symbol].append((to_ms(at), float(amount)))
    return found


def candle_of(bot: Bot, bar_ms: int) -> Callable[[datetime], int]:
    """The close of the candle that a decision belongs to: the one that it was made on, or made within."""
    on_close = bot.decide_on == DecideOn.CANDLE_CLOSE

    def candle(at: datetime) -> int:
        moment = to_ms(at)
        return moment // bar_ms * bar_ms if on_close else -(-moment // bar_ms) * bar_ms

    return candle


def _decided(trade: Trade, candle: Callable[[datetime], int], legs: dict[int, _Leg], fees: float) -> Decided:
    share = float(trade.filled_share or 0.0)
    return Decided(
        key=trade.pk,
        at=to_ms(trade.decided_at),
        candle=candle(trade.decided_at),
        action=trade.reason or trade.action,
        level=trade.level,
        side=trade.side,
        spread=trade.spread,
        price1=float(trade.price1),
        price2=float(trade.price2),
        q1=legs[1].quantity,
        p1=legs[1].price,
        q2=legs[2].quantity,
        p2=legs[2].price,
        fees=fees,
        notional=0.0 if trade.reason else share * float(trade.notional),
        cycle=trade.cycle_number,
    )


def _filled(bot: Bot) -> tuple[dict[int, dict[int, _Leg]], dict[int, float]]:
    """By trade: its legs, and the fees of both."""
    legs: dict[int, dict[int, _Leg]] = defaultdict(lambda: defaultdict(_Leg))
    fees: dict[int, float] = defaultdict(float)
    sums = (
        Fill.objects.filter(order__bot=bot, order__trade__isnull=False)
        .values_list("order__trade_id", "order__leg", "side")
        .annotate(amounts=Sum("amount"), value=Sum(F("amount") * F("price")), paid=Sum("fee"))
    )
    for trade_id, leg, side, amount, value, paid in sums.order_by():
        sign = 1 if side == "buy" else -1
        found = legs[trade_id][leg]
        found.quantity += sign * float(amount)
        found.cost += sign * float(value)
        found.last = float(value / amount)
        fees[trade_id] += float(paid)
    return legs, fees
