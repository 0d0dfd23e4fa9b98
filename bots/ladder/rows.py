"""The ladder of a bot: rows of `dca_config`."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bots.settings.readers import read_number, read_whole
from trading.core.types import LEVELS_MAX

SPREAD_MAX = "1000"
MULTIPLIER_MAX = "100"
PLACES = 4

Row = dict[str, Any]


def read_ladder(value: Any) -> list[Row]:
    """Rows `{"times": 1, "spread": 1.0, "multiplier": 1.0}`, numbered from 1. All that is wrong is raised at once."""
    if not isinstance(value, list | tuple) or not value:
        raise ValidationError(_("Enter at least one level."), code="ladder")
    if len(value) > LEVELS_MAX:
        raise ValidationError(
            _("%(count)s levels are too many; at most %(most)s are possible."),
            code="ladder_length",
            params={"count": len(value), "most": LEVELS_MAX},
        )
    rows: list[Row] = []
    errors: list[ValidationError] = []
    for level, raw in enumerate(value, start=1):
        row, wrong = _read_row(level, raw)
        rows.append(row)
        errors += wrong
    if errors:
        raise ValidationError(errors)
    return rows


def ladder_length_error(rows: list[Row], levels: int) -> ValidationError | None:
    if len(rows) >= levels:
        return None
    return ValidationError(
        _("The ladder has %(rows)s rows for %(levels)s levels: add rows or use fewer levels."),
        code="ladder_short",
        params={"rows": len(rows), "levels": levels},
    )


def notional_upto(rows: list[Row], level: int, investment: Decimal) -> Decimal:
    """One leg's notional once this level is filled."""
    return sum((investment * Decimal(str(row["multiplier"])) for row in rows[:level]), Decimal())


def first_level_over(rows: list[Row], levels: int, investment: Decimal, cap: Decimal, *, legs: int = 2) -> int | None:
    """The first level that the maximum position forbids; all legs count."""
    for level in range(1, levels + 1):
        if legs * notional_upto(rows, level, investment) > cap:
            return level
    return None


def _read_row(level: int, raw: Any) -> tuple[Row, list[ValidationError]]:
    if not isinstance(raw, dict):
        return {}, [_wrong(level, "row", _("Level %(level)s: enter a step and a multiplier."))]
    row: Row = {"times": level}
    errors = []
    if not _is_number(raw.get("times", level), level):
        errors.append(_wrong(level, "times", _("Level %(level)s: levels are numbered 1, 2, 3 and so on.")))
    for name, high, sentence in (
        ("spread", SPREAD_MAX, _("Level %(level)s: the step must be above 0 and at most 1,000 percentage points.")),
        ("multiplier", MULTIPLIER_MAX, _("Level %(level)s: the multiplier must be above 0 and at most 100.")),
    ):
        try:
            row[name] = float(read_number(raw.get(name), high=high, places=PLACES))
        except ValidationError:
            errors.append(_wrong(level, name, sentence))
    return row, errors


def _is_number(times: Any, level: int) -> bool:
    try:
        return read_whole(times, low=1, high=LEVELS_MAX) == level
    except ValidationError:
        return False


def _wrong(level: int, column: str, sentence: Any) -> ValidationError:
    return ValidationError(sentence, code=f"ladder_{column}", params={"level": level, "column": column})
