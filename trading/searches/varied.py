"""From the values of a set to the parameters of a back-test, in the names of `P.json`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bots.strategies.registry import strategy_of
from trading.backtests.parameters import READERS
from trading.searches.space import Value

FACTORS: Final = {"dca_config.spread_factor": "spread", "dca_config.multiplier_factor": "multiplier"}
"""They scale every level of the ladder."""
WHOLE: Final = frozenset({"max_dca_times"})
FIXED: Final = frozenset({"dca_config", "strategy_params", "start_time", "start_price1", "start_price2"})
"""Varied by their parts, or the same for every set: sets are compared over the same bars."""
_LEVEL: Final = re.compile(r"dca_config\[(\d{1,3})\]\.(spread|multiplier)")
_OF_STRATEGY: Final = re.compile(r"strategy_params\.(\w{1,60})")
_DIGITS: Final = 12
"""Significant ones of a scaled level: 1.1 times 3 is 3.3."""


def merged(base: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """The base with the set's values. Factors scale the base's ladder; levels that vary themselves stay as they are."""
    plain = {name: value for name, value in values.items() if name in READERS}
    result = {**base, **plain}
    varied = values.keys() - plain.keys()
    if any(name.startswith("dca_config") for name in varied):
        result["dca_config"] = _ladder(base["dca_config"], values)
    own = {found[1]: values[name] for name in varied if (found := _OF_STRATEGY.fullmatch(name))}
    if own:
        result["strategy_params"] = {**base.get("strategy_params", {}), **own}
    return result


def _ladder(rows: list[dict[str, Any]], values: Mapping[str, Value]) -> list[dict[str, Any]]:
    ladder = [dict(row) for row in rows]
    for name, column in FACTORS.items():
        if name in values:
            for row in ladder:
                row[column] = float(f"{float(row[column]) * float(values[name]):.{_DIGITS}g}")
    for name, value in values.items():
        if level := _LEVEL.fullmatch(name):
            ladder[int(level[1]) - 1][level[2]] = value
    return ladder


def whole_names(strategy: str) -> frozenset[str]:
    """Names that take whole numbers only."""
    try:
        properties = strategy_of(strategy).schema["properties"]
    except LookupError:
        return WHOLE
    return WHOLE | {f"strategy_params.{name}" for name, about in properties.items() if about.get("type") == "integer"}


def check_names(names: Iterable[str], base: Mapping[str, Any]) -> None:
    """Raises ValidationError under `space` for names that cannot be varied. Whether a strategy knows its own is found
    when the first set is read."""
    problems = [f"{name[:60]}: {problem}" for name in names if (problem := _name_problem(name, base))]
    if problems:
        raise ValidationError({"space": problems})


def _name_problem(name: str, base: Mapping[str, Any]) -> str | None:
    ladder = base.get("dca_config")
    if level := _LEVEL.fullmatch(name):
        rows = len(ladder) if isinstance(ladder, list) else 0
        if 1 <= int(level[1]) <= rows:
            return None
        return _("the ladder has %(rows)s levels") % {"rows": rows}
    if name in FACTORS:
        return None if isinstance(ladder, list) and ladder else _("there is no ladder to scale")
    if name in FIXED:
        return _("is the same for every set")
    if name in READERS or _OF_STRATEGY.fullmatch(name):
        return None
    return _("is not a parameter that can be varied")
