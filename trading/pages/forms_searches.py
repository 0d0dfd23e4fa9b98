"""The form of a parameter search: a back-test's settings that every set shares, and beside each what it may be instead.

No rules here: `trading.backtests.drafts` and `trading.searches.plan` say what is wrong.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from bots.models import AllowedSide, Opening, PnlBasis, ProfitMode
from bots.pages.forms import LadderRow
from bots.settings.form_values import shown_number, typed_number
from bots.strategies.registry import strategy_of
from trading.backtests.drafts import STRATEGY_PARAMS
from trading.pages.forms_backtests import BacktestForm, form_from_post
from trading.searches.plan import DEFAULTS
from trading.searches.space import Dimension

FIXED: Final = "fixed"
RANGE: Final = "range"
LOG: Final = "log"
VALUES: Final = "values"
WAYS: Final = {RANGE: _("From – to"), LOG: _("By factors"), VALUES: _("List")}
SEARCH_FIELDS: Final = ("method", "sets", "seed", "objective", "folds", "out_of_sample_pct", "min_cycles")
_SEPARATORS: Final = re.compile(r"[\s;,]+")
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class About:
    """A parameter that can be varied. `choices`: of one that is no number, value and word; `base`: what all sets share
    can be typed in its row; `whole`: takes whole numbers."""

    name: str
    word: Any
    unit: str = ""
    choices: tuple[tuple[str, Any], ...] = ()
    base: bool = True
    whole: bool = False

    @property
    def is_choice(self) -> bool:
        return bool(self.choices)


YES_NO: Final = (("true", _("Yes")), ("false", _("No")))
GROUPS: Final[tuple[tuple[Any, tuple[About, ...]], ...]] = (
    (
        _("Exit"),
        (
            About("profit_ratio", _("Take profit"), "%"),
            About("stop_loss_ratio", _("Stop loss"), "%"),
            About("profit_mode", _("Takes profit on"), choices=tuple(ProfitMode.choices)),
            About("restart_after_stop_loss", _("Go on after a stop loss"), choices=YES_NO),
        ),
    ),
    (
        _("Opening"),
        (
            About("opening", _("Opens on"), choices=tuple(Opening.choices)),
            About("allowed_side", _("Side of the spread"), choices=tuple(AllowedSide.choices)),
        ),
    ),
    (
        _("Whole ladder"),
        (
            About("dca_config.spread_factor", _("All steps times"), "×", base=False),
            About("dca_config.multiplier_factor", _("All multipliers times"), "×", base=False),
            About("max_dca_times", _("Levels used"), base=False, whole=True),
        ),
    ),
    (
        _("Money and costs"),
        (
            About("investment_per_order", _("Investment per order"), "USDT"),
            About("max_position_value", _("Maximum position"), "USDT"),
            About("slippage_bps", _("Slippage"), "bp"),
            About("pnl_basis", _("P&L"), choices=tuple(PnlBasis.choices)),
        ),
    ),
)
ABOUT: Final = {about.name: about for _title, group in GROUPS for about in group}
SHOWN: Final = frozenset(name for name, about in ABOUT.items() if about.base)


@dataclass
class VariedRow:
    """What one parameter may be, as typed. `low` to `values` stay while another way is chosen."""

    about: About
    number: int
    how: str = FIXED
    low: str = ""
    high: str = ""
    step: str = ""
    values: str = ""
    chosen: tuple[str, ...] = ()
    errors: list[str] = field(default_factory=list)
    dimension: Dimension | None = None

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def key(self) -> str:
        """For ids: names hold brackets and dots."""
        return f"v{self.number}"

    @property
    def is_varied(self) -> bool:
        return len(self.chosen) > 1 if self.about.is_choice else self.how != FIXED

    @property
    def count(self) -> int | None:
        return self.dimension.count if self.dimension and not self.dimension.is_fine else None

    def space(self) -> dict[str, Any] | None:
        """For `searches.plan`; None where it is the same for every set."""
        if not self.is_varied:
            return None
        if self.about.is_choice:
            return {"values": [_word(value) for value in self.chosen]}
        if self.how == VALUES:
            return {"values": [_number(text) for text in _SEPARATORS.split(self.values[:_LONGEST].strip()) if text]}
        ends = {"low": _number(typed_number(self.low)), "high": _number(typed_number(self.high))}
        if self.how == LOG:
            return ends | {"log": True}
        return ends | ({"step": _number(typed_number(self.step))} if self.step.strip() else {})


@dataclass
class SearchForm(BacktestForm):
    varied: list[VariedRow] = field(default_factory=list)

    def search(self) -> dict[str, Any]:
        """The `search` of `services.search_create`."""
        settings: dict[str, Any] = {name: self.values[name] for name in SEARCH_FIELDS if self.values.get(name)}
        space = {row.name: about for row in self.varied if (about := row.space()) is not None}
        return settings | {"space": space}

    @property
    def by_name(self) -> dict[str, VariedRow]:
        return {row.name: row for row in self.varied}

    def refuse(self, errors: Mapping[str, Iterable[str]]) -> None:
        """Lines of the space go to the parameters that they name."""
        errors = {name: list(texts) for name, texts in errors.items()}
        rest = []
        for text in errors.pop("space", []):
            name, colon, sentence = text.partition(": ")
            if colon and name in self.by_name:
                self.by_name[name].errors.append(sentence)
            else:
                rest.append(text)
        super().refuse(errors)
        if rest:
            self.errors["space"] = rest


def of_strategy(name: str) -> list[About]:
    """A strategy's own parameters, as its schema tells them."""
    try:
        known = strategy_of(name).schema["properties"]
    except LookupError:
        return []
    return [_of_schema(f"{STRATEGY_PARAMS}.{param}", param, about) for param, about in known.items()]


def _of_schema(name: str, param: str, about: Mapping[str, Any]) -> About:
    choices = tuple((text, text) for text in about.get("enum", ()))
    if about.get("type") == "boolean":
        choices = YES_NO
    word, unit = about.get("title", param), about.get("x-unit", "")
    return About(name, word, unit, choices, whole=about.get("type") == "integer")


def of_levels(rows: list[LadderRow]) -> list[About]:
    """Two for each level of the ladder."""
    return [
        About(f"dca_config[{row.level}].{column}", word, unit)
        for row in rows
        for column, word, unit in (("spread", _("Step"), "pp"), ("multiplier", _("Multiplier"), "×"))
    ]


def search_form(base: BacktestForm) -> SearchForm:
    """A first search around the base: a strategy's own first parameters, else how far the ladder reaches and how much
    it wants."""
    form = _upon(base, {name: str(DEFAULTS[name]) for name in SEARCH_FIELDS} | {"method": "grid"})
    form.varied = _blank_rows(form)
    own = [about.name for about in of_strategy(form.values["strategy"]) if not about.is_choice]
    for name in own[:2] or ["profit_ratio"]:
        _vary_around(form.by_name[name], _number(typed_number(form.values[name])))
    if not own:
        row = form.by_name["dca_config.spread_factor"]
        row.how, row.low, row.high, row.step = RANGE, "0.5", "2", "0.1"
    return form


def _vary_around(row: VariedRow, base: Any) -> None:
    """From half of the base to twice of it, in quarters; whole numbers in whole steps."""
    if not (isinstance(base, float) and base > 0):
        return
    ends = (base * 0.5, base * 2, base * 0.25)
    row.how = RANGE
    if row.about.whole:
        row.low, row.high, row.step = (str(max(1, round(end))) for end in ends)
    else:
        row.low, row.high, row.step = (shown_number(round(end, 6), grouped=False) for end in ends)


def search_form_again(base: BacktestForm, settings: Mapping[str, Any], space: Mapping[str, Any]) -> SearchForm:
    """The same search again, to be changed."""
    form = _upon(base, {name: str(settings[name]) for name in SEARCH_FIELDS})
    form.varied = _blank_rows(form)
    for name, about in space.items():
        if row := form.by_name.get(name):
            _fill(row, about)
    return form


def search_form_from_post(post: QueryDict) -> SearchForm:
    form = _upon(form_from_post(post), {name: post.get(name, "") for name in SEARCH_FIELDS})
    form.values["restart_after_stop_loss"] = post.get("restart_after_stop_loss", "false")
    form.varied = [_row_from_post(post, about, number) for number, about in enumerate(_all(form))]
    return form


def _row_from_post(post: QueryDict, about: About, number: int) -> VariedRow:
    name = about.name
    how = post.get(f"how:{name}", FIXED)
    return VariedRow(
        about,
        number,
        how=how if how in WAYS else FIXED,
        low=post.get(f"low:{name}", ""),
        high=post.get(f"high:{name}", ""),
        step=post.get(f"step:{name}", ""),
        values=post.get(f"values:{name}", ""),
        chosen=tuple(key for key, _word in about.choices if key in post.getlist(f"choice:{name}")),
    )


def _fill(row: VariedRow, about: Mapping[str, Any]) -> None:
    if row.about.is_choice:
        row.chosen = tuple(_text(value) for value in about.get("values", ()))
    elif "values" in about:
        row.how, row.values = VALUES, " ".join(_text(value) for value in about["values"])
    else:
        row.how = LOG if about.get("log") else RANGE
        row.low, row.high = _text(about["low"]), _text(about["high"])
        row.step = _text(about["step"]) if about.get("step") is not None else ""


def _upon(base: BacktestForm, settings: dict[str, str]) -> SearchForm:
    return SearchForm(
        base.values | settings, base.rows, errors=base.errors, filled_for=base.filled_for, bot_id=base.bot_id
    )


def _blank_rows(form: SearchForm) -> list[VariedRow]:
    return [VariedRow(about, number) for number, about in enumerate(_all(form))]


def _all(form: SearchForm) -> list[About]:
    return [*of_strategy(form.values["strategy"]), *ABOUT.values(), *of_levels(form.rows)]


def _number(text: str) -> Any:
    """What cannot be read stays as it is, for the plan to say so."""
    try:
        return float(text)
    except ValueError:
        return text


def _word(text: str) -> Any:
    return text == "true" if text in ("true", "false") else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, int | float) else str(value)
