"""What a bot still has at the exchange, by our own books."""

from bots.models import Bot
from trading.core.order_state import UNSETTLED
from trading.models import Order, Position, Trade, TradeStatus


def has_position(bot: Bot) -> bool:
    return not bot.is_flat or Position.objects.filter(bot=bot, is_open=True).exists()


def has_unsettled(bot: Bot) -> bool:
    """An order that may still fill, or a trade that is not finished."""
    return (
        Order.objects.filter(bot=bot, status__in=UNSETTLED).exists()
        or Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).exists()
    )


def is_flat_and_settled(bot: Bot) -> bool:
    return not has_position(bot) and not has_unsettled(bot)
