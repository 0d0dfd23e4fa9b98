"""How much of a leg the venue can still close: no reduce-only order is sent again and again into nothing."""

from decimal import Decimal

from django.conf import settings

from bots import services
from bots.journal import lines as journal
from bots.models import BotStatus
from exchanges import shared
from exchanges.errors import ExchangeError
from trading.core.order_state import OrderStatus
from trading.models import LogType, Order, Position
from trading.tick import QUIET, Tick


def closable(tick: Tick, leg: int, side: str, wanted: Decimal, attempt: int) -> Decimal:
    """`wanted`, or what the venue really holds where an order to close that leg got nothing before.

    A venue that does not answer changes nothing: closing goes on. Holding less than the books say is told at once and
    is then for reconciliation to explain and for a person to decide.
    """
    if attempt <= 1 or not _got_nothing(tick, leg, side):
        return wanted
    symbol, key = tick.bot.symbol_of(leg), f"nothing-to-close:{tick.bot.pk}:{leg}:{side}"
    if shared.found(key):
        return Decimal(0)
    try:
        rows = [row for row in tick.venue(leg).positions() if row.symbol == symbol]
    except ExchangeError:
        return wanted
    held = sum((row.amount for row in rows), Decimal(0))
    there = max(held if side == "sell" else -held, Decimal(0))
    if there < wanted:
        _say_less(tick, leg, held)
    if not there:
        shared.keep(key, True, settings.CLOSE_RETRY_S)  # looks go on every second, and each question has its price
    return min(wanted, there)


def _got_nothing(tick: Tick, leg: int, side: str) -> bool:
    """The last order that was sent to close the leg was refused or cut short, and nothing of it works any more."""
    sent = Order.objects.filter(bot=tick.bot, leg=leg, side=side, reduce_only=True, submitted_at__isnull=False)
    last = sent.order_by("-id").first()
    if last is None or last.filled_amount == last.amount:
        return False
    return last.status in (OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.EXPIRED)


def _say_less(tick: Tick, leg: int, held: Decimal) -> None:
    symbol = tick.bot.symbol_of(leg)
    rows = Position.objects.filter(bot=tick.bot, leg=leg, is_open=True)
    books = sum((row.signed_amount for row in rows), Decimal(0))
    if (tick.bot.status, tick.bot.status_reason) != (BotStatus.ERROR, "mismatch"):
        services.bot_fail(bot=tick.bot, reason="mismatch", now=tick.now, symbol=symbol)
        tick.reload()
    figures = {"symbol": symbol, "venue": held, "books": books}
    journal.write_seldom(
        tick.bot, "mismatch", log_type=LogType.ERROR, quiet=QUIET, market_time=tick.market_time, **figures
    )
