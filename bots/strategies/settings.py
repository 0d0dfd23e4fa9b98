"""What a bot's strategy asks of its other settings: its parameters, one market or two, when it decides, its ladder."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bots.models import DecideOn
from bots.settings.draft import Draft
from bots.strategies.registry import Plugin, strategy_of
from bots.strategies.words import problem_text
from trading.strategies.parameters import ParametersRefused

SPREAD: Final = "spread"
PARAMS: Final = "strategy_params"


def read_strategy(value: Any) -> str:
    """The name of one that this installation has."""
    if not isinstance(value, str):
        raise ValidationError(_("Choose a strategy."), code="choice")
    try:
        return strategy_of(value).name
    except LookupError as error:
        text = str(error)
        raise ValidationError(f"{text[:1].upper()}{text[1:]}.", code="unknown_strategy") from None


def plugin_of(name: Any) -> Plugin | None:
    """None where it is not there (any more), or cannot be used."""
    try:
        return strategy_of(name)
    except LookupError:
        return None


def markets_of_strategy(name: Any) -> int:
    """Two where nothing is known of it."""
    plugin = plugin_of(name)
    return plugin.markets if plugin else 2


def default_ladder(plugin: Plugin) -> list[dict[str, Any]]:
    """As many equal orders as a cycle of it has unless somebody says otherwise."""
    return [{"times": level, "spread": 1.0, "multiplier": 1.0} for level in range(1, plugin.strategy.levels + 1)]


def check_strategy(draft: Draft, data: Mapping[Any, Any]) -> None:
    """Refuses what does not fit the strategy, and settles what follows from it."""
    if not draft.has("strategy"):
        return
    plugin = plugin_of(draft.values["strategy"])
    if plugin is None:
        if draft.bot is None or draft.bot.strategy != draft.values["strategy"]:
            draft.refuse("strategy", ValidationError(_("There is no such strategy."), code="unknown_strategy"))
        return
    _check_params(draft, plugin)
    _check_markets(draft, plugin)
    if plugin.name != SPREAD:
        _check_moments(draft, data)


def _check_params(draft: Draft, plugin: Plugin) -> None:
    """They are kept as the strategy reads them, choices by name. Another strategy's are not taken over."""
    given = draft.values.get(PARAMS) or {}
    if draft.bot is not None and given == draft.bot.strategy_params and plugin.name != draft.bot.strategy:
        given = {}
    try:
        draft.values[PARAMS] = plugin.bind(given).as_json() if plugin.name != SPREAD or given else {}
    except ParametersRefused as refused:
        for problem in refused.problems:
            error = ValidationError(problem_text(problem), code=problem.code)
            draft.refuse(PARAMS if problem.name == PARAMS else f"{PARAMS}.{problem.name}", error)


def _check_markets(draft: Draft, plugin: Plugin) -> None:
    if plugin.markets == 2:
        return
    if draft.values.get("market2_symbol"):
        if draft.bot is None or draft.bot.market2_symbol != draft.values["market2_symbol"]:
            sentence = _("This strategy trades one market: leave market 2 empty.")
            draft.refuse("market2_symbol", ValidationError(sentence, code="one_market"))
            return
    else:
        draft.errors.pop("market2_symbol", None)
    draft.values |= {"market2_symbol": "", "exchange_account2": None}


def _check_moments(draft: Draft, data: Mapping[Any, Any]) -> None:
    if data.get("decide_on") == DecideOn.TICK:
        sentence = _("This strategy decides at the close of a candle.")
        draft.refuse("decide_on", ValidationError(sentence, code="candle_close"))
    elif "decide_on" not in draft.errors:
        draft.values["decide_on"] = DecideOn.CANDLE_CLOSE.value
