"""The fields of a strategy's own parameters, generated from its schema: for the forms of bots and of back-tests."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.settings.form_values import shown_number, typed_number
from bots.strategies.registry import Plugin
from bots.strategies.settings import PARAMS, plugin_of
from bots.strategies.words import translated
from trading.strategies.parameters import parameters_schema
from trading.strategies.position_sizes import SizeParameters

PREFIX: Final = f"{PARAMS}."
SIZE_PREFIX: Final = "sizing."
SIZES: Final = parameters_schema(SizeParameters)
OF_MODE: Final = {
    "equity": ("capital", "share", "most"),
    "volatility": ("capital", "target", "window", "most"),
    "kelly": ("capital", "share", "kelly", "least", "most"),
}
SIZE_WORDS: Final = {
    "fixed": gettext_lazy("The same every time"),
    "equity": gettext_lazy("A share of what the bot has"),
    "volatility": gettext_lazy("By volatility"),
    "kelly": gettext_lazy("Kelly, capped"),
}


def param_values(strategy: str, given: Mapping[str, Any]) -> dict[str, str]:
    """By the fields' names: what is given of the strategy's parameters, else their defaults, as they are shown."""
    plugin = plugin_of(strategy)
    known = plugin.schema["properties"] if plugin else {}
    return {f"{PREFIX}{name}": _shown(given.get(name, about.get("default", ""))) for name, about in known.items()}


def posted_params(post: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(PREFIX): text for name, text in post.items() if name.startswith(PREFIX)}


def typed_params(values: Mapping[str, str]) -> dict[str, str]:
    """Of all of a form's values those of the strategy, as its reader takes them; choices have words."""
    return {
        name: text if any(map(str.isalpha, text)) else typed_number(text)
        for name, text in posted_params(values).items()
    }


def param_fields(plugin: Plugin | None) -> list[dict[str, Any]]:
    """What a page shows of each: name, label, unit, help, range and choices."""
    if plugin is None:
        return []
    return [
        {
            "name": f"{PREFIX}{name}",
            "label": plugin.word(about.get("title", name)),
            "unit": plugin.word(about.get("x-unit", "")),
            "help": " ".join(filter(None, (plugin.word(about.get("description", "")), _range(about)))),
            "choices": param_choices(plugin, about),
        }
        for name, about in plugin.schema["properties"].items()
    ]


def param_choices(plugin: Plugin, about: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    if about.get("type") == "boolean":
        return [("true", _("Yes")), ("false", _("No"))]
    return [(name, plugin.word(name)) for name in about.get("enum", [])]


def _range(about: Mapping[str, Any]) -> str:
    """What may be entered, in words; only ends that a trader might reach."""
    low = about.get("minimum", about.get("exclusiveMinimum"))
    high = about.get("maximum", about.get("exclusiveMaximum"))
    if low is None or high is None or about.get("type") == "boolean":
        return ""
    return _("%(low)s to %(high)s.") % {"low": _shown(low), "high": _shown(high)}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return shown_number(value, least=0) if isinstance(value, int | float) else str(value)


def size_values(given: Mapping[str, Any]) -> dict[str, str]:
    """Position sizing, by the names of its fields."""
    known = SIZES["properties"]
    return {f"{SIZE_PREFIX}{name}": _shown(given.get(name, about["default"])) for name, about in known.items()}


def posted_sizes(post: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(SIZE_PREFIX): text for name, text in post.items() if name.startswith(SIZE_PREFIX)}


def typed_sizes(values: Mapping[str, str]) -> dict[str, str]:
    return {name: typed_number(text) for name, text in posted_sizes(values).items()}


def size_fields(mode: str) -> list[dict[str, Any]]:
    """Those that count for this way of sizing, the way itself left out."""
    return [
        {
            "name": f"{SIZE_PREFIX}{name}",
            "label": translated(about["title"]),
            "unit": translated(about.get("x-unit", "")),
            "help": translated(about.get("description", "")),
        }
        for name, about in SIZES["properties"].items()
        if name in OF_MODE.get(mode, ())
    ]
