"""Every figure that a page shows: money, spreads, percentages, prices, times. `static/js/format.js` mirrors it.

Filters give plain text; `num` and `moment` give the marked-up figure with its unit in a quieter tone.
English and Chinese both group thousands with a comma and mark decimals with a point.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from exchanges.symbols import is_inverse, settle_of

register = template.Library()

MINUS = "\u2212"
THIN = "\u2009"
NONE = "\u2013"
PRICE_DIGITS = 5

Number = Decimal | float | int | str | None


def number_of(value: Number) -> Decimal | None:
    """None for nothing, for what is no number and for what is not finite."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain(value: Number, digits: int, *, signed: bool = False) -> str:
    number = number_of(value)
    if number is None:
        return NONE
    rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{abs(rounded):,.{digits}f}"
    if rounded < 0:
        return MINUS + text
    return "+" + text if signed else text


def _with(text: str, unit: str) -> str:
    return text if text == NONE else text + unit


@register.filter
def money(value: Number) -> str:
    return plain(value, 2)


@register.filter
def signed(value: Number) -> str:
    return plain(value, 2, signed=True)


@register.filter
def signed_cell(value: Number) -> str:
    """As `signed`, for tables: nothing is drawn as a dash."""
    text = plain(value, 2, signed=True)
    return NONE if text == "+0.00" else text


@register.filter
def whole(value: Number) -> str:
    return plain(value, 0)


@register.filter
def whole_signed(value: Number) -> str:
    return plain(value, 0, signed=True)


@register.filter
def spread(value: Number) -> str:
    return plain(value, 2, signed=True)


@register.filter
def pp(value: Number) -> str:
    """A spread with its unit: `+5.92 pp`."""
    return _with(spread(value), f" {_('pp')}")


@register.filter
def distance(value: Number) -> str:
    """A distance between spreads, without sign: `1.47 pp`."""
    return _with(gap(value), f" {_('pp')}")


def gap(value: Number) -> str:
    number = number_of(value)
    return plain(None if number is None else abs(number), 2)


@register.filter
def pct(value: Number) -> str:
    return _with(plain(value, 2), f"{THIN}%")


@register.filter
def pct_signed(value: Number) -> str:
    return _with(plain(value, 2, signed=True), f"{THIN}%")


@register.filter
def pct_abs(value: Number) -> str:
    """For use beside an arrow, which says the sign."""
    return _with(gap(value), f"{THIN}%")


@register.filter
def funding(value: Number) -> str:
    return _with(plain(value, 4, signed=True), f"{THIN}%")


@register.filter
def price(value: Number, digits: Number = None) -> str:
    """`digits`: decimals, or the venue's tick; without it as many as show five significant figures."""
    number = number_of(value)
    if number is None:
        return NONE
    return plain(number, price_digits(number, digits))


def price_digits(number: Decimal, digits: Number = None) -> int:
    if isinstance(digits, Decimal) and digits:  # a tick; 0 where prices have none
        return max(0, -int(digits.normalize().as_tuple().exponent))
    if digits is not None and not isinstance(digits, Decimal):
        return int(digits)
    if number == 0:
        return 2
    return min(10, max(2, PRICE_DIGITS - 1 - math.floor(math.log10(abs(number)))))


@register.filter
def amount(value: Number) -> str:
    """A quantity in base units: eight decimals at most, none that are zero."""
    number = number_of(value)
    if number is None:
        return NONE
    text = plain(number, 8)
    return text.rstrip("0").rstrip(".")


@register.filter
def signed_amount(value: Number) -> str:
    """Of coins that were earned or lost."""
    number = number_of(value)
    return NONE if number is None else plain(number, coin_places(number), signed=True)


def coin_places(number: Decimal) -> int:
    """Eight decimals of less than a coin, fewer of many."""
    return max(2, 8 - max(number.adjusted() + 1, 0))


@register.filter
def count(value: Number) -> str:
    return plain(value, 0)


@register.filter
def tone(value: Number) -> str:
    """CSS class of a profit or loss as it is rounded: `pos`, `neg` or nothing."""
    text = plain(value, 2, signed=True)
    if text in (NONE, "+0.00"):
        return ""
    return "neg" if text.startswith(MINUS) else "pos"


@register.filter
def arrow(value: Number) -> str:
    """CSS classes of a change whose sign an arrow says."""
    return {"pos": "pos up", "neg": "neg down"}.get(tone(value), "")


@register.filter
def duration(value: timedelta | float | int | None) -> str:
    """`6.8 s`, `4 m 05 s`, `15 h 00 m`, `2 d 10 h`."""
    if value is None:
        return NONE
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 60:
        return _("%(s)s s") % {"s": f"{max(0.0, seconds):.1f}"}
    minutes = int(seconds) // 60
    if minutes < 60:
        return _("%(m)s m %(s)s s") % {"m": minutes, "s": f"{int(seconds) % 60:02d}"}
    if minutes < 24 * 60:
        return _("%(h)s h %(m)s m") % {"h": minutes // 60, "m": f"{minutes % 60:02d}"}
    return _("%(d)s d %(h)s h") % {"d": minutes // 1440, "h": minutes // 60 % 24}


@register.filter
def since(value: datetime | None, now: datetime | None = None) -> str:
    """`14 s ago`, `28 min ago`, `2 h ago`, `3 d ago`."""
    if value is None:
        return NONE
    seconds = max(0, int(((now or timezone.now()) - value).total_seconds()))
    if seconds < 60:
        return _("%(n)s s ago") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)s min ago") % {"n": seconds // 60}
    if seconds < 86400:
        return _("%(n)s h ago") % {"n": seconds // 3600}
    return _("%(n)s d ago") % {"n": seconds // 86400}


@register.filter
def when(value: datetime | None) -> str:
    """In the user's zone: `4 Feb 02:40`, with the year when it is not this one."""
    if value is None:
        return NONE
    local = timezone.localtime(value)
    same_year = local.year == timezone.localtime().year
    # Translators: how a moment is written, in the letters of Django's "date" filter
    return date_format(local, _("j M H:i") if same_year else _("j M Y H:i"))


@register.filter
def exact(value: datetime | None) -> str:
    """To the second, with the zone: what hovering over a time says."""
    return NONE if value is None else timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S %Z")


@register.simple_tag
def moment(value: datetime | None, style: str = "when") -> str:
    """A time as `when`, or relative with `style="since"`; the exact one on hover."""
    if value is None:
        return NONE
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        value.isoformat(),
        exact(value),
        SafeString(" data-since") if style == "since" else "",
        since(value) if style == "since" else when(value),
    )


KINDS: dict[str, Callable[[Any], str]] = {
    "money": money,
    "signed": signed,
    "signed_cell": signed_cell,
    "whole": whole,
    "whole_signed": whole_signed,
    "spread": spread,
    "distance": gap,
    "pct": pct,
    "pct_signed": pct_signed,
    "pct_abs": pct_abs,
    "funding": funding,
    "price": price,
    "amount": amount,
    "count": count,
    "duration": duration,
}
IN_PP = {"spread", "distance"}


@register.simple_tag
def num(value: Number, kind: str = "money", unit: str = "", **options: Number) -> str:
    """A figure, its unit quieter. Options:

    toned: coloured by its own sign; tone_of: by another figure's; digits: a price's decimals, or the tick;
    bare: without the unit that its kind brings along;
    live: the field of the live figures that keeps it up to date (static/js/figures.js).
    """
    text = price(value, options.get("digits")) if kind == "price" else KINDS[kind](value)
    colour = tone(value if options.get("toned") else options.get("tone_of"))
    unit = unit or (_("pp") if kind in IN_PP and not options.get("bare") else "")
    return format_html(
        '<span class="num{}"{}><span class="v">{}</span>{}</span>',
        f" {colour}" if colour else "",
        _live_attributes(kind, options) if options.get("live") else "",
        text,
        format_html('<span class="unit"> {}</span>', unit) if unit and text != NONE else "",
    )


@register.simple_tag
def settled(symbol: str, value: Number, kind: str = "money") -> str:
    """A sum in what the market settles in; of coins with their name. `kind`: money, signed or signed_cell, the latter
    two coloured by their sign."""
    toned = kind != "money"
    if not is_inverse(symbol):
        return num(value, kind, toned=toned)
    number = number_of(value)
    if not number:
        return num(None)
    colour = tone(number) if toned else ""
    return format_html(
        '<span class="num{}"><span class="v">{}</span><span class="unit"> {}</span></span>',
        f" {colour}" if colour else "",
        signed_amount(number) if toned else amount(round(number, coin_places(number))),
        settle_of(symbol),
    )


def _live_attributes(kind: str, options: dict[str, Number]) -> SafeString:
    marks = format_html(' data-live="{}" data-kind="{}"', options["live"], kind)
    if options.get("toned"):
        marks += SafeString(" data-toned")
    if (digits := options.get("digits")) is not None:
        marks += format_html(' data-digits="{}"', price_digits(Decimal(1), digits))
    return marks
