"""Every address of the program, read from its URL tables, and rows that the addresses can name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone

from accounts.api.token_book import token_make
from accounts.logins import login_open
from accounts.models import Channel, LoginKind, User
from bots import services
from bots.models import Bot
from bots.tests.factories import make_paper_account, make_user
from bots.tests.test_api import wish
from exchanges.models import CandleDownload, CandleSet
from exchanges.tests.series import START
from trading.core.order_state import OrderStatus
from trading.models import Difference, PairScan
from trading.tests.backtests.made import done
from trading.tests.searches.made import created as search_created
from trading.tests.test_api import add_order

METHODS = ("get", "post", "put", "patch", "delete")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Address:
    """`methods`: of a class of the API; empty for pages, whose rules name theirs."""

    name: str
    route: str
    methods: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/v1/")

    @property
    def is_back_office(self) -> bool:
        return self.route.startswith(settings.ADMIN_URL)

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.route)


def addresses() -> list[Address]:
    return list(_walk(get_resolver(), "", ()))


def _walk(resolver: URLResolver, before: str, spaces: tuple[str, ...]) -> Iterator[Address]:
    for found in resolver.url_patterns:
        route = before + str(found.pattern)
        if isinstance(found, URLResolver):
            yield from _walk(found, route, (*spaces, found.namespace) if found.namespace else spaces)
        elif isinstance(found, URLPattern):
            yield Address(":".join((*spaces, found.name or "")), route, _methods(found.callback))


def _methods(callback: Any) -> tuple[str, ...]:
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    return tuple(method.upper() for method in METHODS if hasattr(view, method)) if view else ()


@dataclass(frozen=True, slots=True)
class World:
    """One trader with a row of everything that an address can name."""

    owner: User
    bot: Bot
    values: dict[str, Any]
    searches: dict[str, Any]

    def values_of(self, path: str) -> dict[str, Any]:
        """Of a path as the document of the API writes it: numbers of rows, and the exchange that needs no network."""
        of_search = any(part in path for part in ("/search", "/resume", "/trials", "/heat-map"))
        rows = {name: value for name, value in self.values.items() if name.endswith("_id")}
        return rows | {"exchange": "paper"} | (self.searches if of_search else {})

    def path(self, address: Address) -> str:
        values = self.values | (self.searches if "search" in address.name or address.name in OF_SEARCHES else {})
        return "/" + PARAMETER.sub(lambda match: str(values[match.group(1)]), address.route)


OF_SEARCHES = ("api-backtest-resume", "api-backtest-trials", "api-backtest-heat-map")


def world() -> World:
    """Needs the fixture `stored_pair`."""
    owner = make_user()
    bot = services.bot_create(actor=owner, data=wish(make_paper_account(owner)), now=timezone.now())
    account = bot.exchange_account
    order = add_order(bot, status=OrderStatus.UNKNOWN)
    difference = Difference.objects.create(account=account, kind="position", symbol="X", ours="0", theirs="1")
    download = CandleDownload.objects.create(
        owner=owner, exchange="binance", symbol="X/USDT:USDT", timeframe="1m", since=START, until=timezone.now()
    )
    values = {
        "bot_id": bot.pk,
        "account_id": account.pk,
        "order_id": order.pk,
        "difference_id": difference.pk,
        "download_id": download.pk,
        "channel_id": Channel.objects.create(owner=owner, kind="mail", name="one").pk,
        "series_id": CandleSet.objects.values_list("pk", flat=True)[0],
        "backtest_id": done(owner).pk,
        "scan_id": PairScan.objects.create(owner=owner, exchange="okx", timeframe="1h").pk,
        "session_id": login_open(user=owner, kind=LoginKind.PROGRAM).pk,
        "token_id": token_make(user=owner, name="one", scope="read")[0].pk,
        "scope": "bot",
        "target_id": bot.pk,
        "exchange": "paper",
        "symbol": "GALA-USDT",
        "action": "start",
        "number": 1,
        "uid": "x",
        "token": "x",
        "name": "x",
        "kind": "webhook",
    }
    return World(owner, bot, values, {"backtest_id": search_created(owner).pk})
