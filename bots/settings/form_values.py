"""Single values of the bot form, between what a person types and what the services read."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils import timezone
from django.utils.dateparse import parse_datetime

LOCAL_FORMAT: Final = "%Y-%m-%dT%H:%M"
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]")


def typed_number(text: str) -> str:
    """Without grouping and spaces, with a plain minus; anything else stays as it was typed."""
    bare = _SPACES.sub("", text).replace("\u2212", "-")
    return bare.replace(",", "") if _GROUPED.fullmatch(bare) else bare


def shown_number(value: Any, *, least: int = 2, grouped: bool = True) -> str:
    """With at least so many decimals and no zeros behind them; what is no number stays as it is."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    exponent = number.normalize().as_tuple().exponent
    places = max(least, -int(exponent))
    return f"{number:{',' if grouped else ''}.{places}f}"


def typed_instant(text: str) -> str:
    """What the date field sends, in the user's zone, as ISO with its zone; what cannot be read stays as it is."""
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        return text
    if moment is None:
        return text
    return (timezone.make_aware(moment) if timezone.is_naive(moment) else moment).isoformat()


def shown_instant(at: datetime) -> str:
    return timezone.localtime(at).strftime(LOCAL_FORMAT)
