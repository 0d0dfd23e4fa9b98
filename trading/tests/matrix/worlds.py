"""One bot and its venue, whatever kind of venue it is: moved, watched and asked about in one way."""

import json
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from django.utils import timezone

from bots.models import Bot, SymbolClaim
from bots.services import bot_close_positions, bot_create, bot_start
from bots.tests.factories import ladder, make_user
from exchanges import listings
from exchanges.adapters.paper_chaos import CALM
from exchanges.models import ExchangeAccount
from exchanges.paper_models import PaperFill, PaperOrder
from exchanges.registry import venue_of
from exchanges.services import account_test
from exchanges.stream.redis_keys import connection, life_key, state_key
from exchanges.stream.topics import TICKER, Feed, Topic
from exchanges.tests.wire.accounts import SERVERS, live_account, live_paper_account, serving
from exchanges.tests.wire.server import WireServer
from trading.engine import run_tick
from trading.tests.replays import bot_data

PAPER = "paper"
WORLDS = (PAPER, *sorted(SERVERS))
QUOTED_BY = "binance"
"""Whose wire-format server gives a paper account its quotes."""
LEVELS = ladder((1.0, 1.0), (1.0, 1.0))
SHORT_TIMES = {
    "ORDER_SEND_BY_S": 0.25,
    "ORDER_PROOF_S": 0.0,
    "LEG_TIMEOUT_MARKET_S": 0.1,
    "LEG_TIMEOUT_LIMIT_S": 0.1,
    "CLOSE_RETRY_S": 0.0,
    "QUOTE_CACHE_TTL": 0.0,
    "RECONCILE_QUIET_S": 0.0,
    "BOT_LEASE_S": 5.0,
}
"""Seconds in production, thousandths here: the same code, the same order of things."""


class World(ABC):
    def __init__(self, server: WireServer, account: ExchangeAccount) -> None:
        self.server, self.account = server, account
        self.base = Decimal(10_000)
        self.second_price = server.market.contracts["CHZ"].price
        data = bot_data(account, **{**_SETTINGS, "start_time": timezone.now() - timedelta(minutes=30)})
        bot = bot_create(actor=account.owner, data=data, now=timezone.now())
        self.bot: Bot = bot_start(actor=bot.owner, bot=bot, now=timezone.now())

    def look(self, *, after: timedelta = timedelta(0)) -> None:
        run_tick(self.bot.pk, timezone.now() + after)
        self.bot.refresh_from_db()

    def move(self, percent: str) -> None:
        """The first market stands that far above where it began."""
        self.server.market.move("GALA", Decimal("0.02") * (1 + Decimal(percent) / 100))

    def ask_to_close(self, key: str = "close") -> None:
        bot_close_positions(actor=self.bot.owner, bot=self.bot, now=timezone.now(), idempotency_key=key)

    @abstractmethod
    def held(self) -> dict[str, Decimal]:
        """By symbol, signed; what is not held is not there."""

    @abstractmethod
    def wallet(self) -> Decimal: ...

    @abstractmethod
    def filled(self) -> list[tuple[str, Decimal]]:
        """(client order id, amount filled) of every order that the venue took from anybody, oldest first."""

    @abstractmethod
    def trade_ids(self) -> Counter[str]:
        """Numbers of the venue's fills of orders that carry a client order id of ours."""

    def socket_says(self, factor: Decimal, *, age_s: float, is_connected: bool) -> None:
        """Quotes of sockets lie in Redis, that much higher than the market, as old as that by the venue's clock."""
        feed = Feed(self.server.exchange)
        settings.EXCHANGE_BASE_URLS[feed.exchange]["ws"] = "ws://127.0.0.1:9"  # open, though nobody listens there
        at_ms = self.server.now_ms() - round(age_s * 1000)
        redis, now_ms = connection(), round(time.time() * 1000)
        redis.set(life_key(feed), json.dumps([now_ms, at_ms, is_connected]))
        for base, contract in self.server.market.contracts.items():
            price = f"{contract.price * factor:f}"
            data = [price, price, price, "100000", "100000"]
            topic = Topic(feed, TICKER, f"{base}/USDT:USDT")
            redis.set(state_key(topic), json.dumps([at_ms, 1, now_ms, data]))

    def calm(self) -> None:
        """The venue behaves from now on: no fault waits, both markets trade, the second one stands where it stood."""
        market = self.server.market
        market.faults.clear()
        market.hedged = False
        settings.EXCHANGE_BASE_URLS[self.server.exchange].pop("ws", None)
        self.server.skew_ms = 0
        if market.contracts["CHZ"].frozen:
            market.contracts["CHZ"].frozen = False
            listings.forget()
            cache.clear()
        market.move("CHZ", self.second_price)


class PaperWorld(World):
    """Play money on the quotes of a wire-format server."""

    @property
    def venue(self) -> Any:
        return venue_of(self.account)

    def held(self) -> dict[str, Decimal]:
        return {row.symbol: row.amount for row in self.venue.positions()}

    def wallet(self) -> Decimal:
        return Decimal(self.venue.balance().total)

    def filled(self) -> list[tuple[str, Decimal]]:
        rows = PaperOrder.objects.filter(account_id=self.account.pk).order_by("number")
        return list(rows.values_list("client_order_id", "filled"))

    def trade_ids(self) -> Counter[str]:
        rows = PaperFill.objects.filter(account_id=self.account.pk)
        return Counter(str(number) for number in rows.values_list("number", flat=True))

    def calm(self) -> None:
        super().calm()
        self.venue.rehearse(CALM)


class WireWorld(World):
    """A real account as its venue's format tells of it."""

    def held(self) -> dict[str, Decimal]:
        market = self.server.market
        return {f"{base}/USDT:USDT": amount for base in market.contracts if (amount := market.held(base))}

    def wallet(self) -> Decimal:
        return self.server.market.wallet

    def filled(self) -> list[tuple[str, Decimal]]:
        return [(order.client_id, order.filled) for order in self.server.market.orders]

    def trade_ids(self) -> Counter[str]:
        return Counter(str(fill.number) for fill in self.server.market.fills)


@contextmanager
def world(name: str) -> Iterator[World]:
    """A started, flat bot; nothing of an earlier one stands in its way, and no setting outlives it."""
    exchange = QUOTED_BY if name == PAPER else name
    _forget_claims()
    with override_settings(**SHORT_TIMES), serving(exchange, settings) as server:
        owner = make_user()
        if name == PAPER:
            yield PaperWorld(server, live_paper_account(owner, exchange))
        else:
            account = account_test(account=live_account(owner, exchange), now=timezone.now())
            yield WireWorld(server, account)


def _forget_claims() -> None:
    """Every case is an installation of its own: the account that the server plays is the same each time."""
    SymbolClaim.objects.all().delete()
    ExchangeAccount.objects.exclude(venue_uid="").update(venue_uid="")


_SETTINGS: dict[str, Any] = {
    "dca_config": LEVELS,
    "max_dca_times": 2,
    "profit_ratio": "500",
    "stop_loss_ratio": "0",
    "decide_on": "tick",
    "max_slippage": "0.5",
}
