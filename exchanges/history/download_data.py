"""The wish for a download as it arrives, checked as a whole: every mistake is named beside its field."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from bots.amounts import grouped_exact
from exchanges.models import CandleDownload, Exchange
from exchanges.symbols import canonical
from exchanges.timeframes import TIMEFRAME_MS

VENUES: Final = tuple(name for name in Exchange.values if name != Exchange.PAPER)
EXCHANGES: Final = (*VENUES, str(Exchange.PAPER))
"""Shelves of the candle store: the venues', and the simulated market's."""
TYPES: Final = ("swap", "spot")
FIELDS: Final = ("exchange", "symbol", "type", "kind", "timeframe", "since", "until")
FIRST: Final = datetime(2010, 1, 1, tzinfo=UTC)
BARS_MAX: Final = 3_000_000
"""At once: five years of minutes, an hour's work at the slowest venue."""
_SYMBOL_LENGTH: Final = 40
_DATE_DIGITS: Final = 8  # 20250211 is a date


def clean_download_data(data: Any, now: datetime) -> dict[str, Any]:
    """Fields of a new row. Raises ValidationError with every complaint."""
    if not isinstance(data, Mapping):
        raise ValidationError(_("Send the wish as an object."))
    wish = _Wish(data, now)
    values: dict[str, Any] = {
        "exchange": wish.choice("exchange", EXCHANGES),
        "kind": wish.choice("kind", CandleDownload.Kind.values, str(CandleDownload.Kind.CANDLES)),
        "symbol": wish.symbol(),
        "since": wish.instant("since"),
        "until": wish.instant("until", default=now),
    }
    values["timeframe"] = wish.timeframe(values["kind"])
    wish.check_range(values)
    for name in sorted(set(map(str, data)) - set(FIELDS)):
        wish.refuse(name[:_SYMBOL_LENGTH], _("There is no such field."))
    if wish.errors:
        raise ValidationError(wish.errors)
    return values


class _Wish:
    def __init__(self, data: Mapping[str, Any], now: datetime) -> None:
        self._data, self._now = data, now
        self.errors: dict[str, list[str]] = {}

    def refuse(self, name: str, text: str) -> None:
        self.errors.setdefault(name, []).append(text)

    def choice(self, name: str, choices: Any, default: str = "") -> str:
        value = self._data.get(name) or default
        if isinstance(value, str) and value in choices:
            return value
        self.refuse(name, _("Choose one of %(choices)s.") % {"choices": ", ".join(choices)})
        return ""

    def symbol(self) -> str:
        kind, value = self.choice("type", TYPES, TYPES[0]), self._data.get("symbol")
        try:
            symbol = canonical(value, kind) if isinstance(value, str) and kind else ""
        except ValueError:
            symbol = ""
        if kind and not 0 < len(symbol) <= _SYMBOL_LENGTH:
            self.refuse("symbol", _("Enter a market, such as GALA/USDT."))
        return symbol

    def timeframe(self, kind: str) -> str:
        """Funding rates have none."""
        if kind != CandleDownload.Kind.FUNDING:
            return self.choice("timeframe", tuple(TIMEFRAME_MS))
        if self._data.get("timeframe"):
            self.refuse("timeframe", _("Funding rates have no timeframe."))
        if self._data.get("type") == "spot":
            self.refuse("type", _("Only perpetual swaps have funding rates."))
        return ""

    def instant(self, name: str, default: datetime | None = None) -> datetime | None:
        value = self._data.get(name)
        if value in (None, "") and default is not None:
            return default
        moment = read_instant(value)
        if moment is None or not moment >= FIRST:
            self.refuse(name, _("Enter a time since 2010, such as 2025-02-11 or 2025-02-11T21:00Z."))
            return None
        return min(moment, self._now) if default is not None else moment

    def check_range(self, values: Mapping[str, Any]) -> None:
        since, until = values["since"], values["until"]
        if since is None or until is None:
            return
        if since >= self._now:
            self.refuse("since", _("That time has not come yet."))
        elif since >= until:
            self.refuse("until", _("The end must be after the start."))
        elif values["timeframe"]:
            self._check_bars((until - since) // timedelta(milliseconds=TIMEFRAME_MS[values["timeframe"]]))

    def _check_bars(self, bars: int) -> None:
        if bars > BARS_MAX:
            text = _("That is %(bars)s bars; at most %(most)s at once. Choose a later start or a longer timeframe.")
            self.refuse("since", text % {"bars": grouped_exact(bars), "most": grouped_exact(BARS_MAX)})
        elif not bars:
            self.refuse("until", _("That is less than one bar."))


def read_instant(value: Any) -> datetime | None:
    """ISO 8601, a date alone too, UTC unless it names a zone; or milliseconds since 1970. None for what is no time."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > _SYMBOL_LENGTH:
        return None
    try:
        if value.isascii() and value.isdigit() and len(value) > _DATE_DIGITS:
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        moment = parse_datetime(value.strip())
        if moment is None and (day := parse_date(value.strip())):
            moment = datetime(day.year, day.month, day.day)
        if moment is None:
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
