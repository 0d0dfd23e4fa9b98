"""One line per bot for the dashboard and the list: its row, its last live figures and what its owner earned with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from bots.charts.sparklines import Sparkline, sparklines
from bots.feed import events as feed
from bots.journal.lines import reason_text
from bots.models import Bot, BotStatus
from bots.overview.earnings import realised_since
from exchanges.symbols import base_of

LATE_TICKS: Final = 3  # figures older than this many looks of the bot count as old


@dataclass(frozen=True, slots=True)
class NextOrder:
    """The trade that is nearest by distance; `distance` in percentage points, signed."""

    name: str
    distance: float
    level: int | None
    side: int | None


@dataclass(frozen=True, slots=True)
class BotLine:
    """`age_s` is set when the figures are too old to act on; `figures` is None before the bot first looked."""

    bot: Bot
    figures: Mapping[str, Any] | None
    age_s: float | None
    realised_today: Decimal
    spark: Sparkline | None

    @property
    def pair(self) -> str:
        return "/".join(base_of(self.bot.symbol_of(leg)) for leg in self.bot.legs)

    @property
    def old_after_s(self) -> float | None:
        """Age of quotes after which the bot counts as not seeing its market; None of one that need not look."""
        return None if self.bot.status in (BotStatus.STOPPED, BotStatus.PAUSED) else _allowed(self.bot)

    @property
    def is_stale(self) -> bool:
        return self.age_s is not None

    @property
    def next_order(self) -> NextOrder | None:
        return next_order(self.figures) if self.bot.status == BotStatus.RUNNING or not self.bot.is_flat else None

    @property
    def doing(self) -> str:
        return doing(self)

    @property
    def key(self) -> str:
        """Changes when the line's words do; static/js/bot_rows.js compares it to what comes over the live feed."""
        following = next_order(self.figures)
        waiting = (self.figures or {}).get("waiting", {}).get("code", "")
        parts = [self.bot.status, self.bot.level, waiting, following.name if following else ""]
        return "|".join(str(part) for part in parts)


def bot_lines(bots: Sequence[Bot], *, now: datetime, day_start: datetime) -> list[BotLine]:
    """In the order given, with three queries whatever their number. `day_start`: midnight where the owner lives."""
    ids = [bot.pk for bot in bots]
    figures = feed.last_figures(ids)
    today = realised_since(ids, day_start)
    sparks = sparklines(ids)
    lines = []
    for bot in bots:
        seen = figures.get(bot.pk)
        lines.append(BotLine(bot, seen, _age(bot, seen, now), today.get(bot.pk, Decimal(0)), sparks.get(bot.pk)))
    return lines


def next_order(figures: Mapping[str, Any] | None) -> NextOrder | None:
    marks = (figures or {}).get("triggers", {})
    names = [name for name in ("open_up", "open_down", "add", "take_profit") if name in marks]
    if not names:
        return None
    name = min(names, key=lambda each: abs(marks[each]["distance"]))
    mark = marks[name]
    return NextOrder(name, mark["distance"], mark.get("level"), mark.get("side"))


def doing(line: BotLine) -> str:
    """What the bot waits for, in a few words under its status."""
    bot, waiting = line.bot, (line.figures or {}).get("waiting", {})
    reason = reason_text(bot.status_reason)
    if bot.status == BotStatus.ERROR:
        return reason or _("see its journal")
    if bot.status == BotStatus.STOPPED:
        return _("position is yours") if bot.level else reason or _("not started yet")
    if bot.status == BotStatus.PAUSED:
        return _("stop and profit armed") if bot.level else reason or _("opens nothing")
    if line.is_stale:
        return _("holds off, quotes are old")
    return _waits(waiting.get("code", ""), waiting.get("params", {}))


def _waits(code: str, params: Mapping[str, Any]) -> str:
    match code:
        case "opens_either_way" | "opens_higher" | "opens_lower":
            return _("waits to open")
        case "opens_never" | "opens_nothing":
            return _("opens nothing")
        case "opens_later":
            return _("waits after unfilled entries")
        case "adds_or_closes" | "adds":
            return _("waits to add level %(level)s") % {"level": params["level"]}
        case "closes":
            return _("ladder full, waits to close")
        case "closes_over_cap":
            return _("at its maximum, waits to close")
        case "holds":
            return _("holds both legs")
        case "signal_flat":
            return _("waits for a signal")
        case "signal_holds":
            return _("holds until a signal")
        case "acts" | "acts_at_close":
            return _("acts now")
    return _("takes its first look")


def _age(bot: Bot, figures: Mapping[str, Any] | None, now: datetime) -> float | None:
    """Seconds since the older quote, when a bot that should be looking has not seen a fresh one for too long."""
    if figures is None or bot.status in (BotStatus.STOPPED, BotStatus.PAUSED):
        return None
    shown_at = datetime.fromisoformat(figures.get("shown_at") or now.isoformat())
    age = figures["stale_s"] + (now - shown_at).total_seconds()
    return age if age > _allowed(bot) else None


def _allowed(bot: Bot) -> float:
    return float(max(bot.max_quote_age, LATE_TICKS * bot.tick_interval))
