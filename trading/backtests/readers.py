"""Single values of a back-test's parameters. Unlike a bot's they keep every decimal: no venue or column rounds them.

Each raises ValueError with what can be used instead, in the language of the moment.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

MOST: Final = 1e15
LEAST: Final = 1 / MOST
"""But for 0: products of smaller numbers vanish."""
LAST_MS: Final = 2**43
_LONGEST: Final = 64

Reader = Callable[[Any], Any]


def number(value: Any) -> float:
    """A number, or text that is one."""
    if isinstance(value, str) and len(value) <= _LONGEST and "_" not in value:
        value = _float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_("must be a number"))
    if not abs(value) <= MOST:
        raise ValueError(_("must be a number of at most %(most)s") % {"most": f"{MOST:g}"})
    return float(value)


def above_zero(value: Any) -> float:
    found = number(value)
    if found <= 0:
        raise ValueError(_("must be above %(limit)s, not %(given)s") % {"limit": 0, "given": f"{found:g}"})
    if found < LEAST:
        numbers = {"limit": f"{LEAST:g}", "given": f"{found:g}"}
        raise ValueError(_("must be at least %(limit)s, not %(given)s") % numbers)
    return found


def zero_or_more(value: Any) -> float:
    found = number(value)
    if found < 0:
        raise ValueError(_("must be at least %(limit)s, not %(given)s") % {"limit": 0, "given": f"{found:g}"})
    return found


def below(limit: float) -> Reader:
    def read(value: Any) -> float:
        found = zero_or_more(value)
        if found >= limit:
            numbers = {"limit": f"{limit:g}", "given": f"{found:g}"}
            raise ValueError(_("must be below %(limit)s, not %(given)s") % numbers)
        return found

    return read


def within(least: float, most: float) -> Reader:
    def read(value: Any) -> float:
        found = number(value)
        if not least <= found <= most:
            numbers = {"least": f"{least:g}", "most": f"{most:g}", "given": f"{found:g}"}
            raise ValueError(_("must be from %(least)s to %(most)s, not %(given)s") % numbers)
        return found

    return read


def optional(reader: Reader) -> Reader:
    """null means that there is none."""
    return lambda value: None if value is None else reader(value)


def lot_step(value: Any) -> float:
    """Base units; 0 for no rounding."""
    found = zero_or_more(value)
    if 0 < found < LEAST:
        numbers = {"least": f"{LEAST:g}", "given": f"{found:g}"}
        raise ValueError(_("must be 0 or at least %(least)s, not %(given)s") % numbers)
    return found


def instant(value: Any) -> int:
    """ISO 8601 (UTC unless it names a zone) or milliseconds since 1970, as milliseconds."""
    found = _milliseconds(value)
    if found is None or not 0 <= found < LAST_MS:
        raise ValueError(_("must be a time such as 2025-02-11T21:00Z, or milliseconds since 1970"))
    return found


def shown(name: str) -> str:
    """On one line, whatever it holds."""
    return name[:60] if name.isprintable() and name else repr(name[:60])


def _milliseconds(value: Any) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else _iso(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else None


def _iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
