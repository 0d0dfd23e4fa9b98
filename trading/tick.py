"""One bot under one lease: everything that the steps of a tick share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from bots.leases import Lease
from bots.models import Bot, Intent
from exchanges import market_data
from exchanges.adapters.base import Venue
from exchanges.models import SECRET_NAMES
from exchanges.registry import venue_of
from trading.core.order_state import UNSETTLED
from trading.core.sizing import MarketRules
from trading.models import Order, Trade, TradeStatus

QUIET = timedelta(minutes=10)
"""A bot says once in this (real) time why it holds off, not on every look."""

UNSETTLED_WORK = Exists(Order.objects.filter(bot=OuterRef("pk"), status__in=UNSETTLED)) | Exists(
    Trade.objects.filter(bot=OuterRef("pk"), status=TradeStatus.WORKING)
)
"""Of a bot: an order that may still fill, or a trade that is not finished."""

SECRETS = [f"{account}__{name}" for account in ("exchange_account", "exchange_account2") for name in SECRET_NAMES]
"""Left encrypted in the database: a tick has no use for keys, the registry reads its own."""


@dataclass(slots=True)
class Tick:
    """`now` is real time, `market_time` the venue's (a replay's tape time). Leg n's venue is at index n - 1.

    `unsettled`: an order or a trade was unfinished when the tick began; `asked`: an intent waited;
    `sent`: this tick sent orders; `void`: nothing came of its decision, which has to be made anew.
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

    def venue(self, leg: int) -> Venue:
        return self.venues[leg - 1]

    def reload(self) -> None:
        """The bot's row after somebody (this tick's own bookings included) changed it."""
        self.bot.refresh_from_db()


def tick_load(lease: Lease, now: datetime) -> Tick:
    bot = (
        Bot.objects.select_related("exchange_account", "exchange_account2")
        .defer(*SECRETS)
        .annotate(unsettled=UNSETTLED_WORK, asked=Exists(Intent.objects.filter(bot=OuterRef("pk"), status="waiting")))
        .get(pk=lease.bot_id)
    )
    venues = (venue_of(bot.account_of(1)), venue_of(bot.account_of(2)))
    rules = (
        market_data.market_rules(bot.account_of(1), bot.market1_symbol),
        market_data.market_rules(bot.account_of(2), bot.market2_symbol),
    )
    return Tick(bot, lease, now, venues[0].clock(), venues, rules, bot.unsettled, bot.asked)
