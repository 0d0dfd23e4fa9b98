"""When a bot was running, from its journal: the stretches that a back-test can follow from a flat beginning."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bots.models import Bot
from bots.settings.validation import START_PRICES
from exchanges import paper_config, tape
from exchanges.adapters.paper_source import to_ms
from exchanges.models import ExchangeAccount, PaperSource
from trading.models import TradeLog
from trading.parity.decisions import Decided

_STARTS: Final = ("started", "started_from_here")
_ENDS: Final = ("paused", "stopped", "stopped_in_position", "failed")
_CLOSES: Final = ("take_profit", "stop_loss", "signal", "manual", "unwind")
_TRADES: Final = ("opened", "added", *(f"closed_{reason}" for reason in _CLOSES))
_CODES: Final = (*_STARTS, *_ENDS, *_TRADES, "changed")
_PAIR: Final = {*START_PRICES, "start_time", "market1_symbol", "market2_symbol"}
_HARMLESS: Final = {"bot_name", "tick_interval", "timeframe", "leverage", "margin_mode"}


@dataclass(frozen=True, slots=True)
class Rest:
    """Not running while in position; `until` None: to the end of the stretch. `reason`: the journal's code."""

    since: int
    until: int | None
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Flat at its beginning, with moves counted from `reference`; `until` None: it still runs."""

    since: int
    until: int | None
    reference: float
    rests: tuple[Rest, ...] = ()
    reason: str = ""
    """Why it ended: the journal's code."""


@dataclass(frozen=True, slots=True)
class Change:
    """Settings that decide were changed; what they were before is not on record."""

    at: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """`known_since`: before it the pair or its start were others, so that nothing before can be compared."""

    stretches: tuple[Stretch, ...]
    changes: tuple[Change, ...]
    known_since: int | None


@dataclass(slots=True)
class _Reading:
    """The journal, read line by line; `now` is the market time that it has reached."""

    now: int = 0
    is_flat: bool = True
    open: Stretch | None = None
    rests: list[Rest] = field(default_factory=list)
    found: list[Stretch] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    known_since: int | None = None
    reference: float = 0.0


def life_of(bot: Bot) -> Life:
    """One query."""
    market_time = _market_clock(bot.exchange_account)
    reading = _Reading()
    logs = TradeLog.objects.filter(bot=bot, details__code__in=_CODES).order_by("id")
    for details, at, written in logs.values_list("details", "market_time", "created_at"):
        moment = at or (market_time(written) if market_time else None)
        if moment is not None:
            reading.now = max(reading.now, to_ms(moment))
        _read(reading, str(details["code"]), details)
    if reading.open is not None:
        reading.found.append(replace(reading.open, rests=tuple(reading.rests)))
    return Life(tuple(reading.found), tuple(reading.changes), reading.known_since)


def cut(stretches: Sequence[Stretch], since: int, lived: Sequence[Decided]) -> list[Stretch]:
    """What lies after `since`; a stretch across it begins where the bot was flat next."""
    found = []
    for stretch in stretches:
        if stretch.since >= since:
            found.append(stretch)
        elif stretch.until is None or stretch.until > since:
            closes = (one for one in lived if one.at >= since and not one.is_entry)
            close = next(closes, None)
            if close is not None and (stretch.until is None or close.at < stretch.until):
                found.append(replace(stretch, since=close.at + 1, reference=close.spread))
    return found


def of_stretch(stretches: Sequence[Stretch], lived: Sequence[Decided]) -> list[list[Decided]]:
    """Lived decisions by stretch: each belongs to the last one that had begun; none to what lies before the first."""
    begins = [stretch.since for stretch in stretches]
    found: list[list[Decided]] = [[] for _ in stretches]
    for one in lived:
        place = bisect_right(begins, one.at)
        if place:
            found[place - 1].append(one)
    return found


def _read(reading: _Reading, code: str, details: dict[str, Any]) -> None:
    if code in _STARTS:
        _started(reading, details.get("spread") if code == "started_from_here" else None)
    elif code in _ENDS:
        _ended(reading, code, str(details.get("reason", "")))
    elif code == "changed":
        _changed(reading, {name.strip() for name in str(details.get("fields", "")).split(",")})
    else:
        reading.is_flat = code.startswith("closed")
        reading.reference = float(details.get("spread", reading.reference))
        if reading.is_flat and reading.rests and reading.rests[-1].until is None:
            _close(reading, reading.rests.pop())  # closed while it rested: it is flat and still rests


def _started(reading: _Reading, reference: float | None) -> None:
    if reading.open is not None:
        if reading.rests and reading.rests[-1].until is None:
            reading.rests[-1] = replace(reading.rests[-1], until=reading.now)
        return
    reading.reference = reading.reference if reference is None else float(reference)
    reading.open, reading.rests = Stretch(reading.now, None, reading.reference), []


def _ended(reading: _Reading, code: str, reason: str) -> None:
    if reading.open is None:
        return
    rest = Rest(reading.now, None, code.split("_")[0], reason)
    if reading.is_flat:
        _close(reading, rest)
    elif not reading.rests or reading.rests[-1].until is not None:
        reading.rests.append(rest)


def _close(reading: _Reading, rest: Rest) -> None:
    assert reading.open is not None
    reason = rest.reason or rest.status
    reading.found.append(replace(reading.open, until=reading.now, rests=tuple(reading.rests), reason=reason))
    reading.open, reading.rests = None, []


def _changed(reading: _Reading, fields: set[str]) -> None:
    if fields & _PAIR:
        reading.found.clear()
        reading.changes.clear()
        reading.known_since, reading.reference = reading.now, 0.0
    elif decisive := fields - _HARMLESS:
        reading.changes.append(Change(reading.now, tuple(sorted(decisive))))


def _market_clock(account: ExchangeAccount) -> Callable[[datetime], datetime] | None:
    """From real time to the venue's, for lines without it; None for a stepped replay, which has no clock."""
    if not account.is_paper or account.paper_source == PaperSource.LIVE:
        return lambda at: at
    if tape.is_stepped(account):
        return None
    config = paper_config.parse(account.paper_config)
    speed = float(config.speed) or 1.0
    begin = config.start if account.paper_source == PaperSource.REPLAY and config.start else account.created_at

    def clock(at: datetime) -> datetime:
        return begin + timedelta(seconds=(at - account.created_at).total_seconds() * speed)

    return clock
