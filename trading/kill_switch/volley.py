"""The closing orders of many bots, written, marked and handed over in a handful of statements however many they are."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import Error as DatabaseTrouble
from django.db import connections
from django.db.models import F

from bots import leases
from bots.leases import Lease
from exchanges.errors import ExchangeError
from trading import crash_points, ledger, trades
from trading.models import CloseReason, Order, Position
from trading.plans import exit_plan, uncounted_stops
from trading.sending import Answer, orders_hand_over
from trading.tick import Tick, bots_load, tick_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A bot whose lease is ours; its orders are on their way."""

    tick: Tick
    orders: Sequence[Order] = ()
    answers: Sequence[Answer] = ()


@dataclass(slots=True)
class Volley:
    """`doubtful`: something else of theirs is under way. `left`: bots that have to be looked at one by one, with their
    lease where it is ours."""

    begun: list[Begun] = field(default_factory=list)
    doubtful: list[Tick] = field(default_factory=list)
    left: dict[int, Lease | None] = field(default_factory=dict)


def volley(bot_ids: Sequence[int], now: datetime, *, holder: str, spares: str, pool: Executor) -> Volley:
    """Whatever keeps one bot, or PostgreSQL, from it leaves bots for a look of their own; nothing is sent twice."""
    found = Volley(left=dict.fromkeys(bot_ids))
    try:
        taken = leases.take_all(bot_ids, holder=holder, spares=spares)
        found.left |= taken
        ticks = _ticks(taken, now, pool)
        found.doubtful = [tick for tick in ticks if tick.unsettled]
        ready = [tick for tick in ticks if not tick.unsettled]
        found.begun = [Begun(tick) for tick in ready if tick.bot.is_flat]
        found.begun += _sent([tick for tick in ready if not tick.bot.is_flat])
    except DatabaseTrouble as error:
        logger.warning("flatten of %s bots together: %s", len(bot_ids), error)
    except Exception:  # one bot that cannot be planned for must not keep the others
        logger.exception("flatten of %s bots together", len(bot_ids))
    for tick in [*found.doubtful, *(one.tick for one in found.begun)]:
        found.left.pop(tick.bot.pk, None)
    return found


def _ticks(taken: Mapping[int, Lease], now: datetime, pool: Executor) -> list[Tick]:
    """Of those bots whose venues can be reached; a venue that is new to this process is asked for its markets."""
    rows = bots_load(taken)

    def load(bot: Any) -> Tick | None:
        try:
            return tick_of(bot, taken[bot.pk], now)
        except (ExchangeError, ValidationError) as error:
            logger.warning("flatten of bot %s: %s", bot.pk, error)
            return None
        finally:  # the pool's thread ends without giving them back
            for connection in connections.all(initialized_only=True):
                connection.close()

    return [tick for tick in pool.map(load, rows.values()) if tick is not None]


def _sent(ticks: Sequence[Tick]) -> list[Begun]:
    begins = list(_begins(ticks))
    begun = trades.trades_begin(begins) if begins else {}
    crash_points.here("after_plan")
    orders = [order for _trade, written in begun.values() for order in written]
    crash_points.here("before_submit")
    held = [tick.lease for tick in ticks if tick.bot.pk in begun]
    sent = {order.pk for order in ledger.flatten_submit(held, orders)} if orders else set()
    crash_points.here("after_submit")
    of_bot = {pk: [order for order in written if order.pk in sent] for pk, (_trade, written) in begun.items()}
    return [_handed_over(tick, of_bot[tick.bot.pk]) for tick in ticks if tick.bot.pk in of_bot]


def _begins(ticks: Iterable[Tick]) -> Iterable[trades.Begin]:
    chosen = {tick.bot.pk: tick for tick in ticks}
    held: dict[int, dict[int, Position]] = defaultdict(dict)
    for position in Position.objects.filter(bot__in=chosen, cycle_number=F("bot__current_cycle")):
        held[position.bot_id][position.leg] = position
    stops: dict[int, list[Order]] = defaultdict(list)
    for order in uncounted_stops(list(chosen)):
        stops[order.bot_id or 0].append(order)
    for pk, tick in chosen.items():
        tick.hurry = True
        plan = exit_plan(tick, CloseReason.KILL_SWITCH, None, held[pk], stops[pk])
        yield trades.Begin(tick.lease, plan, tick.bot, tick.market_time)


def _handed_over(tick: Tick, orders: Sequence[Order]) -> Begun:
    tick.sent = bool(orders)
    return Begun(tick, orders, orders_hand_over(tick, orders))
