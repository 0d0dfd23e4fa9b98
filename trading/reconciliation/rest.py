"""Closes what is left of a pair after something happened at the venue: a wish like any other, under the bot's lease.

`details`: `reason`, the cycle's close reason; or `only` strays, legs that a cycle of before has left; or `symbol` and
`keep`, where only what is above `keep` (absolute, base units) is too much.
"""

from decimal import Decimal

from django.db.models import QuerySet

from bots import intents
from bots.journal import lines as journal
from bots.models import Bot, Intent, IntentStatus
from exchanges.errors import ExchangeError
from trading.closing import position_close, say_unavailable, view_or_none
from trading.execution import exit_plans
from trading.ledger.outside import order_alone_write
from trading.models import CloseReason, LogType, Order, Position, Purpose
from trading.reconciliation.closable import closable
from trading.sending import orders_send
from trading.tick import Tick

STRAYS = "strays"
TRIES_A_TICK = 4
TRIES_AT_MOST = 12
"""Orders on one leg after which the wish is given up and the difference stays a person's to mend."""


def close_rest(tick: Tick, intent: Intent) -> bool:
    """True when nothing of it is left to do. Raises LeaseLost, ExchangeError."""
    if "keep" in intent.details:
        position = _leg(tick, str(intent.details["symbol"]))
        return position is None or _reduced(tick, intent, position, Decimal(str(intent.details["keep"])))
    if intent.details.get("only") == STRAYS:
        return _strays_closed(tick, intent)
    return everything_closed(tick, intent, CloseReason(intent.details.get("reason", CloseReason.OUTSIDE)))


def everything_closed(tick: Tick, intent: Intent, reason: CloseReason) -> bool:
    """The pair as one closing trade, then legs that a cycle of before has left. Raises LeaseLost, ExchangeError."""
    if not tick.bot.is_flat:
        if not position_close(tick, reason, None if tick.hurry else view_or_none(tick)):
            return False
        tick.reload()
        if not tick.bot.is_flat:
            return False
    return _strays_closed(tick, intent)


def strays_of(bot: Bot) -> QuerySet[Position]:
    """Legs that a cycle of before has left."""
    held = Position.objects.filter(bot=bot, is_open=True).order_by("id")
    return held if bot.is_flat else held.exclude(cycle_number=bot.current_cycle)


def _strays_closed(tick: Tick, intent: Intent) -> bool:
    return all([_reduced(tick, intent, position, Decimal(0)) for position in strays_of(tick.bot)])


def _leg(tick: Tick, symbol: str) -> Position | None:
    return Position.objects.filter(bot=tick.bot, symbol=symbol, is_open=True).order_by("-cycle_number").first()


def _reduced(tick: Tick, intent: Intent, position: Position, keep: Decimal) -> bool:
    """Reduce-only orders outside any trade until the leg holds no more than `keep`."""
    for _ in range(TRIES_A_TICK):
        position.refresh_from_db()
        surplus = position.amount - keep
        if not position.is_open or surplus <= 0:
            return True
        attempt = _tried(intent, position) + 1
        if attempt > TRIES_AT_MOST:
            return _given_up(tick, intent, position)
        try:
            if not _send(tick, position, surplus, attempt):
                return False
        except ExchangeError as error:
            say_unavailable(tick, error)
            return False
    return False


def _send(tick: Tick, position: Position, surplus: Decimal, attempt: int) -> bool:
    """False where the venue holds nothing that could be closed."""
    side = "sell" if position.side == "long" else "buy"
    amount = closable(tick, position.leg, side, surplus, attempt)
    if amount <= 0:
        return False
    plans = exit_plans(tick, position.leg, Purpose.UNWIND, side, amount, attempt)
    orders = order_alone_write(tick.lease, position, plans, market_time=tick.market_time)
    orders_send(tick, orders)
    return not Order.objects.filter(pk__in=[order.pk for order in orders], status__in=("unknown", "submitted")).exists()


def _tried(intent: Intent, position: Position) -> int:
    sent = Order.objects.filter(
        bot=position.bot_id,
        trade=None,
        purpose=Purpose.UNWIND,
        leg=position.leg,
        created_at__gte=intent.created_at,
    )
    return max(sent.values_list("attempt", flat=True), default=0)


def _given_up(tick: Tick, intent: Intent, position: Position) -> bool:
    intents.intent_settle(intent, IntentStatus.REFUSED, now=tick.now, result="not filled")
    figures = {"symbol": position.symbol, "amount": position.amount}
    journal.write(tick.bot, "rest_given_up", log_type=LogType.ERROR, market_time=tick.market_time, **figures)
    return True
