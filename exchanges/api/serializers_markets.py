"""JSON of market data: rules, prices, books, trades, candles, funding."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bots.amounts import decimal_text
from bots.rows import plain
from exchanges.adapters.paper_source import FundingRate, from_ms
from exchanges.api.fields import NUMBER_TEXT, MoneyField
from exchanges.symbols import amount_currency, is_inverse
from exchanges.timeframes import TIMEFRAME_MS
from trading.core.sizing import MarketRules

KINDS = ["swap", "spot", "future", "option"]


class MarketSerializer(serializers.Serializer):
    """A venue's rules for one market; amounts in `amount_currency`, fees as fractions."""

    symbol = serializers.CharField()
    base = serializers.CharField()
    quote = serializers.CharField()
    settle = serializers.CharField()
    linear = serializers.SerializerMethodField(help_text="False: it is worth quote currency and settles in its coin.")
    amount_currency = serializers.SerializerMethodField(help_text="The base currency, of inverse contracts the quote.")
    contract_size = MoneyField(help_text="What one contract of the exchange is, in amount_currency.")
    amount_step = MoneyField()
    amount_min = MoneyField()
    amount_max = MoneyField(allow_null=True)
    price_tick = MoneyField()
    notional_min = MoneyField()
    notional_max = MoneyField(allow_null=True)
    max_leverage = MoneyField()
    taker_fee = MoneyField()
    maker_fee = MoneyField()
    active = serializers.BooleanField()

    def get_linear(self, rules: MarketRules) -> bool:
        return not is_inverse(rules.symbol)

    def get_amount_currency(self, rules: MarketRules) -> str:
        return amount_currency(rules.symbol)


class TickerSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    bid = MoneyField()
    ask = MoneyField()
    mid = MoneyField()
    last = MoneyField()
    bid_size = MoneyField(allow_null=True)
    ask_size = MoneyField(allow_null=True)
    at = serializers.DateTimeField(help_text="Venue time of the quote.")


class AgedTickerSerializer(TickerSerializer):
    age_ms = serializers.IntegerField(help_text="By the exchange's clock, when this was answered.")


class DayTickerSerializer(AgedTickerSerializer):
    change_24h = MoneyField(allow_null=True, help_text="In per cent.")
    volume_24h = MoneyField(allow_null=True, help_text="In quote currency.")


class CandleSerializer(serializers.Serializer):
    at = serializers.DateTimeField(help_text="Opening time.")
    open = MoneyField()
    high = MoneyField()
    low = MoneyField()
    close = MoneyField()
    volume = MoneyField()


class MarketQuery(serializers.Serializer):
    type = serializers.ChoiceField(choices=KINDS, default="swap")
    exchange_account = serializers.IntegerField(
        required=False, min_value=1, help_text="One of several own accounts at this exchange; else the newest."
    )


class TickersQuery(MarketQuery):
    symbols = serializers.CharField(required=False, max_length=1000, help_text="Separated by commas; else all.")


class CandleQuery(MarketQuery):
    timeframe = serializers.ChoiceField(choices=list(TIMEFRAME_MS), default="5m")
    since = serializers.DateTimeField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=500)


LEVELS = {"type": "array", "items": {"type": "array", "items": NUMBER_TEXT, "minItems": 2, "maxItems": 2}}


@extend_schema_field(LEVELS)
class LevelsField(serializers.Field):
    """[price, amount] pairs as texts."""

    def to_representation(self, value: Any) -> list[list[str]]:
        return [[decimal_text(price), decimal_text(amount)] for price, amount in value]


class BookSerializer(serializers.Serializer):
    """(price, amount) from the touch outwards."""

    symbol = serializers.CharField()
    bids = LevelsField()
    asks = LevelsField()
    at = serializers.DateTimeField(help_text="Venue time of the book.")


class PublicTradeSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    trade_id = serializers.CharField()
    side = serializers.ChoiceField(choices=["buy", "sell"], help_text="Of the taker.")
    price = MoneyField()
    amount = MoneyField()
    at = serializers.DateTimeField()


class SettledRateSerializer(serializers.Serializer):
    rate = MoneyField()
    at = serializers.SerializerMethodField(help_text="When it was paid.")

    @extend_schema_field(serializers.DateTimeField())
    def get_at(self, settled: FundingRate) -> str:
        return plain(from_ms(settled.at_ms))


class FundingSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    rate = MoneyField(help_text="What longs pay shorts, as a fraction of the position's value.")
    next_at = serializers.DateTimeField()
    mark_price = MoneyField(allow_null=True)
    history = SettledRateSerializer(many=True, help_text="Rates that were paid, oldest first.")


class FundingQuery(MarketQuery):
    since = serializers.DateTimeField(required=False, help_text="Of the history; else the last week.")
    limit = serializers.IntegerField(
        min_value=0, max_value=1000, default=100, help_text="Of the history the newest so many."
    )


class BookQuery(MarketQuery):
    limit = serializers.IntegerField(min_value=1, max_value=200, default=20, help_text="Levels of each side.")


class TradesQuery(MarketQuery):
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)
