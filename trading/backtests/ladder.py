"""The levels of a ladder as `dca_config` holds them."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.settings.readers import read_whole
from trading.backtests.readers import above_zero, shown
from trading.core.types import LEVELS_MAX

_ROW: Final = ("times", "spread", "multiplier")


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of `dca_config`; `times` counts from 1, `spread` is in percentage points."""

    times: int
    spread: float
    multiplier: float


def read_ladder(value: Any) -> tuple[Rung, ...]:
    """Raises ValueError."""
    if not isinstance(value, list) or not 1 <= len(value) <= LEVELS_MAX:
        raise ValueError(_("must be a list of 1 to %(most)s levels") % {"most": LEVELS_MAX})
    return tuple(_rung(level, row) for level, row in enumerate(value, start=1))


def _rung(level: int, row: Any) -> Rung:
    if not isinstance(row, dict):
        raise ValueError(_("level %(level)s must have a spread and a multiplier") % {"level": level})
    for name in row:
        if name not in _ROW:
            words = {"level": level, "name": shown(name), "names": ", ".join(_ROW)}
            raise ValueError(_("level %(level)s: %(name)s is not one of %(names)s") % words)
    values = {}
    for name in ("spread", "multiplier"):
        if name not in row:
            raise ValueError(_("level %(level)s: %(name)s is needed") % {"level": level, "name": name})
        try:
            values[name] = above_zero(row[name])
        except ValueError as error:
            words = {"level": level, "name": name, "problem": error}
            raise ValueError(_("level %(level)s: %(name)s %(problem)s") % words) from None
    if _whole(row.get("times", level)) != level:
        sentence = _("level %(level)s: times must be %(level)s, as levels are numbered 1, 2, 3 and so on")
        raise ValueError(sentence % {"level": level})
    return Rung(level, **values)


def _whole(value: Any) -> int | None:
    try:
        return read_whole(value, low=1, high=LEVELS_MAX)
    except ValidationError:
        return None
