"""Recorded history on its page: bars over a time axis, words for downloads."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django import template
from django.utils.dateformat import format as date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from exchanges.models import CandleDownload
from exchanges.pages import data_view as pages_data_view
from exchanges.range_bars import Axis, Part
from trading.core.candles import Stretch

register = template.Library()

WHOLE = Part(0.0, 100.0)
NEAR_END = 94.0


@register.simple_tag
def range_bar(data: Part | None, gaps: Sequence[Part] = (), outages: Sequence[Part] = ()) -> SafeString:
    """What is recorded, holes in it, and when the exchange was down. Widths are attributes: no inline style."""
    return format_html(
        '<svg class="range" width="100%" height="12" aria-hidden="true" focusable="false">'
        '<rect class="track" width="100%" height="100%" rx="2"/>{}{}{}</svg>',
        _rects("data", [data or WHOLE]),
        _rects("gap", gaps),
        _rects("outage", outages),
    )


@register.simple_tag
def range_axis(axis: Axis) -> SafeString:
    """The axis of the bars below it. A label at the left edge is set inwards, one at the right would meet the next."""
    ticks = [tick for tick in axis.ticks() if tick.x <= NEAR_END]
    texts = format_html_join(
        "",
        '<text x="{}%" y="11" text-anchor="{}">{}</text><line x1="{}%" x2="{}%" y1="14" y2="18"/>',
        ((tick.x, _anchor(tick.x), _tick(tick.at, axis), tick.x, tick.x) for tick in ticks),
    )
    return format_html(
        '<svg class="axis" width="100%" height="18" aria-hidden="true" focusable="false">{}</svg>', texts
    )


@register.simple_tag
def progress_bar(done: int, total: int) -> SafeString:
    """`static/js/pages/data.js` moves it on."""
    share = min(done / total * 100, 100.0) if total else 0.0
    return format_html(
        '<svg class="range progress" width="100%" height="6" aria-hidden="true" focusable="false">'
        '<rect class="track" width="100%" height="100%" rx="3"/>'
        '<rect class="done" width="{}%" height="100%" rx="3"/></svg>',
        round(share, 2),
    )


@register.filter
def venue(exchange: str) -> str:
    return pages_data_view.venue_name(exchange)


@register.filter
def series_word(download: CandleDownload) -> str:
    """`5 min`, or what has no bars."""
    if download.kind == CandleDownload.Kind.FUNDING:
        return _("Funding rates")
    return pages_data_view.timeframe_word(download.timeframe)


@register.filter
def day(value: datetime | None) -> str:
    """`31 Mar 2025`, in UTC as candles are."""
    # Translators: how a day is written, in the letters of Django's "date" filter
    return date_format(value.astimezone(UTC), _("j M Y")) if value else ""


@register.filter
def megabytes(size: int) -> str:
    return f"{size / 2**20:,.1f}"


@register.filter
def from_ms(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


@register.filter
def times(stretch: Stretch) -> str:
    """`2025-01-01 07:00 – 08:00`: when its first and its last bar open, in UTC."""
    first, last = from_ms(stretch.first), from_ms(stretch.last)
    if first == last:
        return f"{first:%Y-%m-%d %H:%M}"
    ending = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} – {ending}"


@register.filter
def lasting(stretch: Stretch, timeframe_ms: int) -> timedelta:
    """How long a stretch of bars is."""
    return timedelta(milliseconds=stretch.bars * timeframe_ms)


def _rects(name: str, parts: Sequence[Part]) -> SafeString:
    return format_html_join(
        "", '<rect class="{}" x="{}%" width="{}%" height="100%"/>', ((name, part.x, part.width) for part in parts)
    )


def _anchor(x: float) -> str:
    return "start" if x < 6 else "middle"


def _tick(at: datetime, axis: Axis) -> str:
    """Days on a short axis, months on a long one, years alone where every label is a January."""
    if axis.is_short:
        # Translators: how a day without its year is written, in the letters of Django's "date" filter
        return date_format(at, _("j M"))
    if all(tick.at.month == 1 for tick in axis.ticks()):
        # Translators: how a year is written, in the letters of Django's "date" filter
        return date_format(at, _("Y"))
    if at.month > 1 and at != axis.ticks()[0].at:  # its year stands further to the left
        # Translators: how a month without its year is written, in the letters of Django's "date" filter
        return date_format(at, _("M"))
    # Translators: how a month is written, in the letters of Django's "date" filter
    return date_format(at, _("M Y"))
