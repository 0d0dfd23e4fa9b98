"""From the start of a look to both legs' orders at the venue, and the time between the two, over HTTP on this host."""

import statistics
from contextlib import ExitStack
from decimal import Decimal
from time import monotonic

from benchmarks.installation import own_environment

# isort: split
from django.test import override_settings
from django.utils import timezone

from benchmarks.report import Table
from bots.models import Bot
from bots.services import bot_close_positions
from exchanges.tests.wire.accounts import SERVERS, serving
from exchanges.tests.wire.server import WireServer
from trading.engine import run_tick
from trading.tests.live_bots import moved, started

CYCLES = 30
WANTED_MS, WANTED_BETWEEN_MS = 25, 5
Times = list[tuple[float, float]]


class Settings:
    """As a test changes them, until the stack ends."""

    def __init__(self, stack: ExitStack) -> None:
        self.__dict__["stack"] = stack

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__["stack"].enter_context(override_settings(**{name: value}))


def run() -> list[Table]:
    rows = []
    with own_environment():
        for exchange in sorted(SERVERS):
            with ExitStack() as stack:
                changed = Settings(stack)
                changed.QUOTE_CACHE_TTL = 0.0
                found = _measured(stack.enter_context(serving(exchange, changed)))
            rows.append([exchange, f"{len(found)}", *_figures([t[0] for t in found]), *_figures([t[1] for t in found])])
    note = (
        f"Pairs opened and closed; servers in the venues' formats on this host. Wanted (p95): {WANTED_MS} ms from the "
        f"look's start to both orders, {WANTED_BETWEEN_MS} ms between the two."
    )
    headers = ["venue", "pairs", "to both p50 ms", "p95", "between p50 ms", "p95"]
    return [Table("Two legs", note, headers, rows)]


def _measured(server: WireServer) -> Times:
    """In ms; the first pair, which loads what is loaded on first use, is left out."""
    bot = started(server)
    found: Times = []
    for cycle in range(CYCLES):
        server.market.move("GALA", Decimal("0.02"))
        Bot.objects.filter(pk=bot.pk).update(reference_spread=0.0, status="running", entries_wait_until=None)
        moved(server, "1.5")
        found.append(_look(bot, server))
        if bot.is_flat:
            continue
        bot_close_positions(actor=bot.owner, bot=bot, now=timezone.now(), idempotency_key=f"{cycle}")
        found.append(_look(bot, server))
    return [times for times in found[2:] if times != (0.0, 0.0)]


def _look(bot: Bot, server: WireServer) -> tuple[float, float]:
    """(to both orders, between the two)."""
    known, began = len(server.requests), monotonic()
    run_tick(bot.pk, timezone.now())
    sent = [r.arrived for r in server.requests[known:] if r.method == "POST" and server.order_path in r.path]
    bot.refresh_from_db()
    return ((sent[1] - began) * 1000, (sent[1] - sent[0]) * 1000) if len(sent) == 2 else (0.0, 0.0)


def _figures(values: list[float]) -> list[str]:
    if len(values) < 2:
        return ["–", "–"]
    return [f"{statistics.median(values):.1f}", f"{statistics.quantiles(values, n=20)[-1]:.1f}"]
