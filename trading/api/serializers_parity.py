"""JSON of a bot's past beside its back-test."""

from dataclasses import fields
from typing import Any

from rest_framework import serializers

from bots.amounts import float_text
from exchanges.adapters.paper_source import from_ms
from exchanges.api.fields import MoneyField
from trading.parity.compare import Outcome
from trading.parity.decisions import Decided
from trading.parity.money import CycleMoney, Parts
from trading.parity.report import Line, Report
from trading.parity.words import PROBLEMS, reason_sentence, verdict

_OUTCOMES = [outcome.value for outcome in Outcome]
_ACTIONS = ["open", "add", "take_profit", "stop_loss", "signal", "liquidation", "manual", "unwind"]


class ParityQuery(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=_OUTCOMES, required=False, help_text="Only decisions that ended so.")
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=200)
    offset = serializers.IntegerField(min_value=0, max_value=10_000_000, default=0)


class DecisionSerializer(serializers.Serializer):
    at = serializers.DateTimeField(help_text="When it was decided; of the back-test the close of the candle.")
    action = serializers.ChoiceField(choices=_ACTIONS)
    level = serializers.IntegerField()
    side = serializers.IntegerField(help_text="+1 long the spread, -1 short.")
    spread = serializers.FloatField(help_text="Percentage points.")
    cycle = serializers.IntegerField(help_text="Of the bot; of the back-test counted from 1 whenever it begins anew.")


class ReasonSerializer(serializers.Serializer):
    code = serializers.CharField()
    text = serializers.CharField(help_text="In the reader's language, with its figures.")


class ParityLineSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=_OUTCOMES)
    differs = serializers.ListField(
        child=serializers.ChoiceField(choices=["time", "action", "level", "side", "spread"])
    )
    lived = DecisionSerializer(allow_null=True)
    replayed = DecisionSerializer(allow_null=True)
    slippage = MoneyField(allow_null=True, help_text="What the bot's fills brought beside the back-test's.")
    reasons = ReasonSerializer(many=True)


class PartsSerializer(serializers.Serializer):
    """What made the bot earn more (positive) or less than the back-test."""

    slippage = MoneyField()
    timing = MoneyField(help_text="Other prices at the moment of the decision.")
    quantities = MoneyField(help_text="More or less of each coin: lots and prices.")
    fees = MoneyField()
    funding = MoneyField()
    decisions = MoneyField(help_text="What only one of the two decided.")


class ParityCycleSerializer(serializers.Serializer):
    """A closed cycle; null: this side had none such, or has not closed it."""

    lived_cycle = serializers.IntegerField(allow_null=True)
    replayed_cycle = serializers.IntegerField(allow_null=True)
    lived = MoneyField(allow_null=True)
    replayed = MoneyField(allow_null=True)
    difference = MoneyField()
    parts = PartsSerializer()


class CountsSerializer(serializers.Serializer):
    same = serializers.IntegerField()
    different = serializers.IntegerField()
    only_live = serializers.IntegerField()
    only_replayed = serializers.IntegerField()


class ParityMoneySerializer(serializers.Serializer):
    lived = MoneyField()
    replayed = MoneyField()
    difference = MoneyField()
    parts = PartsSerializer()


class ParitySerializer(serializers.Serializer):
    """`problem` is blank unless there is nothing to compare; times are null then."""

    verdict = serializers.CharField()
    problem = serializers.ChoiceField(choices=[*PROBLEMS], allow_blank=True)
    timeframe = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    bars = serializers.IntegerField()
    missing_bars = serializers.IntegerField()
    slippage_bps = serializers.FloatField(help_text="That the back-test assumes.")
    earlier_decisions = serializers.IntegerField(help_text="Of the bot, before the time that can be compared.")
    counts = CountsSerializer()
    money = ParityMoneySerializer()
    cycles = ParityCycleSerializer(many=True)
    decisions_found = serializers.IntegerField(help_text="With this outcome; `decisions` are those of this page.")
    decisions = ParityLineSerializer(many=True)


def parity_row(report: Report, currency: str, *, outcome: str | None, limit: int, offset: int) -> dict[str, Any]:
    """As `ParitySerializer` describes it, in the language that is active now."""
    lines = [line for line in report.lines if outcome in (None, line.pair.outcome)]
    return {
        "verdict": verdict(report),
        "problem": report.problem,
        "timeframe": report.timeframe,
        "since": from_ms(report.since) if report.since else None,
        "until": from_ms(report.until) if report.until else None,
        "bars": report.bars,
        "missing_bars": report.missing,
        "slippage_bps": report.slippage_bps,
        "earlier_decisions": report.earlier,
        "counts": {name: report.count(Outcome(name)) for name in _OUTCOMES},
        "money": {
            "lived": float_text(report.lived_pnl),
            "replayed": float_text(report.replayed_pnl),
            "difference": float_text(report.lived_pnl - report.replayed_pnl),
            "parts": _parts(report.parts),
        },
        "cycles": [_cycle(cycle) for cycle in report.cycles],
        "decisions_found": len(lines),
        "decisions": [_line(line, currency) for line in lines[offset : offset + limit]],
    }


def _line(line: Line, currency: str) -> dict[str, Any]:
    return {
        "outcome": line.pair.outcome.value,
        "differs": list(line.pair.differs),
        "lived": _decision(line.pair.lived),
        "replayed": _decision(line.pair.replayed),
        "slippage": None if line.slippage is None else float_text(line.slippage),
        "reasons": [{"code": reason.code, "text": reason_sentence(reason, currency)} for reason in line.reasons],
    }


def _decision(one: Decided | None) -> dict[str, Any] | None:
    if one is None:
        return None
    shown = ("action", "level", "side", "spread", "cycle")
    return {"at": from_ms(one.at)} | {name: getattr(one, name) for name in shown}


def _cycle(cycle: CycleMoney) -> dict[str, Any]:
    return {
        "lived_cycle": cycle.lived_cycle,
        "replayed_cycle": cycle.replayed_cycle,
        "lived": None if cycle.lived is None else float_text(cycle.lived),
        "replayed": None if cycle.replayed is None else float_text(cycle.replayed),
        "difference": float_text(cycle.difference),
        "parts": _parts(cycle.parts),
    }


def _parts(parts: Parts) -> dict[str, str]:
    return {each.name: float_text(getattr(parts, each.name)) for each in fields(parts)}
