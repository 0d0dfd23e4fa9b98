"""What bots with nothing to do say in their journals: how far the spread still is from their threshold, or what keeps
them from an entry whose threshold is reached.

One statement for a whole chunk, and none at all on most looks: when a bot said something last is kept in the shared
cache. Without Redis nothing is said.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from redis import RedisError

from bots.journal.lines import Line, write_all
from bots.models import BotStatus
from bots.signals import SPREAD
from trading.core.spread import spread_pct
from trading.core.triggers import Blocked, Condition, WaitsFor, conditions
from trading.core.types import FLAT
from trading.models import LogType
from trading.showing import Look

QUIET_S: Final = 300.0
"""A bot says nothing more within it, unless it traded."""
AGAIN_S: Final = 3600.0
"""After it the same hindrance is said again."""
MATERIAL: Final = 0.25
"""Share of the threshold by which the spread has to move before its distance is told anew."""
KEPT_S: Final = 86_400

_ENTRIES = (WaitsFor.OPEN_HIGHER, WaitsFor.OPEN_LOWER, WaitsFor.ADD)


@dataclass(frozen=True, slots=True)
class Idle(Look):
    """A bot with nothing under way. `entries`: it may open and add. `problem`: a journal code about its quotes, with
    its figures."""

    entries: bool
    problem: str
    figures: Mapping[str, Any]


class Said(NamedTuple):
    """What a bot said last. `at`: UNIX time."""

    code: str
    reason: str
    level: int
    moved: float
    at: float


@dataclass(frozen=True, slots=True)
class _Hold:
    """Why a bot orders nothing now. `moved` and `threshold` in percentage points."""

    look: Idle
    code: str
    level: int
    moved: float
    threshold: float
    figures: Mapping[str, Any]

    def said(self, at: float) -> Said:
        return Said(self.code, str(self.figures.get("reason", "")), self.level, self.moved, at)


def waits_tell(looks: Sequence[Idle]) -> None:
    holds = [hold for look in looks if (hold := _hold(look)) is not None]
    now, keys = time.time(), {hold.look.bot.pk: f"waits:{hold.look.bot.pk}" for hold in holds}
    try:
        known = cache.get_many(keys.values()) if keys else {}
        due = [hold for hold in holds if _is_news(hold, known.get(keys[hold.look.bot.pk]), now)]
        if not due:
            return
        cache.set_many({keys[hold.look.bot.pk]: tuple(hold.said(now)) for hold in due}, KEPT_S)
    except (RedisError, OSError):
        return
    write_all([_line(hold) for hold in due])


def _hold(look: Idle) -> _Hold | None:
    """None where the bot acts, or where no entry of its own is possible any more."""
    bot = look.bot
    if bot.status != BotStatus.RUNNING or bot.strategy != SPREAD:
        return None
    nearest = _nearest(conditions(look.config, look.state, look.quote))
    if nearest is None:
        return None
    if nearest.value < nearest.threshold:
        spread = spread_pct(look.quote.p1, look.quote.p2, look.config.start1, look.config.start2)
        moved = max(nearest.value, 0.0)
        figures: dict[str, Any] = {"moved": moved, "threshold": nearest.threshold, "spread": spread}
        return _held(look, "waiting", nearest, figures)
    if nearest.blocked is Blocked.CAP:
        figures = {"reason": "cap", "needed": nearest.needed, "allowed": nearest.allowed}
        return _held(look, "level_refused", nearest, figures)
    if nearest.blocked is Blocked.SIDE:
        return _held(look, "level_refused", nearest, {"reason": "side", "side": _side_of(nearest, look)})
    if look.problem:
        return _held(look, look.problem, nearest, look.figures)
    if not look.entries:
        return _held(look, "entries_wait", nearest, {"until": bot.entries_wait_until})
    return None


def _nearest(found: Iterable[Condition]) -> Condition | None:
    """Of the entries that the bot looks out for; one that is reached counts also where something forbids it."""
    entries = [condition for condition in found if condition.waits_for in _ENTRIES]
    told = [one for one in entries if one.blocked in (Blocked.NO, Blocked.CAP) or one.value >= one.threshold]
    told = [one for one in told if one.blocked not in (Blocked.LAST_LEVEL, Blocked.GET_ME_OUT)]
    return min(told, key=lambda one: one.missing, default=None)


def _side_of(condition: Condition, look: Idle) -> int:
    direction = 1 if condition.waits_for is WaitsFor.OPEN_HIGHER else -1
    return direction if look.config.momentum else -direction


def _held(look: Idle, code: str, nearest: Condition, figures: Mapping[str, Any]) -> _Hold:
    level = look.state.level + 1 if look.state.side != FLAT else 1
    return _Hold(look, code, level, nearest.value, nearest.threshold, {"level": level, **figures})


def _is_news(hold: _Hold, before: Sequence[Any] | None, now: float) -> bool:
    if before is None:
        return True
    said = Said(*before)
    if now - said.at < QUIET_S:
        return hold.level != said.level
    if (hold.code, str(hold.figures.get("reason", ""))) != (said.code, said.reason):
        return True
    if hold.code == "waiting":
        return abs(hold.moved - said.moved) >= MATERIAL * hold.threshold
    return now - said.at >= AGAIN_S


def _line(hold: _Hold) -> Line:
    log_type = LogType.INFO if hold.code in ("waiting", "entries_wait") else LogType.WARNING
    return Line(hold.look.bot, hold.code, log_type, hold.look.market_time, hold.figures)
