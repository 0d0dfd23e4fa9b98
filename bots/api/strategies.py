"""The strategies as the API and `manage.py strategies` list them."""

from collections.abc import Iterator
from typing import Any

from bots.api.settings_schema import Schema, spread_parameters
from bots.strategies.registry import Plugin, available
from trading.strategies.spread import Spread


def strategy_rows() -> list[dict[str, Any]]:
    """Of the spread strategy the settings that bots and back-tests have in common; of others what is their own."""
    return [
        {"name": it.name, "title": it.title, "markets": it.markets, "parameters": _parameters(it)} for it in available()
    ]


def _parameters(plugin: Plugin) -> Schema:
    return json_schema(spread_parameters()) if plugin.strategy is Spread else plugin.schema


def json_schema(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON schema 2020-12, where a bound that is excluded is a number of its own."""
    if isinstance(schema, list):
        return [json_schema(part) for part in schema]
    return dict(_converted(schema)) if isinstance(schema, dict) else schema


def _converted(schema: Schema) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        bound, exclusive = name, f"exclusive{name[:1].upper()}{name[1:]}"
        if name in ("minimum", "maximum") and schema.get(exclusive) is True:
            bound = exclusive
        if not (name.startswith("exclusive") and isinstance(value, bool)):
            yield bound, json_schema(value)
