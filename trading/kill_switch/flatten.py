"""Closes the positions of many bots at once: first every order goes out, then the answers are booked and settled.

Takes each bot's lease by raising its token, whoever holds it. Needs PostgreSQL and the venue; neither Redis nor quotes
nor P&L. Run twice, or killed and run again, it sends nothing twice. Where an order is in doubt, what is known to be
held is closed at once and the doubt is settled afterwards (`trading.known_close`).
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error as DatabaseTrouble
from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from bots import leases
from bots.leases import Lease, LeaseLost
from bots.models import Bot, Intent, IntentKind, IntentStatus
from exchanges.errors import ExchangeError
from trading import engine, trades
from trading.closing import positions_of
from trading.kill_switch.volley import Begun, volley
from trading.known_close import known_dispatch, known_orders
from trading.models import CloseReason
from trading.plans import exit_plan
from trading.sending import answers_book, orders_dispatch
from trading.tick import UNSETTLED_WORK, Tick, tick_load

HOLDER = "flatten:"
LOOK_AGAIN = timedelta(seconds=2)
PAUSE_S = 0.25
THREADS = 6
"""Each needs a connection to PostgreSQL; the answers of all orders are waited for without one."""
TOGETHER = 25
"""Bots whose orders are written in one transaction: the first are at their venues while the next are written."""

logger = logging.getLogger(__name__)

Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Flattened:
    """Bot ids: `flat` hold nothing any more, `left` are still under way. `sent_s`: until every bot's first closing
    orders had been handed over to their venues."""

    flat: tuple[int, ...]
    left: tuple[int, ...]
    sent_s: float


def bots_waiting() -> QuerySet[Bot]:
    """Bots that were asked to close at once and are not done."""
    asked = Intent.objects.filter(bot=OuterRef("pk"), kind=IntentKind.FLATTEN, status=IntentStatus.WAITING)
    return Bot.objects.filter(Exists(asked)).order_by("pk")


def bots_to_flatten() -> list[int]:
    """Of them those for which there is something to do: nothing was sent yet, or the last look was a while ago."""
    look_due = Q(last_tick_at=None) | Q(last_tick_at__lt=Now() - LOOK_AGAIN) | ~UNSETTLED_WORK
    return list(bots_waiting().filter(look_due).values_list("pk", flat=True))


def flatten_run(bot_ids: Sequence[int], *, now: Callable[[], datetime], patience_s: float | None = None) -> Flattened:
    """Of bots that were asked to (`kill_switch.flatten_ask`); after `patience_s` the rest is left to their ticks."""
    began = time.monotonic()
    deadline = began + (settings.FLATTEN_PATIENCE_S if patience_s is None else patience_s)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="flatten") as pool:
        begun = list(_volleys(bot_ids, now, pool))
        sent_s = time.monotonic() - began
        list(pool.map(_closing(_settle, now), begun))
        while (left := _left(bot_ids)) and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
            list(pool.map(_closing(_look, now), left))
    return Flattened(tuple(bot for bot in bot_ids if bot not in left), tuple(left), sent_s)


def _closing(step: Callable[[Given, datetime], Found], now: Callable[[], datetime]) -> Callable[[Given], Found | None]:
    """The step in a thread of the pool: whatever one bot meets must not keep the others."""

    def run(given: Given) -> Found | None:
        try:
            return step(given, now())
        except (LeaseLost, ExchangeError, ValidationError, DatabaseTrouble) as error:
            logger.warning("flatten %s: %s", given, error)
        except Exception:  # a fault of ours in one bot: nobody else may stay open for it
            logger.exception("flatten %s", given)
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()
        return None

    return run


def _volleys(bot_ids: Sequence[int], now: Callable[[], datetime], pool: Executor) -> Iterator[Begun]:
    """Bots with nothing else under way together, the others beside them one by one."""
    for start in range(0, len(bot_ids), TOGETHER):
        chunk = bot_ids[start : start + TOGETHER]
        fired = volley(chunk, now(), holder=_holder(), spares=HOLDER, pool=pool)
        alone = [*fired.doubtful, *fired.left.items()]
        yield from fired.begun
        yield from (one for one in pool.map(_closing(_begin, now), alone) if one is not None)


def _begin(one: Tick | tuple[int, Lease | None], now: datetime) -> Begun | None:
    """Sends what is known to have to be closed of one bot; None where somebody else is at that already."""
    lease = one.lease if isinstance(one, Tick) else one[1] or leases.take(one[0], holder=_holder(), spares=HOLDER)
    if lease is None:
        return None
    try:
        return _begun(one if isinstance(one, Tick) else tick_load(lease, now))
    except Exception:  # of whatever kind, it goes on its way; the lease is left to the bot's own look
        leases.release(lease)
        raise


def _begun(tick: Tick) -> Begun:
    tick.hurry = True
    if tick.unsettled:
        orders = known_orders(tick)
        return Begun(tick, orders, known_dispatch(tick, orders))
    if tick.bot.is_flat:
        return Begun(tick)
    plan = exit_plan(tick, CloseReason.KILL_SWITCH, None, positions_of(tick.bot))
    begun = trades.trade_begin(tick.lease, plan, seen=tick.bot, market_time=tick.market_time, candle_at=None)
    if begun is None:
        return Begun(tick)
    return Begun(tick, begun[1], orders_dispatch(tick, begun[1]) if begun[1] else ())


def _holder() -> str:
    return f"{HOLDER}{engine.holder()}"


def _settle(begun: Begun, now: datetime) -> None:
    """Books the answers, then whatever the bot's own tick would do next, which begins with asking the venue."""
    try:
        answers_book(begun.tick, begun.orders, begun.answers)
        leases.renew(begun.tick.lease)
        engine.tick(begun.tick.lease, now, decides=False)
    finally:
        leases.release(begun.tick.lease)


def _look(bot_id: int, now: datetime) -> None:
    """Somebody else may be at it by now."""
    engine.run_tick(bot_id, now, decides=False)


def _left(bot_ids: Iterable[int]) -> list[int]:
    waiting = set(bots_waiting().values_list("pk", flat=True))
    return [bot_id for bot_id in bot_ids if bot_id in waiting]
