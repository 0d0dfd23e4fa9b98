"""What a bot still has at the exchange, by our own books."""

from django.db.models import Q

from bots.models import Bot
from trading.core.order_state import UNSETTLED
from trading.models import Order, Position, Purpose, Trade, TradeStatus

RESTING_STOP = Q(purpose=Purpose.PROTECT, status="open", filled_amount=0)
"""An order that only protects what is held: nothing is under way because of it."""


def has_position(bot: Bot) -> bool:
    return not bot.is_flat or Position.objects.filter(bot=bot, is_open=True).exists()


def has_unsettled(bot: Bot) -> bool:
    """An order that may still fill, protective stops aside, or a trade that is not finished."""
    return (
        Order.objects.filter(bot=bot, status__in=UNSETTLED).exclude(RESTING_STOP).exists()
        or Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).exists()
    )


def is_flat_and_settled(bot: Bot) -> bool:
    return not has_position(bot) and not has_unsettled(bot) and not has_stops(bot)


def has_stops(bot: Bot) -> bool:
    return Order.objects.filter(RESTING_STOP, bot=bot).exists()
