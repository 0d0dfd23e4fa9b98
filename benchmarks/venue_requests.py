"""What a venue is asked by 10, 100 and 1,000 bots that cover the same 20 markets: over REST, and with the collector."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace

from benchmarks.installation import own_environment

# isort: split
from django.test import override_settings

from benchmarks.report import Table
from bots.models import Bot
from exchanges.models import ExchangeAccount
from exchanges.tests.many_bots import list_markets, look, made
from exchanges.tests.streaming import Venue, collecting, streaming

EXCHANGE = "binance"
MARKETS = 20
BOTS = (10, 100, 1_000)
INTERVAL_S = 5.0
TURNS = 4
BEAT_S = 0.5


@dataclass(frozen=True)
class Measured:
    looks: int
    requests: int

    @property
    def per_minute(self) -> float:
        return self.requests / (INTERVAL_S * TURNS) * 60


def run() -> list[Table]:
    with own_environment():
        over_rest = {bots: measured(bots, with_sockets=False) for bots in BOTS}
        with_sockets = {bots: measured(bots, with_sockets=True) for bots in BOTS}
    rows = [
        [f"{bots:,}", f"{one.looks:,}", f"{one.per_minute:.0f}", f"{with_sockets[bots].per_minute:.0f}"]
        for bots, one in over_rest.items()
    ]
    note = (
        f"Bots on {MARKETS} markets of one venue, ten accounts, one look every {INTERVAL_S:g} s, spread over that time "
        f"as beat does; {INTERVAL_S * TURNS:g} s each against a server that speaks the venue's format. Every request "
        "counts. Wanted: flat."
    )
    headers = ["bots", "looks", "requests a minute over REST", "with the collector"]
    return [Table("Requests to a venue", note, headers, rows)]


def measured(bots: int, *, with_sockets: bool) -> Measured:
    with installed(with_sockets=with_sockets) as venue, ExitStack() as stack:
        ids = made(EXCHANGE, bots)
        if with_sockets:
            venue.ws.talk()
            stack.enter_context(collecting(EXCHANGE))
            venue.ws.wait_for(lambda: all(map(venue.ws.listens, map(venue.ws.quote_topic, venue.ws.contracts))))
        look(ids)  # what is read once and kept is read
        venue.rest.requests.clear()
        look_for_a_while(ids)
        found = Measured(len(ids) * TURNS, len(venue.rest.requests))
        Bot.objects.all().delete()
        ExchangeAccount.objects.all().delete()
        return found


@contextmanager
def installed(*, with_sockets: bool) -> Iterator[Venue]:
    given = SimpleNamespace()
    with streaming(EXCHANGE, given) as venue:
        list_markets(venue.rest, MARKETS)
        venue.ws.contracts = venue.rest.market.contracts
        urls = {"rest": venue.rest.url} | ({"ws": venue.ws.url} if with_sockets else {})
        with override_settings(REDIS_PREFIX=given.REDIS_PREFIX, EXCHANGE_BASE_URLS={EXCHANGE: urls}):
            yield venue


def look_for_a_while(ids: list[int]) -> None:
    """Each bot once in every interval, at a moment of its own."""
    slots: dict[int, list[int]] = defaultdict(list)
    count = round(INTERVAL_S / BEAT_S)
    for place, bot_id in enumerate(ids):
        slots[place * count // len(ids)].append(bot_id)
    pause, began = threading.Event(), time.monotonic()
    for turn in range(TURNS):
        for slot in range(count):
            due = began + turn * INTERVAL_S + slot * BEAT_S
            pause.wait(max(due - time.monotonic(), 0))
            look(slots[slot])
    pause.wait(max(began + TURNS * INTERVAL_S - time.monotonic(), 0))
