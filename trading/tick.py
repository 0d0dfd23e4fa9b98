"""One bot under one lease: everything that the steps of a tick share."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, QuerySet

from bots.config import bot_rules
from bots.holdings import RESTING_STOP
from bots.intents import asked_by_person
from bots.leases import Lease
from bots.models import Bot, Intent, IntentKind, IntentStatus
from bots.ready_query import ReadyQuery
from exchanges.adapters.base import Venue
from exchanges.models import SECRET_NAMES
from exchanges.registry import venue_of
from trading.core.leg_ratio import EQUAL
from trading.core.order_state import UNSETTLED
from trading.core.sizing import MarketRules
from trading.kill_switch.switches import STATE_OF_BOT
from trading.models import Order, Purpose, Trade, TradeStatus, TradingState

logger = logging.getLogger(__name__)

QUIET = timedelta(minutes=10)
"""A bot says once in this (real) time why it holds off, not on every look."""

_UNSETTLED = Order.objects.filter(bot=OuterRef("pk"), status__in=UNSETTLED)
UNSETTLED_WORK = Exists(_UNSETTLED.exclude(RESTING_STOP)) | Exists(
    Trade.objects.filter(bot=OuterRef("pk"), status=TradeStatus.WORKING)
)
"""Of a bot: an order that may still fill, or a trade that is not finished. Stops that only rest are neither."""

SECRETS = [f"{account}__{name}" for account in ("exchange_account", "exchange_account2") for name in SECRET_NAMES]
"""Left encrypted in the database: a tick has no use for keys, the registry reads its own."""


@dataclass(slots=True)
class Tick:
    """`now` is real time, `market_time` the venue's (a replay's tape time). Leg n's venue is at index n - 1.

    `unsettled`: an order or a trade was unfinished when the tick began; `asked`: an intent waited;
    `sent`: this tick sent orders; `void`: nothing came of its decision, which has to be made anew.
    `investment`: one leg's notional of the first level, by the bot's sizing; None before it was looked at.
    `switch`: what the kill switch lets out; `hurry`: no resting, no capped prices, the venue's own market orders.
    `enters`: whoever looks may open and add. `person`: one of the waiting intents is a person's.
    `stops`: protective stops are at the venue. `ratio`: what leg 2 of a level that is decided now is to be worth for
    each 1 of leg 1. `later`: what the look leaves behind for people; it waits until the orders are on their way.
    """

    bot: Bot
    lease: Lease
    now: datetime
    market_time: datetime
    venues: tuple[Venue, Venue]
    rules: tuple[MarketRules, MarketRules]
    unsettled: bool
    asked: bool
    sent: bool = False
    void: bool = False
    switch: TradingState = TradingState.ACTIVE
    hurry: bool = False
    investment: Decimal | None = None
    enters: bool = True
    person: bool = False
    stops: bool = False
    ratio: float = EQUAL
    later: Callable[[], None] | None = None

    def venue(self, leg: int) -> Venue:
        return self.venues[leg - 1]

    def catch_up(self) -> None:
        """Does once what was left for later. A database that refuses it is logged: the look itself goes on."""
        later, self.later = self.later, None
        if later is None:
            return
        try:
            later()
        except DatabaseError:
            logger.exception("Bot %s is not shown", self.bot.pk)

    def reload(self) -> None:
        """The bot's row after somebody (this tick's own bookings included) changed it."""
        self.bot.refresh_from_db()


def tick_load(lease: Lease, now: datetime) -> Tick:
    """Raises ExchangeError, ValidationError for a market that its venue does not have."""
    rows = _ONE.rows(lease.bot_id)
    if not rows:
        raise Bot.DoesNotExist
    return tick_of(rows[0], lease, now)


def bots_load(bot_ids: Collection[int]) -> dict[int, Any]:
    """Rows for `tick_of`, of many bots in one query."""
    return _bots().in_bulk(list(bot_ids))


def tick_of(bot: Any, lease: Lease, now: datetime) -> Tick:
    venues = (venue_of(bot.account_of(1)), venue_of(bot.account_of(2)))
    tick = Tick(bot, lease, now, venues[0].clock(), venues, bot_rules(bot), bot.unsettled, bot.asked)
    tick.switch, tick.hurry = TradingState(bot.switch or TradingState.ACTIVE), bot.hurry
    tick.person, tick.stops = bot.person, bot.stops
    return tick


def _bots() -> QuerySet[Any]:
    return (
        Bot.objects.select_related("exchange_account", "exchange_account2")
        .defer(*SECRETS)
        .annotate(unsettled=UNSETTLED_WORK, asked=Exists(_waiting()), hurry=Exists(_waiting(kind=IntentKind.FLATTEN)))
        .annotate(switch=STATE_OF_BOT, person=Exists(asked_by_person(OuterRef("pk"))))
        .annotate(stops=Exists(_UNSETTLED.filter(purpose=Purpose.PROTECT)))
    )


_ONE = ReadyQuery(lambda pk: _bots().filter(pk=pk).order_by(), 1)


def _waiting(**chosen: str) -> QuerySet[Intent]:
    return Intent.objects.filter(bot=OuterRef("pk"), status=IntentStatus.WAITING, **chosen)
