"""Many bots at once: which of them have anything to do. And a replay at full speed, bar after bar.

An idle bot costs little more than reading: its trigger is evaluated beside those of its chunk, the minute rows of all
are one statement. Only a bot with an unfinished trade, a wish of its user or a reached trigger gets a tick of its own
(`engine`).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from bots import leases, services
from bots.config import bot_rules, core_config, core_quote, core_state, no_quote
from bots.models import Bot, BotStatus, DecideOn, Intent, IntentStatus
from bots.ready_query import ReadyQuery
from exchanges import market_data, tape
from exchanges.adapters.base import VenueQuote
from exchanges.errors import ExchangeError
from exchanges.metrics import quote_used
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from exchanges.timeframes import timeframe_ms
from trading import crash_points, engine
from trading.core.order_state import OrderStatus
from trading.core.reached import config_row, reached
from trading.core.types import NONE
from trading.funding import funding_due
from trading.guardian.looks import looks_note
from trading.market_view import by_clock, quote_problem
from trading.models import Order, Position, Trade, TradeStatus
from trading.protection import stops_by_bot
from trading.protection_looks import stops_due
from trading.showing import looks_show
from trading.stop_loss_blind import STALE
from trading.tick import SECRETS
from trading.waiting_lines import Idle, waits_tell

IN_FLIGHT = (OrderStatus.PENDING, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Chunk:
    """`needed`: bots that need a tick of their own; `reached`: those among them whose trigger is reached now."""

    needed: Sequence[int]
    reached: Sequence[int]
    looks: Sequence[Idle]
    now: datetime

    @property
    def idle(self) -> list[Idle]:
        needed = {*self.needed}
        return [look for look in self.looks if look.bot.pk not in needed]

    def note(self) -> None:
        """For the guardian: these were looked at."""
        looks_note(look.bot.pk for look in self.idle if not look.bot.is_flat)

    def show(self) -> None:
        """For people, who wait for no order's sake; a tick of one's own shows its bot itself."""
        idle = self.idle
        looks_show(idle, self.now)
        waits_tell(idle)


def tick_chunk(bot_ids: Sequence[int], now: datetime) -> list[int]:
    """Looks at these bots and returns those that need a tick of their own."""
    chunk = chunk_look(bot_ids, now)
    chunk.note()
    chunk.show()
    return list(chunk.needed)


def chunk_look(bot_ids: Sequence[int], now: datetime) -> Chunk:
    """Which of these bots have anything to do; nothing is written but what whoever died has left."""
    bots = _BOTS.rows(list(bot_ids))
    busy, stops = _with_work(bot_ids), stops_by_bot(bots)
    needed = [bot.pk for bot in bots if bot.pk in busy or tape.is_stepped(bot.exchange_account)]
    needed += [bot.pk for bot in bots if bot.pk not in needed and bot.status == BotStatus.STOPPED and bot.pk in stops]
    idle = []
    for bot in bots:
        if bot.pk not in needed and bot.status == BotStatus.STOPPED:
            services.bot_settled(bot=bot)  # whoever ended its last trade did not live to do it
        elif bot.pk not in needed:
            idle.append(bot)
    looks = _looks(idle)
    seen = {look.bot.pk for look in looks}
    needed += [bot.pk for bot in idle if bot.pk not in seen]
    at_threshold = _reached(looks)
    needed += at_threshold
    needed += [look.bot.pk for look in looks if look.problem in STALE and not look.bot.is_flat]
    needed += [pk for pk in stops_due(looks, stops, now) if pk not in needed]
    needed += [look.bot.pk for look in looks if look.bot.pk not in needed and funding_due(look.bot, look.market_time)]
    return Chunk(list(dict.fromkeys(needed)), at_threshold, looks, now)


def _with_work(bot_ids: Sequence[int]) -> set[int]:
    """Bots with a trade under way or a wish of their user."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_id FROM trades WHERE bot_id = ANY(%(bots)s) AND status = %(working)s"
            " UNION SELECT bot_id FROM bot_intents WHERE bot_id = ANY(%(bots)s) AND status = %(waiting)s",
            {"bots": list(bot_ids), "working": TradeStatus.WORKING, "waiting": IntentStatus.WAITING},
        )
        return {row[0] for row in cursor.fetchall()}


_BOTS = ReadyQuery(
    lambda pk: Bot.objects.select_related("exchange_account", "exchange_account2").defer(*SECRETS).filter(pk__in=[pk]),
    1,
)
_HELD = ReadyQuery(lambda bot: Position.objects.filter(bot__in=[bot], is_open=True), 1)


def _looks(bots: Sequence[Bot]) -> list[Idle]:
    """Bots without quotes, or whose venue does not answer, are left out: their own tick finds out and says so."""
    positions = defaultdict(list)
    for position in _HELD.rows([bot.pk for bot in bots]):
        positions[position.bot_id].append(position)
    quotes, clocks = _quotes(bots)
    looks = []
    for bot in bots:
        q1 = quotes.get((bot.account_of(1).pk, bot.market1_symbol))
        q2 = quotes.get((bot.account_of(2).pk, bot.market2_symbol)) if 2 in bot.legs else q1 and no_quote(q1)
        if not (q1 and q2):
            continue
        try:
            if bot.exchange_account2_id:
                q2 = by_clock(q2, market_data.clocks_apart(bot.account_of(1), bot.account_of(2)))
            looks.append(_look(bot, positions[bot.pk], q1, q2, clocks[bot.exchange_account_id]))
        except (ExchangeError, ValidationError):
            continue
    return looks


def _quotes(bots: Iterable[Bot]) -> tuple[dict[tuple[int, str], VenueQuote], dict[int, datetime]]:
    """Quotes by (account, symbol) and each account's market time; one request per account."""
    wanted: dict[ExchangeAccount, set[str]] = defaultdict(set)
    for bot in bots:
        for leg in bot.legs:
            wanted[bot.account_of(leg)].add(bot.symbol_of(leg))
    quotes: dict[tuple[int, str], VenueQuote] = {}
    clocks: dict[int, datetime] = {}
    for account, symbols in wanted.items():
        try:
            clocks[account.pk] = venue_of(account).clock()
            found = market_data.quotes(account, sorted(symbols))
        except (ExchangeError, ValidationError):
            continue
        quotes |= {(account.pk, symbol): quote for symbol, quote in found.items()}
        for quote in found.values():
            quote_used(account.exchange, quote.at, clocks[account.pk])
    return quotes, clocks


def _look(bot: Bot, positions: Sequence[Position], q1: VenueQuote, q2: VenueQuote, market_time: datetime) -> Idle:
    problem, figures = quote_problem(bot, q1, q2, market_time)
    waiting = bot.entries_wait_until is not None and market_time < bot.entries_wait_until
    entries = bot.status == BotStatus.RUNNING and not problem and not waiting
    return Idle(
        bot,
        core_config(bot, *bot_rules(bot)),
        core_state(bot, positions),
        core_quote(q1, q2),
        positions,
        market_time,
        entries,
        problem,
        figures,
    )


def _reached(looks: Sequence[Idle]) -> list[int]:
    """Bots on quotes whose trigger is reached, and bots on candles for which a candle has closed."""
    on_quotes = [look for look in looks if look.bot.decide_on == DecideOn.TICK]
    actions = reached(
        np.array([config_row(look.config) for look in on_quotes]),
        [look.state for look in on_quotes],
        [look.quote for look in on_quotes],
        [look.entries for look in on_quotes],
    )
    due = [look.bot.pk for look, action in zip(on_quotes, actions, strict=True) if action != NONE]
    return due + [look.bot.pk for look in looks if look.bot.decide_on == DecideOn.CANDLE_CLOSE and _candle_closed(look)]


def _candle_closed(look: Idle) -> bool:
    if look.bot.last_candle_at is None:
        return True
    length = timedelta(milliseconds=timeframe_ms(look.bot.timeframe))
    return look.market_time >= look.bot.last_candle_at + 2 * length


# --- a replay at full speed ------------------------------------------------------------------------------------------


BARS_A_ROUND = 20
"""Bars after which the tape looks again for bots that began or ended."""


def step_tape(account: ExchangeAccount, *, deadline: float, now: Callable[[], datetime]) -> bool:
    """Steps a tape until `deadline` (monotonic seconds): every bot on it looks at the bar, then the tape moves one bar.

    One driver at a time: whoever holds the lease of the first bot on the tape. True when there is more to do at once.
    """
    driver = min(_bots_on(account), default=None)
    lease = leases.claim(driver, holder=engine.holder()) if driver is not None else None
    if lease is None:
        return False
    try:
        while bots := _bots_on(account):
            for _ in range(BARS_A_ROUND):
                if lease.bot_id not in bots or not _step(account, bots, lease, now):
                    return False
                if time.monotonic() >= deadline:
                    return True
                leases.renew(lease)
    except leases.LeaseLost:
        return False
    finally:
        leases.release(lease)
    return False


def _step(account: ExchangeAccount, bots: Sequence[int], lease: leases.Lease, now: Callable[[], datetime]) -> bool:
    """One bar; False when the tape may not go on: somebody is busy, an order is in doubt, the end is reached."""
    bar = tape.bar(account)
    ticks = []
    for bot_id in sorted(bots, key=lambda bot_id: bot_id != lease.bot_id):
        run = partial(engine.tick, lease) if bot_id == lease.bot_id else partial(engine.run_tick, bot_id)
        one = run(now(), decides=not bar.last)
        if one is None:
            return False
        ticks.append(one)
    if any(tick.void for tick in ticks):
        return False  # this bar is decided anew
    in_doubt = any(tick.sent or tick.unsettled for tick in ticks)
    if in_doubt and Order.objects.filter(bot__in=bots, status__in=IN_FLIGHT).exists():
        return False
    if bar.last:
        _end(account, now())
        return False
    crash_points.here("before_advance")
    return tape.advance(account, expected_index=bar.index)


def _end(account: ExchangeAccount, now: datetime) -> None:
    """The recording is over: nothing more will move, so nobody waits for it."""
    for bot in Bot.objects.filter(exchange_account=account, status=BotStatus.RUNNING):
        services.bot_pause(actor=None, bot=bot, now=now, reason="tape_ended")


def _bots_on(account: ExchangeAccount) -> list[int]:
    """Bots that the tape has to wait for: running ones, and any other that has something open or was asked to close."""
    working = Trade.objects.filter(bot=OuterRef("pk"), status=TradeStatus.WORKING)
    asked = Intent.objects.filter(bot=OuterRef("pk"), status=IntentStatus.WAITING)
    guards = ~Q(status=BotStatus.STOPPED) & Q(level__gt=0)
    active = Q(status=BotStatus.RUNNING) | guards | Exists(working) | Exists(asked)
    return list(Bot.objects.filter(active, exchange_account=account).order_by("pk").values_list("pk", flat=True))
