"""JSON of parameter searches."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from exchanges.api.fields import RowSerializer
from trading.api.serializers_backtests import settings_properties
from trading.models import Trial
from trading.searches.folds import FOLDS_MOST
from trading.searches.objectives import OBJECTIVES
from trading.searches.plan import DEFAULTS, METHODS
from trading.searches.results import SCORES, STATISTICS

TRIAL = ["number", "values", "score", "oos_score", "in_sample", "out_of_sample", "problem"]


class SearchSettings(serializers.Serializer):
    """Settings of a new back-test, and how to search."""


class SearchSettingsSchema(OpenApiSerializerExtension):
    target_class = SearchSettings

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": settings_properties() | {"search": _search_schema()},
            "required": ["search"],
        }


def _search_schema() -> dict[str, Any]:
    number = {"type": "number"}
    ranged = {
        "type": "object",
        "properties": {"low": number, "high": number, "step": number, "log": {"type": "boolean"}},
        "required": ["low", "high"],
    }
    value = {"oneOf": [{"type": "string"}, number, {"type": "boolean"}]}
    listed = {
        "type": "object",
        "properties": {"values": {"type": "array", "items": value, "minItems": 1}},
        "required": ["values"],
    }
    properties: dict[str, Any] = {
        "method": {"type": "string", "enum": list(METHODS)},
        "sets": {"type": "integer", "minimum": 1, "description": "How many to try; a grid tries all there are."},
        "seed": {"type": "integer", "minimum": 0},
        "objective": {"type": "string", "enum": list(OBJECTIVES)},
        "folds": {"type": "integer", "minimum": 0, "maximum": FOLDS_MOST},
        "out_of_sample_pct": {"type": "integer", "minimum": 5, "maximum": 90},
        "min_cycles": {"type": "integer", "minimum": 1},
    }
    space = {"type": "object", "minProperties": 1, "additionalProperties": {"oneOf": [ranged, listed]}}
    return {
        "type": "object",
        "properties": {name: about | {"default": DEFAULTS[name]} for name, about in properties.items()}
        | {"space": space},
        "required": ["space"],
        "additionalProperties": False,
    }


def trial_row(trial: Trial) -> dict[str, Any]:
    return {name: getattr(trial, name) for name in TRIAL}


class TrialSerializer(RowSerializer):
    """One set. Totals are lists with an object for each fold; `score` is null where too few cycles were closed, and
    `problem` says why a set could not be run."""

    values = serializers.DictField(read_only=True)
    in_sample = serializers.ListField(child=serializers.DictField(), read_only=True)
    out_of_sample = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = Trial
        fields = TRIAL
        row = staticmethod(trial_row)


class TrialQuery(serializers.Serializer):
    ordering = serializers.ChoiceField(
        choices=["best", "number", "-number", "oos_score", "-oos_score"],
        default="best",
        help_text="`best`: the highest score first, sets without one last.",
    )


class HeatMapQuery(serializers.Serializer):
    x = serializers.CharField(max_length=80)
    y = serializers.CharField(max_length=80)
    statistic = serializers.ChoiceField(choices=STATISTICS, default="max", help_text="Over all other parameters.")
    of = serializers.ChoiceField(choices=SCORES, default="score")


class HeatMapSerializer(serializers.Serializer):
    """`cells`: [x index, y index, score or null, number of sets, the best set's number or null]."""

    x = serializers.CharField()
    y = serializers.CharField()
    xs = serializers.ListField()
    ys = serializers.ListField()
    cells = serializers.ListField(child=serializers.ListField(child=serializers.FloatField(allow_null=True)))
    statistic = serializers.ChoiceField(choices=STATISTICS)
    of = serializers.ChoiceField(choices=SCORES)
    objective = serializers.CharField()


class SearchSerializer(serializers.Serializer):
    """How a search was asked for and what it found so far: the best sets with in-sample and out-of-sample totals, and
    warnings in plain words."""

    method = serializers.ChoiceField(choices=METHODS)
    sets = serializers.IntegerField()
    seed = serializers.IntegerField()
    objective = serializers.ChoiceField(choices=list(OBJECTIVES))
    folds = serializers.IntegerField()
    out_of_sample_pct = serializers.IntegerField()
    min_cycles = serializers.IntegerField()
    space = serializers.DictField()
    best = serializers.ListField(child=serializers.DictField())
    importance = serializers.ListField(child=serializers.DictField())
    walk_forward = serializers.DictField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
