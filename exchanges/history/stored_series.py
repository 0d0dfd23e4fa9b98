"""The candle store's catalogue as one list: candles of every timeframe, and funding rates."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import Case, CharField, IntegerField, QuerySet, Value, When

from exchanges.adapters.paper_source import from_ms
from exchanges.history.catalogue import missing_bars
from exchanges.models import CandleSet, FundingSet
from exchanges.timeframes import TIMEFRAME_MS, timeframe_ms

CANDLES: Final = "candles"
FUNDING: Final = "funding"
GAPS_SHOWN: Final = 100
_KEY: Final = ("exchange", "symbol", "timeframe")
_LAST: Final = len(TIMEFRAME_MS)


Stored = CandleSet | FundingSet


class StoredSeries(Sequence[Stored]):
    """By exchange, symbol and length of their bars, read as far as they are looked at.

    `wanted` holds exact values of exchange, symbol, timeframe and kind; `text` is a part of the symbol.
    """

    def __init__(self, wanted: Mapping[str, str], text: str = "") -> None:
        fields = {name: value for name, value in wanted.items() if name in _KEY and value}
        if text:
            fields["symbol__icontains"] = text
        kind = wanted.get("kind")
        candle_sets = CandleSet.objects.filter(**fields)
        funding_sets = FundingSet.objects.filter(**{name: fields[name] for name in fields if name != "timeframe"})
        if kind == FUNDING:
            candle_sets = candle_sets.none()
        if kind == CANDLES or "timeframe" in fields:
            funding_sets = funding_sets.none()
        of_candles = _keyed(candle_sets.annotate(length=_length()), CANDLES)
        of_funding = _keyed(funding_sets.annotate(timeframe=_text(""), length=Value(_LAST)), FUNDING)
        self._keys = of_candles.union(of_funding, all=True).order_by("exchange", "symbol", "length")
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = self._keys.count()
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return _rows(list(self._keys[index]))
        return _rows([self._keys[index]])[0]


def series_row(row: Stored) -> dict[str, Any]:
    return candle_row(row) if isinstance(row, CandleSet) else funding_row(row)


def candle_row(row: CandleSet) -> dict[str, Any]:
    """JSON-ready but for times. Of the gaps the first GAPS_SHOWN."""
    length = timeframe_ms(row.timeframe)
    shown = row.gaps[:GAPS_SHOWN]
    return _common(row, CANDLES) | {
        "timeframe": row.timeframe,
        "flat_bars": row.flat_bars,
        "gap_count": len(row.gaps),
        "missing_bars": missing_bars(row),
        "gaps": [stretch_row(first, last, (last - first) // length + 1) for first, last in shown],
    }


def funding_row(row: FundingSet) -> dict[str, Any]:
    return _common(row, FUNDING) | {"timeframe": "", "flat_bars": 0, "gap_count": 0, "missing_bars": 0, "gaps": []}


def stretch_row(first: int, last: int, bars: int) -> dict[str, Any]:
    return {"first_at": from_ms(first), "last_at": from_ms(last), "bars": bars}


def _common(row: Stored, kind: str) -> dict[str, Any]:
    names = ("id", "exchange", "symbol", "rows", "first_at", "last_at", "source", "updated_at")
    return {"kind": kind} | {name: getattr(row, name) for name in names}


def _keyed(rows: QuerySet[Any], kind: str) -> QuerySet[Any, Any]:
    return rows.annotate(kind=_text(kind)).values_list("kind", "pk", "exchange", "symbol", "length")


def _length() -> Case:
    """Shorter bars first."""
    places = [When(timeframe=name, then=Value(place)) for place, name in enumerate(TIMEFRAME_MS)]
    return Case(*places, default=Value(_LAST), output_field=IntegerField())


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def _rows(keys: Sequence[tuple[Any, ...]]) -> list[Stored]:
    found: dict[tuple[str, int], Stored] = {}
    found |= {(CANDLES, row.pk): row for row in CandleSet.objects.filter(pk__in=_ids(keys, CANDLES))}
    found |= {(FUNDING, row.pk): row for row in FundingSet.objects.filter(pk__in=_ids(keys, FUNDING))}
    return [found[kind, pk] for kind, pk, *_ in keys if (kind, pk) in found]


def _ids(keys: Sequence[tuple[Any, ...]], kind: str) -> list[int]:
    return [pk for its_kind, pk, *_ in keys if its_kind == kind]
