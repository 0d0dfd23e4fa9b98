"""Funding payments, from the venue's books into ours: hourly while a position is open, and once more when it closes."""

from datetime import datetime, timedelta

from django.db.models import Q

from bots.models import Bot
from exchanges.adapters.base import FundingPayment
from trading import ledger
from trading.models import Position
from trading.tick import Tick

LOOK_BACK = timedelta(hours=1)
"""Read again before the last look: venues book payments some minutes late. What is known is not booked twice."""


BOOKED_AFTER = timedelta(minutes=1)
"""A look at the very stamp of a payment may come before the venue has booked it, and the next is an hour away."""


def funding_due(bot: Bot, market_time: datetime) -> bool:
    """In position, and a full hour was struck (a minute ago at least) since the last look."""
    if bot.is_flat:
        return False
    if bot.funding_read_at is None:
        return True
    return _hour(market_time - BOOKED_AFTER) > _hour(bot.funding_read_at - BOOKED_AFTER)


def funding_collect(tick: Tick) -> None:
    """Books every payment since the last look to the cycle that held the position then. Raises ExchangeError."""
    bot = tick.bot
    positions = Position.objects.filter(bot=bot)
    current = positions.filter(cycle_number=bot.current_cycle)  # closed already where a cycle was short
    opened = current.order_by("opened_at").values_list("opened_at", flat=True).first()
    since = bot.funding_read_at - LOOK_BACK if bot.funding_read_at else opened
    if since is not None:
        for leg in bot.legs:
            for payment in tick.venue(leg).funding_payments(since=since):
                if payment.symbol == bot.symbol_of(leg) and (position := holder_of(bot.pk, leg, payment)):
                    ledger.funding_book(position, payment)
    Bot.objects.filter(pk=bot.pk).update(funding_read_at=tick.market_time)
    bot.funding_read_at = tick.market_time


def holder_of(bot_id: int, leg: int, payment: FundingPayment) -> Position | None:
    """The leg that was held when it was paid."""
    still_open = Q(closed_at__isnull=True) | Q(closed_at__gte=payment.at)
    held = Position.objects.filter(still_open, bot=bot_id, leg=leg, opened_at__lte=payment.at)
    return held.order_by("-cycle_number").first()


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
