"""JSON of limits, how near they are, what is switched off, and of the stress table."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from bots.models import Bot
from bots.rows import plain
from exchanges.api.fields import MoneyField
from exchanges.models import ExchangeAccount
from trading.core.risk import Does, Rule
from trading.kill_switch.actions import Target
from trading.models import DrawdownFrom, RiskLimits, Scope, TradingState
from trading.risk.services import COUNTS, EXCHANGES, FIELDS, MONEY, PERCENT, SPANS
from trading.risk.stress import Shock
from trading.risk.usage import StateOf, Usage

KINDS = ("live", "testnet", "paper")
SCOPES = (Scope.USER, Scope.ACCOUNT, Scope.BOT)


def _fields() -> dict[str, serializers.Field]:
    optional: dict[str, Any] = {"required": False, "allow_null": True}
    money = {name: MoneyField(min_value=0, **optional) for name in (*MONEY, *PERCENT)}
    counts = {name: serializers.IntegerField(min_value=1, max_value=most, **optional) for name, most in COUNTS.items()}
    spans = {
        name: serializers.IntegerField(min_value=1, max_value=most, required=False) for name, most in SPANS.items()
    }
    lists: dict[str, serializers.Field] = {
        "allowed_symbols": serializers.ListField(child=serializers.CharField(), required=False),
        "allowed_exchanges": serializers.ListField(
            child=serializers.ChoiceField(choices=[str(name) for name in EXCHANGES]), required=False
        ),
    }
    others: dict[str, serializers.Field] = {
        "drawdown_from": serializers.ChoiceField(choices=DrawdownFrom.choices, required=False),
        "warn_at": serializers.IntegerField(min_value=1, max_value=100, required=False),
    }
    fields: dict[str, serializers.Field] = {**money, **counts, **spans, **lists, **others}
    return {name: fields[name] for name in FIELDS}


class RiskLimitsSerializer(serializers.Serializer):
    """Every limit is optional: null takes it away, an empty list allows all, what is left out stays as it is.

    Money in the settle currency, `max_equity_share` and `max_drawdown` in per cent.
    """

    def get_fields(self) -> dict[str, serializers.Field]:
        return _fields()

    def to_representation(self, instance: RiskLimits) -> dict[str, Any]:
        return {name: plain(getattr(instance, name)) for name in FIELDS}


class RiskLimitsChange(RiskLimitsSerializer):
    """`measure_anew`: peak and start of the drawdown count from now on."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "measure_anew": serializers.BooleanField(default=False)}


class RiskQuery(serializers.Serializer):
    kind = serializers.ChoiceField(
        choices=KINDS, required=False, help_text="Of accounts; live where there are any, else paper."
    )


class RiskUsageSerializer(serializers.Serializer):
    """`share_used` is value / limit: 1 is at the limit. `until`: when it ends by itself, as far as that is known.

    `does`: refuses (an order that would exceed it) or stops_entries (every order that opens or adds, while it lasts).
    `value` is null where the figure is not known, which blocks too.
    """

    scope = serializers.ChoiceField(choices=Scope.choices)
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    is_admin = serializers.BooleanField()
    rule = serializers.ChoiceField(choices=[rule.value for rule in Rule])
    limit = MoneyField()
    value = MoneyField(allow_null=True)
    share_used = MoneyField()
    blocks = serializers.BooleanField()
    is_near = serializers.BooleanField()
    does = serializers.ChoiceField(choices=[does.value for does in Does])
    until = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Usage) -> dict[str, Any]:
        verdict = instance.verdict
        figures = ("rule", "limit", "value", "blocks", "does", "until")
        return {
            "scope": str(instance.held.scope),
            "id": instance.held.target_id,
            "name": target_name(instance.target),
            "is_admin": instance.held.row.is_admin,
            "is_near": instance.is_near,
            "share_used": plain(round(verdict.share_used, 6)),
            **{name: plain(getattr(verdict, name)) for name in figures},
        }


class TradingStateSerializer(serializers.Serializer):
    """active: trades · reducing: closes only · halted: sends nothing but what a person asks to close."""

    scope = serializers.ChoiceField(choices=Scope.choices)
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=TradingState.choices)
    reason = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: StateOf) -> dict[str, Any]:
        switch = instance.switch
        return {
            "scope": str(instance.scope),
            "id": instance.target.pk if instance.target else None,
            "name": target_name(instance.target),
            "state": str(instance.state),
            "reason": switch.reason if switch else "",
            "changed_at": plain(switch.changed_at) if switch else None,
        }


class RiskSerializer(serializers.Serializer):
    """`limits`: the user's own; `admin_limits`: what an administrator has set over them, which he cannot change."""

    kind = serializers.ChoiceField(choices=KINDS)
    limits = RiskLimitsSerializer()
    admin_limits = RiskLimitsSerializer(allow_null=True)
    usage = RiskUsageSerializer(many=True)
    states = TradingStateSerializer(many=True)


class TargetLimitsSerializer(serializers.Serializer):
    scope = serializers.ChoiceField(choices=[(str(scope), scope.label) for scope in SCOPES])
    id = serializers.IntegerField()
    name = serializers.CharField()
    limits = RiskLimitsSerializer()
    admin_limits = RiskLimitsSerializer(allow_null=True)


class KillSwitchSerializer(serializers.Serializer):
    """`id`: of the account or bot; not needed for the user himself and for the installation."""

    scope = serializers.ChoiceField(choices=Scope.choices, default=Scope.USER)
    id = serializers.IntegerField(required=False, min_value=1, allow_null=True)
    state = serializers.ChoiceField(choices=TradingState.choices)
    flatten = serializers.BooleanField(
        default=False, help_text="Ask every bot concerned to close both legs at the market and stop."
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class SwitchedSerializer(serializers.Serializer):
    """`bots`: ids of those that were asked to close."""

    scope = serializers.ChoiceField(choices=Scope.choices)
    state = serializers.ChoiceField(choices=TradingState.choices)
    reason = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField()
    bots = serializers.ListField(child=serializers.IntegerField())


class LegBetaSerializer(serializers.Serializer):
    symbol = serializers.CharField()
    beta = serializers.FloatField(allow_null=True, help_text="Null: not measured, taken for 1.")


class ShockSerializer(serializers.Serializer):
    """Change of P&L in `currency`; `bot` is null in the totals, and `betas` (each leg's with BTC) empty."""

    bot = serializers.IntegerField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    spread = serializers.FloatField(allow_null=True)
    gross = MoneyField()
    net = MoneyField()
    spread_doubled = MoneyField()
    market_up = MoneyField()
    market_down = MoneyField()
    leg_halted = MoneyField()
    betas = LegBetaSerializer(many=True)

    def to_representation(self, instance: Shock) -> dict[str, Any]:
        money = ("gross", "net", "spread_doubled", "market_up", "market_down", "leg_halted")
        return {
            "bot": instance.bot.pk if instance.bot else None,
            "name": instance.bot.bot_name if instance.bot else "",
            "currency": instance.currency,
            "spread": instance.spread,
            **{name: plain(round(getattr(instance, name), 8)) for name in money},
            "betas": [{"symbol": leg.symbol, "beta": leg.beta} for leg in instance.legs],
        }


class StressSerializer(serializers.Serializer):
    """`move_pct`: how far the market and a halted leg move."""

    kind = serializers.ChoiceField(choices=KINDS)
    move_pct = MoneyField()
    pairs = ShockSerializer(many=True)
    totals = ShockSerializer(many=True)


def target_name(target: Target) -> str:
    match target:
        case User():
            return target.username
        case ExchangeAccount():
            return target.name
        case Bot():
            return target.bot_name
    return ""
