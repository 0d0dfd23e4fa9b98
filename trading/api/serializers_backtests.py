"""JSON of back-tests: `trading.backtests.rows` makes the values, the fields describe them."""

from typing import Any, Final

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from bots.api.settings_schema import SPECIAL, spread_parameters
from exchanges.api.fields import RowSerializer
from exchanges.timeframes import TIMEFRAME_MS
from trading.backtests.drawing import POINTS
from trading.backtests.rows import LISTED, backtest_row, listed_row
from trading.backtests.validation import DEFAULTS, EXCHANGES, REQUIRED
from trading.core.types import ACTION_NAMES, NONE
from trading.models import Backtest

POINTS_MAX: Final = 20_000
ACTIONS: Final = [name for action, name in enumerate(ACTION_NAMES) if action != NONE]


class FiguresSerializer(serializers.Serializer):
    """Money in quote currency, `_pct` in percent, null where a ratio has no answer."""

    net_profit = serializers.FloatField()
    return_pct = serializers.FloatField()
    max_drawdown = serializers.FloatField()
    max_drawdown_pct = serializers.FloatField()
    sharpe = serializers.FloatField(allow_null=True)
    profit_factor = serializers.FloatField(allow_null=True)
    win_rate_pct = serializers.FloatField(allow_null=True)
    trades = serializers.IntegerField()
    cycles = serializers.IntegerField()


class ListedBacktestSerializer(RowSerializer):
    """`done` of `total`: bars of a run, sets of a search."""

    figures = FiguresSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Backtest
        fields = [*LISTED, "figures"]
        row = staticmethod(listed_row)


class BacktestSerializer(RowSerializer):
    """`summary`: the result without trades, cycles and equity, empty before there is one. `problems`: why it failed.
    `size_bytes`: what trades and equity take in the database."""

    figures = FiguresSerializer(read_only=True, allow_null=True)
    parameters = serializers.DictField(read_only=True)
    problems = serializers.ListField(child=serializers.CharField(), read_only=True)
    summary = serializers.DictField(read_only=True)
    size_bytes = serializers.IntegerField(read_only=True)

    class Meta:
        model = Backtest
        fields = [*LISTED, "figures", "parameters", "problems", "summary", "size_bytes"]
        row = staticmethod(backtest_row)


class BacktestSettings(serializers.Serializer):
    """Settings of a new back-test; with `bot`, what is left out is that bot's."""


class BacktestSettingsSchema(OpenApiSerializerExtension):
    target_class = BacktestSettings

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {"type": "object", "properties": settings_properties()}


def settings_properties() -> dict[str, Any]:
    """`REQUIRED` are needed unless a bot is named, which no schema can say."""
    instant = {k: v for k, v in SPECIAL["start_time"].items() if k != "title"} | {"nullable": True}
    needed = {"description": "Needed unless `bot` is sent."}
    properties: dict[str, Any] = {
        "name": {"type": "string", "maxLength": 80},
        "bot": {"type": "integer", "minimum": 1, "nullable": True},
        "strategy": {"type": "string", "default": DEFAULTS["strategy"]},
        "exchange": {"type": "string", "enum": EXCHANGES},
        "market1_symbol": SPECIAL["market1_symbol"],
        "market2_symbol": SPECIAL["market2_symbol"],
        "timeframe": {"type": "string", "enum": list(TIMEFRAME_MS)},
        "since": instant | {"description": "The first bar that may count; none: the first that both markets have."},
        "until": instant | {"description": "Bars that open before it count; none: all."},
        "use_funding": {"type": "boolean", "default": True},
        "parameters": {"type": "object", "properties": _parameters(), "additionalProperties": True},
    }
    return {name: schema | (needed if name in REQUIRED else {}) for name, schema in properties.items()}


def _parameters() -> dict[str, Any]:
    """Those of the spread strategy; docs/backtests.md has them all."""
    of_bot = spread_parameters()["properties"]
    return {name: schema for name, schema in of_bot.items() if name not in ("decide_on", "timeframe")}


class TradeQuery(serializers.Serializer):
    action = serializers.ChoiceField(choices=ACTIONS, required=False)
    cycle = serializers.IntegerField(min_value=1, required=False)
    ordering = serializers.ChoiceField(choices=["t", "-t"], default="t")


class TradeSerializer(serializers.Serializer):
    """Of a back-test, as in `R.json`: `t` in ms is the open time of the bar that filled; `pnl` and `funding` (of the
    whole cycle) are there only where a cycle was closed."""

    t = serializers.IntegerField()
    action = serializers.ChoiceField(choices=ACTIONS)
    level = serializers.IntegerField()
    side = serializers.ChoiceField(choices=[1, -1])
    spread = serializers.FloatField()
    q1 = serializers.FloatField()
    p1 = serializers.FloatField()
    q2 = serializers.FloatField()
    p2 = serializers.FloatField()
    fees = serializers.FloatField()
    pnl = serializers.FloatField(required=False)
    funding = serializers.FloatField(required=False)
    cycle = serializers.IntegerField()


class EquityQuery(serializers.Serializer):
    points = serializers.IntegerField(
        min_value=0,
        max_value=POINTS_MAX,
        default=POINTS,
        help_text="At most that many points, extremes kept, all on one page; 0: every bar, page by page.",
    )


class EquityPointSerializer(serializers.Serializer):
    t = serializers.IntegerField(help_text="Open time of the bar, ms UTC.")
    equity = serializers.FloatField()


class ChartQuery(serializers.Serializer):
    points = serializers.IntegerField(min_value=2, max_value=POINTS_MAX, default=POINTS)


class MonthSerializer(serializers.Serializer):
    month = serializers.CharField()
    pnl = serializers.FloatField()
    pct = serializers.FloatField(allow_null=True)


class DistributionSerializer(serializers.Serializer):
    edges = serializers.ListField(child=serializers.FloatField())
    counts = serializers.ListField(child=serializers.IntegerField())


class ChartLineSerializer(serializers.Serializer):
    """A strategy's own line; `price` in percent since the start."""

    name = serializers.CharField()
    panel = serializers.ChoiceField(choices=["price", "spread", "own"])
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class ChartSerializer(serializers.Serializer):
    """Columns of one length; those of prices are empty where the candles are not stored any more."""

    t = serializers.ListField(child=serializers.IntegerField())
    equity = serializers.ListField(child=serializers.FloatField())
    drawdown = serializers.ListField(child=serializers.FloatField())
    spread = serializers.ListField(child=serializers.FloatField())
    low = serializers.ListField(child=serializers.FloatField())
    high = serializers.ListField(child=serializers.FloatField())
    p1 = serializers.ListField(child=serializers.FloatField())
    p2 = serializers.ListField(child=serializers.FloatField())
    overlays = ChartLineSerializer(many=True)
    trades = TradeSerializer(many=True)
    trades_left_out = serializers.IntegerField()
    monthly = MonthSerializer(many=True)
    distribution = DistributionSerializer()


class ReportQuery(serializers.Serializer):
    format = serializers.ChoiceField(choices=["json", "html"], default="json")
