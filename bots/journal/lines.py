"""A bot's journal: one line per event, kept as a code with figures, read as a sentence in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from string import Formatter
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext, override

from bots.amounts import decimal_text, grouped, grouped_exact
from bots.feed import events as feed
from bots.journal import notices
from bots.journal.words import ACTIONS, MESSAGES, REASONS, SIDES, WHOSE_LIMITS
from bots.models import Bot
from bots.rows import fields_of
from exchanges.symbols import settle_of, short
from trading.models import LogType, TradeLog

_MESSAGE_LENGTH = TradeLog._meta.get_field("message").max_length or 500
_TOPIC = ("reason", "symbol")
_LINES_COMPARED = 50
_SHOWN = ("id", "bot", "log_type", "message", "details", "market_time", "created_at")


@dataclass(frozen=True, slots=True)
class Line:
    """What `write` takes, for many at once."""

    bot: Bot
    code: str
    log_type: LogType | str
    market_time: datetime | None
    figures: Mapping[str, Any]


def write(
    bot: Bot, code: str, *, log_type: LogType | str, market_time: datetime | None = None, **figures: Any
) -> TradeLog:
    """Adds a line and pushes it to open pages once it is committed. Raises KeyError for a code that has no sentence."""
    log = _line(Line(bot, code, log_type, market_time, figures))
    log.save(force_insert=True)
    _published(bot, log)
    return log


def write_all(lines: Sequence[Line]) -> None:
    """The same for many bots in one statement."""
    with transaction.atomic():
        for line, log in zip(lines, TradeLog.objects.bulk_create(map(_line, lines)), strict=True):
            _published(line.bot, log)


def _published(bot: Bot, log: TradeLog) -> None:
    feed.publish_on_commit(bot.pk, bot.owner_id, "log", frame(log))
    notices.tell(bot, log.details, lambda: sentence_of(log.details), log.market_time)


def _line(line: Line) -> TradeLog:
    plain = {name: _plain(value) for name, value in line.figures.items()}
    details = {"code": line.code, "currency": settle_of(line.bot.market1_symbol)} | plain
    with override("en"):
        message = sentence_of(details)[:_MESSAGE_LENGTH]
    return TradeLog(
        bot=line.bot, log_type=line.log_type, message=message, details=details, market_time=line.market_time
    )


def write_seldom(
    bot: Bot,
    code: str,
    *,
    log_type: LogType | str,
    quiet: timedelta,
    market_time: datetime | None = None,
    **figures: Any,
) -> TradeLog | None:
    """`write`, unless the newest lines say the same (code, reason and market) within `quiet` of real time already."""
    topic = {"code": code, **{name: figures[name] for name in _TOPIC if name in figures}}
    newest = TradeLog.objects.filter(bot=bot).order_by("-id")[:_LINES_COMPARED]
    recent = TradeLog.objects.filter(pk__in=newest.values("pk"), created_at__gt=Now() - quiet)
    if any(topic.items() <= details.items() for details in recent.values_list("details", flat=True)):
        return None
    return write(bot, code, log_type=log_type, market_time=market_time, **figures)


def sentence(log: TradeLog) -> str:
    """In the language that is active now."""
    return sentence_of(log.details) if log.details.get("code") in MESSAGES else log.message


def sentence_of(details: Mapping[str, Any]) -> str:
    return _SENTENCES.vformat(str(MESSAGES[details["code"]]), (), details)


def reason_text(reason: str, figures: Mapping[str, Any] | None = None) -> str:
    """The words for a reason code; any other text (a venue's answer) is its own words."""
    template = REASONS.get(reason)
    return reason if template is None else _SENTENCES.vformat(str(template), (), figures or {})


def frame(log: TradeLog) -> dict[str, Any]:
    """The line as the API and the live feed carry it."""
    return fields_of(log, _SHOWN)


def _plain(value: Any) -> Any:
    """As JSON keeps it: money as text, times as ISO."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return value


class _Sentences(Formatter):
    """`str.format` with our own kinds of figures; a figure that was not given reads as a dash."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        if key == "because":
            return reason_text(str(kwargs.get("reason", "")), kwargs)
        value = kwargs.get(str(key))
        return short(value) if key == "symbol" and isinstance(value, str) else value

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return "–"
        match format_spec:
            case "money" | "pp":
                return grouped(value, signed=True)
            case "sum":
                return grouped(value)
            case "pct":
                return f"{grouped(value)} %"
            case "amount":
                return grouped_exact(value)
            case "seconds":
                return grouped(value, places=1)
            case "side":
                return str(SIDES[int(value)])
            case "action":
                return str(ACTIONS[str(value)])
            case "whose":
                return str(WHOSE_LIMITS[str(value)])
            case "time":
                return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M} UTC"
            case "after_colon":
                return gettext(": %s") % value if value else ""
        return str(value)


_SENTENCES = _Sentences()
