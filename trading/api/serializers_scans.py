"""JSON of scans for pairs."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from exchanges.api.fields import RowSerializer
from exchanges.models import JobStatus
from exchanges.timeframes import TIMEFRAME_MS
from trading.api.filters_scans import ORDERINGS
from trading.models import PairScan, ScannedPair
from trading.scans.rows import PAIR_FIELDS, SCAN_FIELDS, listed_scan_row, pair_row, scan_row
from trading.scans.validation import COST_MOST, EXCHANGES, MARKETS_MOST, OUT_OF_SAMPLE, REQUIRED, SIZE_MOST

GROWING = ("symbols", "markets")
ADDED = ["download", "waiting_for", "problems", "summary"]


class ScanSettings(serializers.Serializer):
    """What to look at. Without `symbols`: every market of the candle store."""


class ScanSettingsSchema(OpenApiSerializerExtension):
    target_class = ScanSettings

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        instant = {"type": "string", "format": "date-time", "nullable": True}
        low, high = OUT_OF_SAMPLE
        properties: dict[str, Any] = {
            "exchange": {"type": "string", "enum": EXCHANGES},
            "timeframe": {"type": "string", "enum": list(TIMEFRAME_MS)},
            "symbols": {"type": "array", "items": {"type": "string"}, "maxItems": MARKETS_MOST, "default": []},
            "since": instant | {"description": "The first bar that may count; none: all that are stored."},
            "until": instant | {"description": "Bars that open before it count; none: all."},
            "out_of_sample_pct": {"type": "integer", "minimum": low, "maximum": high, "default": 30},
            "size_quote": {
                "type": "number",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": float(SIZE_MOST),
                "default": 1000,
                "description": "Value of one leg, for the liquidity of the books.",
            },
            "cost_pct": {
                "type": "number",
                "minimum": 0,
                "maximum": float(COST_MOST),
                "default": 0.24,
                "description": "Of opening and closing both legs, in percent of one leg.",
            },
            "download": {"type": "boolean", "default": False, "description": "Fetch candles that are missing first."},
        }
        return {"type": "object", "properties": properties, "required": list(REQUIRED), "additionalProperties": False}


class LeftOutSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    reason = serializers.CharField()


class ScanSummarySerializer(serializers.Serializer):
    """Empty until the scan is done. `found`: pairs with a q-value of at most 0.05; `holds`: of them those that pass out
    of sample too; `below_5_pct`: pairs that would have passed a test of their own. `liquidity`: asked, then read."""

    pairs = serializers.IntegerField(required=False)
    measured = serializers.IntegerField(required=False)
    found = serializers.IntegerField(required=False)
    holds = serializers.IntegerField(required=False)
    below_5_pct = serializers.IntegerField(required=False)
    liquidity = serializers.CharField(required=False)
    liquidity_note = serializers.CharField(required=False, allow_blank=True)
    liquidity_pairs = serializers.IntegerField(required=False)


class ListedScanSerializer(RowSerializer):
    """A scan in a list: without its markets."""

    status = serializers.ChoiceField(choices=JobStatus.choices)
    download = serializers.BooleanField()
    waiting_for = serializers.IntegerField(help_text="Downloads that have not ended.")
    problems = serializers.ListField(child=serializers.CharField())
    summary = ScanSummarySerializer()

    class Meta:
        model = PairScan
        fields = [*(name for name in SCAN_FIELDS if name not in GROWING), *ADDED]
        row = staticmethod(listed_scan_row)


class ScanSerializer(RowSerializer):
    """`symbols`: what was asked for; `markets`: what it goes over, once it has begun; `done` and `total`: pairs."""

    symbols = serializers.ListField(child=serializers.CharField())
    markets = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=JobStatus.choices)
    download = serializers.BooleanField()
    waiting_for = serializers.IntegerField(help_text="Downloads that have not ended.")
    problems = serializers.ListField(child=serializers.CharField())
    summary = ScanSummarySerializer()
    left_out = LeftOutSerializer(many=True)

    class Meta:
        model = PairScan
        fields = [*SCAN_FIELDS, *ADDED, "left_out"]
        row = staticmethod(scan_row)


class ScannedPairSerializer(RowSerializer):
    """Figures of the first part of the bars, those with `oos_` of the last; null where there is none. Formulas:
    docs/pairs.md. `carry_long_pct` is a year's funding of long market 1 and short market 2; the other side has it with
    the other sign."""

    half_life_h = serializers.FloatField(allow_null=True)

    class Meta:
        model = ScannedPair
        fields = [*PAIR_FIELDS, "half_life_h"]
        row = staticmethod(pair_row)


class PairQuery(serializers.Serializer):
    ordering = serializers.ChoiceField(
        choices=list(ORDERINGS),
        default="best",
        help_text="`best`: the highest score first, of equal ones the lower p-value.",
    )
