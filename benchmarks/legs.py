"""From the start of a look to both legs' orders at the venue, and the time between the two.

The venue, its sockets and the collector of quotes are a process of their own on this host, as a venue elsewhere would
be; the look is a worker's task, from its first line to the arrival of the orders.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from benchmarks.installation import Settings, own_environment

# isort: split
from django.utils import timezone

from benchmarks.report import Table
from bots.models import Bot
from exchanges import listings, registry, venue_clients
from exchanges.registry import venue_of
from exchanges.tests.wire.accounts import SERVERS
from trading.engine import run_tick
from trading.models import Trade, TradeStatus
from trading.tasks import tick_many
from trading.tests.live_bots import started

CYCLES, WARM = 25, 4
WANTED_MS, WANTED_BETWEEN_MS = 25, 5
QUOTE_S = 10.0
APART_S = 0.5
"""Between two looks: pairs one after the other would meet the venue's own limit of orders (Bybit: 10 a second)."""
SYMBOL = "GALA/USDT:USDT"
CALM, WIDE = Decimal("0.02"), Decimal("0.0203")


@dataclass(frozen=True, slots=True)
class Sent:
    """In ms; `asked`: requests to the venue between the start and the first order."""

    both: float
    between: float
    asked: int


def run() -> list[Table]:
    rows = []
    with own_environment() as environment:
        for exchange in sorted(SERVERS):
            found = _measured(exchange, environment)
            both, between = [one.both for one in found], [one.between for one in found]
            asked = statistics.mean(one.asked for one in found) if found else 0
            rows.append([exchange, f"{len(found)}", *_figures(both), *_figures(between), f"{asked:.1f}"])
    note = (
        "Pairs opened and closed on pushed quotes; servers in the venues' formats in a process of their own on this"
        " host. Wanted (p95):"
        f" {WANTED_MS} ms from the look's start to both orders, {WANTED_BETWEEN_MS} ms between the two."
        f" Load of the machine {os.getloadavg()[0]:.1f}."
    )
    headers = ["venue", "looks", "to both p50 ms", "p95", "between p50 ms", "p95", "requests before"]
    return [Table("Two legs", note, headers, rows)]


class _Venue:
    """The child process."""

    def __init__(self, exchange: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.legs_venue", exchange],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = self._heard()

    def ask(self, *words: object) -> Any:
        assert self._process.stdin
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def stop(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def _heard(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


def _measured(exchange: str, environment: Mapping[str, str]) -> list[Sent]:
    """Without the first pairs, which load what is loaded on first use."""
    with ExitStack() as stack:
        venue, settings = _Venue(exchange, environment), Settings(stack)
        stack.callback(venue.stop)
        settings.EXCHANGE_BASE_URLS = {exchange: {"rest": venue.said["rest"], "ws": venue.said["ws"]}}
        settings.REDIS_PREFIX = venue.said["prefix"]
        listings.forget()
        stack.callback(registry.close_all)
        stack.callback(venue_clients.close_all)
        bot = started(SimpleNamespace(exchange=exchange), profit_ratio="0.3")  # type: ignore[arg-type]
        found = []
        for cycle in range(WARM + CYCLES):
            Bot.objects.filter(pk=bot.pk).update(reference_spread=0.0, status="running", entries_wait_until=None)
            looks = [_look(bot, venue, price) for price in (WIDE, CALM)]
            found += [look for look in looks if look is not None and cycle >= WARM]
    return found


def _look(bot: Bot, venue: _Venue, price: Decimal) -> Sent | None:
    """None where it did not trade."""
    _wait_for_quote(bot, venue, price)
    time.sleep(APART_S)
    venue.ask("seen")
    began = time.monotonic()
    tick_many([bot.pk], time.time())
    seen = venue.ask("seen")
    while Trade.objects.filter(bot=bot, status=TradeStatus.WORKING).exists():
        run_tick(bot.pk, timezone.now())
    if len(seen["orders"]) != 2:
        return None
    first, second = seen["orders"]
    return Sent((second - began) * 1000, (second - first) * 1000, len(seen["before"]))


def _wait_for_quote(bot: Bot, venue: _Venue, price: Decimal) -> None:
    venue.ask("move", "GALA", price)
    until = time.monotonic() + QUOTE_S
    while venue_of(bot.exchange_account).quotes([SYMBOL])[SYMBOL].mid != price:
        if time.monotonic() > until:
            raise RuntimeError("the quote does not arrive")
        time.sleep(0.01)


def _figures(values: list[float]) -> list[str]:
    if len(values) < 2:
        return ["–", "–"]
    return [f"{statistics.median(values):.1f}", f"{statistics.quantiles(values, n=20)[-1]:.1f}"]
