"""The wish for a scan as it arrives, checked as a whole: every mistake is named at once, beside its field."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bots.settings.fields import read_symbol
from bots.settings.readers import read_choice, read_flag, read_instant, read_number, read_whole, required
from exchanges.history.download_data import EXCHANGES as SHELVES
from exchanges.timeframes import TIMEFRAME_MS

EXCHANGES: Final = list(SHELVES)
MARKETS_MOST: Final = 250
"""31,125 pairs."""
OUT_OF_SAMPLE: Final = (10, 60)
SIZE_MOST: Final = "1000000000"
COST_MOST: Final = "10"
REQUIRED: Final = ("exchange", "timeframe")

_COLUMNS: Final = {"download": "is_download_wanted"}


def _read_symbols(value: Any) -> list[str]:
    """A list, or text with commas; none: all that are stored."""
    names = value.replace("\n", ",").split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise ValidationError(_("Send the markets as a list."), code="not_a_list")
    wanted = value.strip() if isinstance(value, str) else names
    names = [name for name in names if not (isinstance(name, str) and not name.strip())]
    if len(names) > MARKETS_MOST:
        raise ValidationError(_("At most %(most)s markets."), code="too_many", params={"most": MARKETS_MOST})
    symbols = list(dict.fromkeys(read_symbol(name) for name in names))
    if len(symbols) == 1 or (wanted and not symbols):
        raise ValidationError(_("Name at least two markets, or none for all."), code="too_few")
    return symbols


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "exchange": lambda value: read_choice(value, EXCHANGES),
    "timeframe": lambda value: read_choice(value, list(TIMEFRAME_MS)),
    "symbols": _read_symbols,
    "since": read_instant,
    "until": read_instant,
    "out_of_sample_pct": lambda value: read_whole(value, low=OUT_OF_SAMPLE[0], high=OUT_OF_SAMPLE[1]),
    "size_quote": lambda value: float(read_number(value, high=SIZE_MOST, places=2)),
    "cost_pct": lambda value: float(read_number(value, high=COST_MOST, above_low=False, places=4)),
    "download": read_flag,
}


def clean_scan_data(data: Any) -> dict[str, Any]:
    """Columns of a new row; what is not sent is as the row's defaults. Raises ValidationError by field."""
    if not isinstance(data, Mapping):
        raise ValidationError(_("Send the settings as an object."), code="not_an_object")
    values: dict[str, Any] = {}
    errors: dict[str, list[ValidationError]] = {}
    for name, value in data.items():
        try:
            if name not in READERS:
                raise ValidationError(_("This is not a setting of a scan."), code="unknown")
            if value not in (None, ""):
                values[str(_COLUMNS.get(name, name))] = READERS[name](value)
        except ValidationError as error:
            errors[name[:60] if isinstance(name, str) else repr(name)[:60]] = error.error_list
    for name in REQUIRED:
        if name not in values and name not in errors:
            errors[name] = [required()]
    if "since" in values and "until" in values and values["until"] <= values["since"]:
        errors["until"] = [ValidationError(_("Must lie after the beginning."), code="order")]
    if errors:
        raise ValidationError(errors)
    return values
