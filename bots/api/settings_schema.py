"""JSON schema of a bot's settings and of the spread strategy's parameters, from the model's fields."""

from decimal import Decimal
from typing import Any

from django.db import models

from bots.amounts import decimal_text
from bots.ladder.rows import MULTIPLIER_MAX, SPREAD_MAX
from bots.models import LEVERAGES, Bot
from bots.settings.fields import HOURS_MAX, MONEY_MAX, NAME_LENGTH, RATIO_MAX, READERS, REQUIRED, default_of
from trading.core.types import LEVELS_MAX
from trading.strategies.parameters import parameters_schema
from trading.strategies.position_sizes import SizeParameters

Schema = dict[str, Any]

SPREAD_PARAMETERS = (
    "investment_per_order",
    "max_position_value",
    "max_dca_times",
    "dca_config",
    "opening",
    "allowed_side",
    "profit_mode",
    "profit_ratio",
    "stop_loss_ratio",
    "pause_after_close",
    "restart_after_stop_loss",
    "pnl_basis",
    "decide_on",
    "timeframe",
)

BOUNDS: dict[str, tuple[str, str, bool]] = {
    "investment_per_order": ("0", MONEY_MAX, True),
    "max_position_value": ("0", MONEY_MAX, True),
    "profit_ratio": ("-" + RATIO_MAX, RATIO_MAX, False),
    "stop_loss_ratio": ("0", RATIO_MAX, False),
    "max_slippage": ("0", "50", True),
    "max_book_spread": ("0", "50", True),
    "max_imbalance": ("0", "100", True),
    "max_dca_times": ("1", str(LEVELS_MAX), False),
    "tick_interval": ("1", "3600", False),
    "max_quote_age": ("1", "3600", False),
    "protective_stop": ("0", "100", True),
    "max_hours_in_position": ("0", HOURS_MAX, True),
}
"""Lowest, highest, and whether the lowest itself is excluded; a test holds them against `bots.settings.fields`."""

_POSITIVE = {"type": "number", "minimum": 0, "exclusiveMinimum": True}

LADDER: Schema = {
    "type": "array",
    "minItems": 1,
    "maxItems": LEVELS_MAX,
    "description": "One row per level: the step in percentage points since the last trade, and the order's multiplier.",
    "items": {
        "type": "object",
        "required": ["spread", "multiplier"],
        "properties": {
            "times": {"type": "integer", "minimum": 1, "maximum": LEVELS_MAX},
            "spread": _POSITIVE | {"maximum": int(SPREAD_MAX)},
            "multiplier": _POSITIVE | {"maximum": int(MULTIPLIER_MAX)},
        },
    },
}

SPECIAL: dict[str, Schema] = {
    "exchange_account": {"type": "integer", "minimum": 1},
    "exchange_account2": {"type": "integer", "minimum": 1, "nullable": True},
    "bot_name": {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH},
    "market1_symbol": {"type": "string", "example": "GALA/USDT:USDT"},
    "market2_symbol": {
        "type": "string",
        "example": "CHZ/USDT:USDT",
        "description": "Needed by strategies of two markets, left empty by those of one.",
    },
    "start_time": {
        "description": "ISO 8601, or milliseconds since 1970.",
        "oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0}],
    },
    "leverage": {"type": "integer", "enum": LEVERAGES},
    "strategy": {"type": "string", "maxLength": 40, "description": "As `GET /strategies/` names it."},
    "strategy_params": {
        "type": "object",
        "description": "By the schema that `GET /strategies/` gives for it; what is left out has its default.",
    },
    "sizing": parameters_schema(SizeParameters) | {"additionalProperties": True},
    "dca_config": LADDER,
}


def settings_schema(*, partial: bool = False) -> Schema:
    """What can be sent to create (`partial`: to change) a bot."""
    schema: Schema = {"type": "object", "properties": {name: field_schema(name) for name in _SETTINGS}}
    return schema if partial else schema | {"required": list(REQUIRED)}


def spread_parameters() -> Schema:
    return {
        "type": "object",
        "properties": {name: field_schema(name) for name in SPREAD_PARAMETERS},
        "required": [name for name in SPREAD_PARAMETERS if name in REQUIRED],
    }


def field_schema(name: str) -> Schema:
    field: Any = Bot._meta.get_field(name)
    schema = {"title": str(field.verbose_name)} | (SPECIAL.get(name) or _typed(field))
    if name not in REQUIRED and name != "exchange_account2":
        schema["default"] = _plain(default_of(name))
    return schema


def _typed(field: Any) -> Schema:
    if field.choices:
        return {"type": "string", "enum": [value for value, _ in field.choices]}
    match field:
        case models.BooleanField():
            return {"type": "boolean"}
        case models.DecimalField():
            text = {"type": "string", "format": "decimal"}
            schema: Schema = {"oneOf": [text, {"type": "number"} | _bounds(field.name)]}
            return schema | {"nullable": True} if field.null else schema
        case models.PositiveSmallIntegerField():
            return {"type": "integer"} | _bounds(field.name)
        case _:
            return {"type": "string"}


def _bounds(name: str) -> Schema:
    low, high, above = BOUNDS[name]
    bounds: Schema = {"minimum": int(low), "maximum": int(high)}
    return bounds | {"exclusiveMinimum": True} if above else bounds


def _plain(value: Any) -> Any:
    return decimal_text(value) if isinstance(value, Decimal) else value


_SETTINGS = ("exchange_account", "exchange_account2", *READERS, "dca_config")
