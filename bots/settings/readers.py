"""Single values as people and programs send them, read strictly: a ValidationError says what can be used."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from bots.amounts import grouped_exact

_NUMBER_LENGTH = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 2009, 2200


def read_number(value: Any, *, high: str, low: str = "0", above_low: bool = True, places: int) -> Decimal:
    """From text or a number, rounded to `places` decimals; `above_low` excludes the lower bound itself."""
    number = _finite(value)
    least, most = Decimal(low), Decimal(high)
    if least <= number <= most:
        number = number.quantize(Decimal(1).scaleb(-places))
        if number > least or (number == least and not above_low):
            return number
    sentence = _("Enter a number above %(low)s, at most %(high)s.") if above_low else _("Enter %(low)s to %(high)s.")
    raise ValidationError(sentence, code="range", params={"low": grouped_exact(least), "high": grouped_exact(most)})


def read_whole(value: Any, *, low: int, high: int) -> int:
    number = _finite(value)
    if not low <= number <= high or number != number.to_integral_value():
        raise ValidationError(
            _("Enter a whole number from %(low)s to %(high)s."), code="range", params={"low": low, "high": high}
        )
    return int(number)


def read_choice(value: Any, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValidationError(_("Choose one of: %(choices)s."), code="choice", params={"choices": ", ".join(choices)})
    return str(value)


def read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "on", "1", "yes"):
        return True
    if isinstance(value, str) and value.lower() in ("false", "off", "0", "no"):
        return False
    raise ValidationError(_("Choose yes or no."), code="flag")


def read_text(value: Any, *, longest: int) -> str:
    """One line without control characters."""
    if not isinstance(value, str):
        raise ValidationError(_("Enter a text."), code="text")
    text = value.strip()
    if not text:
        raise required()
    if len(text) > longest:
        raise ValidationError(_("At most %(longest)s characters."), code="length", params={"longest": longest})
    if not text.isprintable():
        raise ValidationError(_("Only letters, digits, signs and spaces."), code="text")
    return text


def read_instant(value: Any) -> datetime:
    """ISO 8601 (UTC unless it names a zone) or milliseconds since 1970."""
    moment = _instant(value)
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValidationError(_("Enter a date and time, such as 2025-02-11T21:00Z."), code="instant")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def required() -> ValidationError:
    return ValidationError(_("This field is required."), code="required")


def _instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return _EPOCH + timedelta(milliseconds=value) if 0 <= value < 2**43 else None
    if not isinstance(value, str) or len(value) > _NUMBER_LENGTH:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return _instant(int(text))
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _finite(value: Any) -> Decimal:
    number = _decimal(value)
    if number is None or not number.is_finite():
        raise ValidationError(_("Enter a number."), code="number")
    return number


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal | int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if not isinstance(value, str) or len(value) > _NUMBER_LENGTH:
        return None
    try:
        return Decimal(value.strip())
    except InvalidOperation:
        return None
