"""JSON of exchange accounts and of what venues say. Secrets have no field here that could be read."""

from rest_framework import serializers

from exchanges.api.fields import MoneyField
from exchanges.models import Exchange, ExchangeAccount, PaperSource


class ExchangeAccountSerializer(serializers.ModelSerializer):
    has_credentials = serializers.SerializerMethodField(help_text="Whether keys are stored; they can never be read.")
    paper_venue = serializers.ChoiceField(choices=Exchange.choices, allow_blank=True, read_only=True)
    paper_source = serializers.ChoiceField(choices=PaperSource.choices, allow_blank=True, read_only=True)

    class Meta:
        model = ExchangeAccount
        fields = [
            "id",
            "exchange",
            "label",
            "is_paper",
            "is_testnet",
            "is_active",
            "has_credentials",
            "last_checked_at",
            "last_check_ok",
            "last_check_message",
            "paper_venue",
            "paper_source",
            "paper_config",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_has_credentials(self, account: ExchangeAccount) -> bool:
        return account.api_key is not None


class ExchangeAccountSettings(serializers.Serializer):
    """What can be sent; `exchanges.services` reads and checks it. A secret that is left out stays."""

    exchange = serializers.ChoiceField(choices=Exchange.choices, help_text="Cannot change later.")
    label = serializers.CharField(max_length=60)  # type: ignore[assignment]
    api_key = serializers.CharField(required=False, write_only=True)
    api_secret = serializers.CharField(required=False, write_only=True)
    passphrase = serializers.CharField(required=False, write_only=True)
    is_testnet = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    paper_venue = serializers.ChoiceField(
        choices=Exchange.choices[:3],
        required=False,
        help_text="Whose contract rules and fees hold; for live quotes also whose prices. Cannot change later.",
    )
    paper_source = serializers.ChoiceField(
        choices=PaperSource.choices,
        required=False,
        help_text="Prices: the venue's public quotes of now, stored candles, or a market made up. Cannot change later.",
    )
    paper_config = serializers.DictField(
        required=False,
        help_text="Of all: initial_balance, slippage_bps, depth, taker_fee, maker_fee, maintenance_margin, "
        "lot_rounding. Not of live quotes: half_spread_bps, speed. Of a replay: timeframe, symbols, start, end. Of a "
        "simulation: seed, volatility.",
    )


class CheckSerializer(serializers.Serializer):
    """Result of the last look at an account."""

    exchange_account = serializers.IntegerField(source="pk")
    exchange = serializers.ChoiceField(choices=Exchange.choices)
    ok = serializers.BooleanField(source="last_check_ok", allow_null=True)
    message = serializers.CharField(source="last_check_message")
    checked_at = serializers.DateTimeField(source="last_checked_at", allow_null=True)


class PingSerializer(serializers.Serializer):
    exchange_account = serializers.IntegerField()
    time = serializers.DateTimeField(help_text="The venue's clock; of a replay the tape's.")
    round_trip_ms = serializers.FloatField()


class SupportedSerializer(serializers.Serializer):
    exchange = serializers.ChoiceField(choices=Exchange.choices)
    name = serializers.CharField()
    secrets = serializers.ListField(child=serializers.CharField())
    has_testnet = serializers.BooleanField()
    orders = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What can be traded there, by kind of market, and the types of orders. Bots trade swaps alone; "
        "inverse: swaps and dated futures that settle in their own coin. What is not named is market data only.",
    )


class WalletQuery(serializers.Serializer):
    type = serializers.ChoiceField(choices=["swap", "spot"], default="swap", help_text="Whose wallet.")


class PositionsQuery(serializers.Serializer):
    type = serializers.ChoiceField(choices=["swap", "future"], default="swap", help_text="Kind of market.")


class CoinBalanceSerializer(serializers.Serializer):
    currency = serializers.CharField()
    total = MoneyField()
    free = MoneyField(help_text="Neither in orders nor in margin.")


class BalanceSerializer(serializers.Serializer):
    currency = serializers.CharField()
    total = MoneyField(help_text="The wallet, without unrealised P&L.")
    equity = MoneyField()
    free = MoneyField(help_text="What new margin may use.")
    coins = CoinBalanceSerializer(many=True, help_text="Every currency of the wallet, this one among them.")


class VenuePositionSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    amount = MoneyField(help_text="Base units, of inverse contracts quote currency; negative for a short.")
    entry_price = MoneyField()
    mark_price = MoneyField()
    unrealized_pnl = MoneyField(help_text="In the currency that the market settles in.")
    leverage = serializers.IntegerField()
    margin_mode = serializers.ChoiceField(choices=["cross", "isolated"])


class ConnectQuery(serializers.Serializer):
    exchange_id = serializers.CharField(
        max_length=19, help_text="Number of an exchange account; or the exchange, where there is one account only."
    )
