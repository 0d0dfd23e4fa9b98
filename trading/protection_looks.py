"""Which of many bots need a look of their own because of their protective stops: one query for all of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from bots.models import Bot
from exchanges import market_data
from trading.ledger import OrderPlan
from trading.models import Order, Position
from trading.protection import ASK_EVERY, IN_DOUBT, in_step, is_reached, stop_plans
from trading.showing import Look


def stops_due(looks: Sequence[Look], stops: Mapping[int, Sequence[Order]], now: datetime) -> list[int]:
    """Bots of these looks; one that is not protected and has no stops costs nothing."""
    return [look.bot.pk for look in looks if _is_due(look, stops.get(look.bot.pk, ()), now)]


def _is_due(look: Look, stops: Sequence[Order], now: datetime) -> bool:
    bot = look.bot
    if bot.protective_stop is None or bot.is_flat:
        return bool(stops)
    if any(order.status in IN_DOUBT or now - order.updated_at >= ASK_EVERY for order in stops):
        return True
    prices = {1: Decimal(str(look.quote.p1)), 2: Decimal(str(look.quote.p2))}
    if any(is_reached(order, prices[order.leg]) for order in stops):
        return True
    return not in_step(stops, [plan for position in look.positions for plan in _plans(bot, position)])


def _plans(bot: Bot, position: Position) -> list[OrderPlan]:
    rules = market_data.market_rules(bot.account_of(position.leg), bot.symbol_of(position.leg))
    return stop_plans(bot, position, rules)
