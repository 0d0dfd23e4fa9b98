"""The page of recorded history: what is stored, market by market, and the user's downloads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from bots.timeframe_words import TIMEFRAME_WORDS
from exchanges.history.catalogue import Holes, holes_of, missing_bars
from exchanges.history.downloads import OPEN, downloads_of
from exchanges.history.stored_series import Stored
from exchanges.models import CandleDownload, CandleSet, shelf_name
from exchanges.range_bars import Axis, Part
from exchanges.timeframes import DAY_MS, HOUR_MS, MINUTE_MS, TIMEFRAME_MS, timeframe_ms

ENDED_SHOWN: Final = 6
HOLES_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One series with its bar on the page's axis; `data` and `gaps` are what is drawn. `word`: `5 min`."""

    row: Stored
    venue: str
    word: str
    missing: int
    data: Part
    gaps: list[Part]

    @property
    def is_funding(self) -> bool:
        return not isinstance(self.row, CandleSet)

    @property
    def is_spot(self) -> bool:
        return ":" not in self.row.symbol


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """One series: its bar over its own time, and where it has holes."""

    row: CandleSet
    word: str
    venue: str
    missing: int
    size_bytes: int
    axis: Axis
    gaps: list[Part]
    outages: list[Part]
    holes: Holes


def axis_of(rows: Sequence[Stored], now: datetime) -> Axis:
    """From the oldest bar until now."""
    return Axis(min((_ms(row.first_at) for row in rows), default=_ms(now) - DAY_MS), _ms(now))


def lines_of(rows: Sequence[Stored], axis: Axis) -> list[Line]:
    return [_line(row, axis) for row in rows]


def series_page(row: CandleSet) -> SeriesPage:
    length, holes = timeframe_ms(row.timeframe), holes_of(row)
    axis = Axis(_ms(row.first_at), _ms(row.last_at) + length)
    path = settings.CANDLE_DIR / row.path
    return SeriesPage(
        row=row,
        word=timeframe_word(row.timeframe),
        venue=venue_name(row.exchange),
        missing=missing_bars(row),
        size_bytes=path.stat().st_size if path.exists() else 0,
        axis=axis,
        gaps=axis.parts((hole.first, hole.last + length) for hole in holes.gaps),
        outages=axis.parts((hole.first, hole.last + length) for hole in holes.outages),
        holes=holes,
    )


def downloads_shown(user: User) -> list[CandleDownload]:
    """Those under way, and the last that ended."""
    found = downloads_of(user)
    return [*found.filter(status__in=OPEN), *found.exclude(status__in=OPEN)[:ENDED_SHOWN]]


def venue_name(exchange: str) -> str:
    return str(shelf_name(exchange))


def timeframe_word(timeframe: str) -> str:
    """`5 min`; empty for funding rates."""
    if not timeframe:
        return ""
    if word := TIMEFRAME_WORDS.get(timeframe):
        return str(word)
    length = TIMEFRAME_MS[timeframe]
    if length < HOUR_MS:
        return _("%(n)s min") % {"n": length // MINUTE_MS}
    return _("%(n)s h") % {"n": length // HOUR_MS}


def _line(row: Stored, axis: Axis) -> Line:
    venue, first, last = venue_name(row.exchange), _ms(row.first_at), _ms(row.last_at)
    if not isinstance(row, CandleSet):
        return Line(row, venue, _("Funding rates"), 0, axis.part(first, last), [])
    length = timeframe_ms(row.timeframe)
    gaps = axis.parts((start, end + length) for start, end in row.gaps)
    return Line(row, venue, timeframe_word(row.timeframe), missing_bars(row), axis.part(first, last + length), gaps)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
