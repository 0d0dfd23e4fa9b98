"""JSON of recorded history and of its downloads."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from exchanges.api.fields import RowSerializer
from exchanges.history.download_data import EXCHANGES, TYPES
from exchanges.history.download_rows import PLAIN, download_row
from exchanges.history.stored_series import CANDLES, FUNDING, Stored, series_row
from exchanges.models import CandleDownload
from exchanges.timeframes import TIMEFRAME_MS

KINDS = [CANDLES, FUNDING]


class SeriesQuery(serializers.Serializer):
    exchange = serializers.ChoiceField(choices=EXCHANGES, required=False)
    symbol = serializers.CharField(required=False, max_length=40, help_text="As listed, such as GALA/USDT:USDT.")
    timeframe = serializers.ChoiceField(choices=list(TIMEFRAME_MS), required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)


class StretchSerializer(serializers.Serializer):
    """Bars in a row, by their opening times."""

    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    bars = serializers.IntegerField()


class SeriesSerializer(serializers.Serializer):
    """One stored series. `gaps` (the first hundred) nobody recorded; in `flat_bars` nothing moved and nothing was
    traded, as when the exchange is down. Funding rates have no timeframe."""

    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.IntegerField(help_text="Unique within its kind.")
    exchange = serializers.ChoiceField(choices=EXCHANGES)
    symbol = serializers.CharField()
    timeframe = serializers.ChoiceField(choices=list(TIMEFRAME_MS), allow_blank=True)
    rows = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    flat_bars = serializers.IntegerField()
    gap_count = serializers.IntegerField()
    missing_bars = serializers.IntegerField()
    gaps = StretchSerializer(many=True)
    source = serializers.CharField()  # type: ignore[assignment]
    updated_at = serializers.DateTimeField()

    def to_representation(self, instance: Stored) -> dict[str, Any]:
        return series_row(instance)


class HolesSerializer(serializers.Serializer):
    """All gaps of a series, and the stretches of flat bars in it."""

    gaps = StretchSerializer(many=True)
    outages = StretchSerializer(many=True)


class MissingSerializer(serializers.Serializer):
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class DownloadSerializer(RowSerializer):
    """`done` of `total` bars (of funding rates: hours) are looked at, `rows` of them newly stored. `missing` (the first
    hundred) the exchange does not have; `message` says why it failed."""

    missing = MissingSerializer(many=True, read_only=True)

    class Meta:
        model = CandleDownload
        fields = [*PLAIN, "missing", "message"]
        row = staticmethod(download_row)


class DownloadSettings(serializers.Serializer):
    """History of one market to download."""


class DownloadSettingsSchema(OpenApiSerializerExtension):
    target_class = DownloadSettings

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Times may be dates alone, which DRF's field does not know."""
        time = {"type": "string", "maxLength": 40, "example": "2025-01-01"}
        properties = {
            "exchange": {"type": "string", "enum": list(EXCHANGES)},
            "symbol": {"type": "string", "example": "GALA/USDT"},
            "type": {"type": "string", "enum": list(TYPES), "default": TYPES[0]},
            "kind": {"type": "string", "enum": KINDS, "default": CANDLES},
            "timeframe": {"type": "string", "enum": list(TIMEFRAME_MS), "description": "Of candles, which need it."},
            "since": time | {"description": "The first bar's time: ISO 8601, UTC unless it names a zone."},
            "until": time | {"nullable": True, "description": "Bars that open before it; left out: until now."},
        }
        return {
            "type": "object",
            "properties": properties,
            "required": ["exchange", "symbol", "since"],
            "additionalProperties": False,
        }
