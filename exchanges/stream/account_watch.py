"""Private sockets of the accounts that bots trade on: when one says that something changed, its bots look at once.

Orders that nobody here has sent (a liquidation, a hand at the exchange) are for the comparison of the account, which
comes every minute anyway: it is asked for now.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Any, Final

from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, Q
from kombu.exceptions import OperationalError

from bots.models import Bot, BotStatus
from exchanges import registry
from exchanges.adapters.access import Keys
from exchanges.adapters.ccxt_adapter import Client
from exchanges.errors import ExchangeError
from exchanges.models import ExchangeAccount
from exchanges.stream.ccxt_socket import SocketLost, TopicRefused
from exchanges.stream.needs import SECRETS
from exchanges.stream.private_socket import News, PrivateSocket
from exchanges.stream.topics import Feed
from trading.core.order_state import UNSETTLED
from trading.models import Order

TICK: Final = "trading.tasks.tick_bot"
TICK_LIFE_S: Final = 5.0
COMPARE: Final = "trading.tasks_reconciliation.accounts_reconcile_chunk"
COMPARE_LIFE_S: Final = 30.0
COMPARE_PAUSE_S: Final = 10.0
"""Between two comparisons that are asked for from here, however much is traded by others on the account."""
AGAIN_S: Final = 1.0
"""A bot that was being looked at when word came is looked at once more."""
REFUSED_S: Final = 300.0
"""After a venue has refused the key."""

Aside = Callable[..., Awaitable[Any]]
Nudge = Callable[[Collection[int]], None]
Compare = Callable[[int], None]

log = logging.getLogger(__name__)


def accounts_need(exchange: str) -> dict[int, set[int]]:
    """Real accounts of a venue on which bots run, hold something or have an order under way, each with those bots."""
    unsettled = Order.objects.filter(bot=OuterRef("pk"), status__in=UNSETTLED)
    on_venue = Q(exchange_account__exchange=exchange) | Q(exchange_account2__exchange=exchange)
    awake = Q(status=BotStatus.RUNNING) | Q(level__gt=0) | Exists(unsettled)
    bots = Bot.objects.filter(on_venue & awake, deleted_at=None)
    found: dict[int, set[int]] = {}
    for bot in bots.select_related("exchange_account", "exchange_account2").defer(*SECRETS):
        for account in {bot.account_of(leg) for leg in bot.legs}:
            if account.exchange == exchange:
                found.setdefault(account.pk, set()).add(bot.pk)
    return found


def looks_ask(bot_ids: Collection[int]) -> None:
    """An ordinary look at each bot, now: it settles with the venue first. Raises kombu's OperationalError."""
    for bot_id in bot_ids:
        current_app.send_task(TICK, (bot_id,), expires=TICK_LIFE_S)


def comparison_ask(account_id: int) -> None:
    """Now, and once more when the books have been quiet for a while. Raises kombu's OperationalError."""
    for wait_s in (0.0, settings.RECONCILE_QUIET_S + AGAIN_S):
        current_app.send_task(COMPARE, ([account_id],), countdown=wait_s, expires=wait_s + COMPARE_LIFE_S)


def _has_strangers(account_id: int, client_ids: Collection[str]) -> bool:
    """An order's row is written before it is sent."""
    known = Order.objects.filter(account=account_id, client_order_id__in=client_ids)
    return known.count() < len(set(client_ids))


class AccountWatch:
    """Of one venue. `aside` runs in a thread what waits for the database or the venue."""

    def __init__(self, aside: Aside, nudge: Nudge, compare: Compare = comparison_ask) -> None:
        self._aside = aside
        self._nudge = nudge
        self._compare = compare
        self._compared_at: dict[int, float] = {}
        self._bots: dict[int, set[int]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def want(self, bots_by_account: Mapping[int, set[int]]) -> None:
        self._bots = dict(bots_by_account)
        for account_id in self._bots.keys() - self._tasks.keys():
            self._tasks[account_id] = asyncio.create_task(self._kept_listening(account_id))
        for account_id in self._tasks.keys() - self._bots.keys():
            self._tasks.pop(account_id).cancel()

    def tasks(self) -> list["asyncio.Task[None]"]:
        return list(self._tasks.values())

    async def _kept_listening(self, account_id: int) -> None:
        failures = 0
        while True:
            try:
                await self._listen(account_id)
            except (TopicRefused, ExchangeError) as error:
                log.warning("account %d has no private socket (%s)", account_id, type(error).__name__)
                await asyncio.sleep(REFUSED_S)
            except SocketLost:
                longest = min(settings.STREAM_BACKOFF_S * 2**failures, settings.STREAM_BACKOFF_MAX_S)
                failures = min(failures + 1, 16)
                await asyncio.sleep(longest * random.uniform(0.5, 1.0))
            except Exception:
                log.exception("the private socket of account %d is opened anew", account_id)
                await asyncio.sleep(settings.STREAM_BACKOFF_MAX_S)

    async def _listen(self, account_id: int) -> None:
        """Raises SocketLost, TopicRefused, ExchangeError."""
        news, client_ids = asyncio.Event(), set[str]()

        def heard(told: Collection[str]) -> None:
            client_ids.update(told)
            news.set()

        socket = await self._aside(_socket, account_id, heard)
        if socket is None:
            await asyncio.sleep(REFUSED_S)
            return
        telling = asyncio.create_task(self._tell(account_id, news, client_ids))
        try:
            await socket.listen()
        finally:
            telling.cancel()
            await socket.close()

    async def _tell(self, account_id: int, news: asyncio.Event, client_ids: set[str]) -> None:
        """At once, and again a moment later; what comes meanwhile is one piece of news."""
        while True:
            await news.wait()
            news.clear()
            told = set(client_ids)
            client_ids.clear()
            for ids in (told, set()):
                try:
                    await self._aside(self._nudge, self._bots.get(account_id, set()))
                    await self._compare_strange(account_id, ids)
                except (OperationalError, DatabaseError) as error:  # the ordinary looks find out
                    log.warning("bots of account %d hear of it later (%s)", account_id, type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    async def _compare_strange(self, account_id: int, client_ids: Collection[str]) -> None:
        """Raises kombu's OperationalError, DatabaseError."""
        now = time.monotonic()
        if not client_ids or now - self._compared_at.get(account_id, -COMPARE_PAUSE_S) < COMPARE_PAUSE_S:
            return
        if await self._aside(_has_strangers, account_id, client_ids):
            self._compared_at[account_id] = now
            await self._aside(self._compare, account_id)


def _socket(account_id: int, news: News) -> PrivateSocket | None:
    """None where the account is gone or its venue has no sockets. Called in a thread; `news` is not called there.

    Raises ExchangeError.
    """
    account = ExchangeAccount.objects.filter(pk=account_id).first()
    feed = Feed(account.exchange, account.is_testnet) if account else None
    if account is None or feed is None or not feed.is_open:
        return None
    return registry.with_keys(account, partial(_made, feed, news))


def _made(feed: Feed, news: News, keys: Keys, client: Client) -> PrivateSocket:
    return PrivateSocket(feed, keys, client, news)
