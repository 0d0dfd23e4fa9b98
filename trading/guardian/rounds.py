"""Looks after bots with something to lose when nobody else does. Needs PostgreSQL and the venues, not Redis.

A bot that missed two looks by PostgreSQL's clock is looked at from here, in its own rhythm, until somebody else has
looked at it again: exits, unfinished trades and wishes only, nothing is opened or added. That is one incident, told
once, until others have looked at the bot in time for a while: workers that are merely late come and go. The kill
switch's closings are begun here as soon as they are asked for.
"""

import logging
import socket
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error as DatabaseTrouble
from django.db import connection, connections
from django.db.models import (
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Greatest, Now

from bots.config import bot_rules
from bots.models import Bot, BotStatus, Intent, IntentKind, IntentStatus
from exchanges import tape
from exchanges.errors import ExchangeError
from trading import engine
from trading.guardian.alerts import alert_raise, alerts_clear
from trading.kill_switch.flatten import bots_to_flatten, flatten_run
from trading.models import AlertKind, GuardianMark, SafetyAlert
from trading.tick import SECRETS, UNSETTLED_WORK

MISSED = 2
"""Looks that a bot may miss."""
STEADY_S = 60.0
"""An incident is over when the guardian was not needed for so long, and for three of the bot's looks."""
THREADS = 6
FLATTEN_WITHIN = timedelta(seconds=30)
"""After which a person hears that closing is not done."""
WARM_EVERY_S = 60.0
"""Between two looks at the venues of bots with something to lose, so that closing at once asks for no market list."""
ALIVE = timedelta(seconds=30)
"""A guardian that was seen within this time counts as running."""

_IN_CARE: dict[str, Any] = {"kind": AlertKind.NEGLECTED, "cleared_at": None}
_ATTENDED = Q(bot__last_look__at__gt=F("guarded_at")) | Q(bot__lease_token__gt=F("lease_token"))
"""Of an alert: somebody else has looked at its bot since the guardian last did."""

logger = logging.getLogger(__name__)

_warmer = ThreadPoolExecutor(1, thread_name_prefix="guardian-warm")
_warming: Future[None] | None = None
_warm_at = 0.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """Bot ids of one round: `neglected` by others, of them `looked` at from here; `flattened` were asked to close."""

    neglected: tuple[int, ...]
    looked: tuple[int, ...]
    flattened: tuple[int, ...]


def guardian_look(now: Callable[[], datetime], *, others_begin: bool = False) -> Guarded:
    """One round: what was asked of the kill switch first, then whoever was forgotten.

    `others_begin`: the other processes were started just now, so that nobody counts as forgotten yet.
    """
    flattened = tuple(bots_to_flatten())
    if flattened:
        flatten_run(flattened, now=now, patience_s=0.0)
    neglected = [] if others_begin else _neglected()
    for bot in neglected:
        alert_raise(bot, AlertKind.NEGLECTED, since=bot.looked_at)
    _clear_attended(now())
    looked = _look_at({bot.pk for bot in neglected} | set(_due()), now)
    _say_not_flat(now())
    _keep_warm()
    _mark(at_risk().count(), len(neglected))
    return Guarded(tuple(bot.pk for bot in neglected), looked, flattened)


def at_risk() -> QuerySet[Any]:
    """Bots, with `looked_at`, that have an unfinished order or trade, a wish, or a position that is not left to their
    user. Replays that are stepped are left out: nothing moves there unless somebody looks."""
    asked = Exists(Intent.objects.filter(bot=OuterRef("pk"), status=IntentStatus.WAITING))
    guarded = Q(level__gt=0) & ~Q(status=BotStatus.STOPPED)
    return Bot.objects.filter(guarded | UNSETTLED_WORK | asked, deleted_at=None).annotate(
        looked_at=Greatest("last_tick_at", "last_look__at", "status_changed_at")
    )


def is_alive() -> bool:
    return GuardianMark.objects.filter(at__gt=Now() - ALIVE).exists()


def _neglected() -> list[Any]:
    late = _ago(MISSED, settings.GUARDIAN_GRACE_S)
    return _watched(at_risk().filter(looked_at__lt=late))


def _due() -> Iterable[int]:
    """Bots that are in the guardian's care already, and at which nobody else has looked since."""
    in_care = SafetyAlert.objects.filter(bot=OuterRef("pk"), **_IN_CARE).exclude(_ATTENDED)
    return [bot.pk for bot in _watched(at_risk().filter(Exists(in_care), looked_at__lt=_ago(1, 0.0)))]


def _ago(looks: int, seconds: float, *, bot: str = "") -> ExpressionWrapper:
    interval = ExpressionWrapper(F(f"{bot}tick_interval") * Value(timedelta(seconds=looks)), DurationField())
    return ExpressionWrapper(Now() - interval - Value(timedelta(seconds=seconds)), DateTimeField())


def _watched(bots: QuerySet[Any]) -> list[Any]:
    rows = bots.select_related("exchange_account", "owner").order_by("pk")
    return [bot for bot in rows if not tape.is_stepped(bot.exchange_account)]


def _look_at(bot_ids: Collection[int], now: Callable[[], datetime]) -> tuple[int, ...]:
    if not bot_ids:
        return ()
    with ThreadPoolExecutor(min(THREADS, len(bot_ids)), thread_name_prefix="guardian") as pool:
        looks = pool.map(lambda bot_id: _look(bot_id, now()), sorted(bot_ids))
        return tuple(bot_id for bot_id, done in zip(sorted(bot_ids), looks, strict=True) if done)


def _look(bot_id: int, now: datetime) -> bool:
    """False when somebody else is at it after all, or it went wrong."""
    try:
        if engine.run_tick(bot_id, now, enters=False) is None:
            return False
        token = Bot.objects.filter(pk=bot_id).values("lease_token")
        SafetyAlert.objects.filter(bot=bot_id, **_IN_CARE).update(lease_token=Subquery(token), guarded_at=Now())
        return True
    except Exception:  # whatever one bot meets: the guardian is the last who looks after the others
        logger.exception("bot %s cannot be looked at", bot_id)
        return False
    finally:
        for one in connections.all(initialized_only=True):
            one.close()


def _clear_attended(now: datetime) -> None:
    """Somebody else looks at them in time, or they have nothing to lose any more."""
    steady = _ATTENDED & Q(guarded_at__lt=_ago(MISSED + 1, STEADY_S, bot="bot__"))
    alerts_clear(SafetyAlert.objects.filter(steady | ~Q(bot__in=at_risk()), **_IN_CARE).select_related("bot"), now=now)


def _say_not_flat(now: datetime) -> None:
    """Closing that was asked for and takes too long is a person's business; over once the wish is settled."""
    asked = Intent.objects.filter(kind=IntentKind.FLATTEN, status=IntentStatus.WAITING)
    late = Bot.objects.filter(intents__in=asked.filter(created_at__lt=Now() - FLATTEN_WITHIN)).select_related("owner")
    for bot in late.distinct():
        alert_raise(bot, AlertKind.NOT_FLAT)
    over = SafetyAlert.objects.filter(kind=AlertKind.NOT_FLAT, cleared_at=None)
    alerts_clear(over.exclude(bot__intents__in=asked).select_related("bot"), now=now)


def _keep_warm() -> None:
    """In a thread of its own: a venue that does not answer keeps no round waiting."""
    global _warming, _warm_at
    if time.monotonic() < _warm_at or not (_warming is None or _warming.done()):
        return
    _warm_at = time.monotonic() + WARM_EVERY_S
    _warming = _warmer.submit(_warm_up)


def _warm_up() -> None:
    try:
        for bot in at_risk().select_related("exchange_account", "exchange_account2").defer(*SECRETS):
            with suppress(ExchangeError, ValidationError):
                bot_rules(bot)
    except DatabaseTrouble as error:
        logger.warning("the venues were not looked at: %s", error)
    finally:
        for one in connections.all(initialized_only=True):
            one.close()


def _mark(watched: int, neglected: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO guardian_marks (name, at, watched, neglected) VALUES (%s, clock_timestamp(), %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET at = excluded.at, watched = excluded.watched,"
            " neglected = excluded.neglected",
            [socket.gethostname()[:80], watched, neglected],
        )
