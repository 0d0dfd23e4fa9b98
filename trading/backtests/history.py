"""What the candle store has of two markets, and whether that is enough for a back-test."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from exchanges.models import CandleSet, shelf_name
from exchanges.symbols import short
from exchanges.timeframes import TIMEFRAME_MS

BARS_MIN: Final = 2
FIELDS: Final = ("market1_symbol", "market2_symbol")

Errors = list[tuple[str, ValidationError]]


class HistoryRefused(Exception):
    def __init__(self, errors: Errors) -> None:
        super().__init__("; ".join(field for field, _error in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class History:
    """Opening times of the first and the last bar that a run can go over, and how many there are without gaps."""

    first: datetime
    last: datetime
    bars: int


def history_of(
    exchange: str,
    market1: str,
    market2: str,
    timeframe: str,
    since: datetime | None,
    until: datetime | None,
) -> History:
    """The series, one where `market2` is empty, must cover the whole time that is asked for; raises HistoryRefused with
    what is stored instead."""
    length = timedelta(milliseconds=TIMEFRAME_MS[timeframe])
    symbols = {field: symbol for field, symbol in zip(FIELDS, (market1, market2), strict=True) if symbol}
    stored = CandleSet.objects.filter(exchange=exchange, symbol__in=symbols.values(), timeframe=timeframe)
    sets = {row.symbol: row for row in stored}
    missing = [
        (field, _not_stored(exchange, symbol, timeframe, since))
        for field, symbol in symbols.items()
        if symbol not in sets
    ]
    if missing:
        raise HistoryRefused(missing)
    chosen = [sets[symbol] for symbol in symbols.values()]
    if errors := list(_range_errors(chosen, since, until, length)):
        raise HistoryRefused(errors)
    return _common(chosen, since, until, length)


def with_addresses(error: ValidationError) -> ValidationError:
    """The same, and behind each sentence about what is not stored the page where it can be downloaded."""
    if not hasattr(error, "error_dict"):
        return error
    return ValidationError({name: [_addressed(each) for each in found] for name, found in error.error_dict.items()})


def _addressed(error: ValidationError) -> ValidationError:
    address = (error.params or {}).get("address")
    if not address:
        return error
    return ValidationError(f"{' '.join(error.messages)} {address}", code=error.code)


def _address(exchange: str, symbol: str, timeframe: str, since: datetime | None = None) -> str:
    query = {"exchange": exchange, "symbol": symbol, "timeframe": timeframe}
    return f"/data/?{urlencode(query | ({'since': f'{since:%Y-%m-%d}'} if since else {}))}"


def _not_stored(exchange: str, symbol: str, timeframe: str, since: datetime | None) -> ValidationError:
    params = {"symbol": short(symbol), "exchange": shelf_name(exchange), "timeframe": timeframe}
    params |= {"address": _address(exchange, symbol, timeframe, since)}
    found = CandleSet.objects.filter(exchange=exchange, symbol=symbol).values_list("timeframe", flat=True)
    stored = sorted(found, key=lambda name: TIMEFRAME_MS.get(name, 0))
    if not stored:
        sentence = _("No candles of %(symbol)s at %(exchange)s are stored. Download them under Data.")
        return ValidationError(sentence, code="not_stored", params=params)
    sentence = _(
        "No %(timeframe)s candles of %(symbol)s at %(exchange)s are stored, only %(stored)s. Download them under Data."
    )
    return ValidationError(sentence, code="not_stored", params=params | {"stored": ", ".join(stored)})


def _range_errors(
    sets: list[CandleSet], since: datetime | None, until: datetime | None, length: timedelta
) -> Iterator[tuple[str, ValidationError]]:
    if since and until and until <= since:
        yield "until", ValidationError(_("Must lie after the beginning."), code="order")
        return
    for row in sets:
        if since and since < row.first_at:
            yield "since", _uncovered(row, length, since)
        if until and until > row.last_at + length:
            yield "until", _uncovered(row, length)
        if since and since > row.last_at:
            yield "since", _uncovered(row, length)
        if until and until <= row.first_at:
            yield "until", _uncovered(row, length)


def _uncovered(row: CandleSet, length: timedelta, since: datetime | None = None) -> ValidationError:
    sentence = _("Candles of %(symbol)s are stored from %(first)s to %(last)s UTC. Download the rest under Data.")
    params = {"symbol": short(row.symbol), "first": _shown(row.first_at), "last": _shown(row.last_at + length)}
    params |= {"address": _address(row.exchange, row.symbol, row.timeframe, since or row.first_at)}
    return ValidationError(sentence, code="not_stored", params=params)


def _common(sets: list[CandleSet], since: datetime | None, until: datetime | None, length: timedelta) -> History:
    first, last = max(row.first_at for row in sets), min(row.last_at for row in sets)
    if since and since > first:
        first += -((first - since) // length) * length  # the first bar that opens at or after it
    if until and until <= last:
        last = first + (until - first - timedelta(microseconds=1)) // length * length
    bars = (last - first) // length + 1
    if bars >= BARS_MIN:
        return History(first, last, bars)
    if since or until or len(sets) == 1:
        field = "until" if until else "since" if since else "market1_symbol"
        raise HistoryRefused([(field, ValidationError(_("Leaves fewer than two bars."), code="too_short"))])
    sentence = _("The two markets have no time in common: %(one)s and %(two)s are stored for different times.")
    params = {"one": short(sets[0].symbol), "two": short(sets[1].symbol)}
    raise HistoryRefused([("market2_symbol", ValidationError(sentence, code="too_short", params=params))])


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
