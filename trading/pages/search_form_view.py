"""What the form of a search shows beside its fields: how many sets there are, and how the data are split."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bots.pages.forms import LadderRow
from bots.strategies.form import size_values
from exchanges.adapters.paper_source import from_ms
from exchanges.history import candles
from trading.backtests.drafts import PLACE
from trading.backtests.markets import to_ms
from trading.core.candles import Tape, single
from trading.pages.backtest_form_view import BacktestFormView
from trading.pages.forms_backtests import FIELDS
from trading.pages.forms_searches import GROUPS, SEARCH_FIELDS, SHOWN, WAYS, SearchForm, VariedRow, of_strategy
from trading.searches.folds import Fold, folds_of
from trading.searches.objectives import OBJECTIVES
from trading.searches.plan import Plan, parse_plan
from trading.searches.space import parse_space
from trading.searches.varied import whole_names

PLACE_FIELDS: Final = (
    "name",
    "strategy",
    "exchange",
    "market1_symbol",
    "market2_symbol",
    "timeframe",
    "since",
    "until",
)
METHODS: Final = {
    "grid": (_("Grid"), _("Every combination, none left out. Best for two or three parameters with few steps.")),
    "random": (_("Random"), _("A fair draw from all combinations; covers many parameters with few sets.")),
    "tpe": (_("Optuna (TPE)"), _("Learns where good sets lie and looks there; finds more, and over-fits sooner.")),
}
OBJECTIVE_WORDS: Final = {
    "net_profit": _("What is left at the end, open positions at their value."),
    "return_over_drawdown": _("Profit for every unit of the deepest fall on the way."),
    "profit_factor": _("What the winning cycles brought for each unit that the losing ones took."),
    "win_rate": _("The share of cycles that closed with a profit."),
    "expectancy": _("The average result of a cycle."),
    "sqn": _("The average result against how much results scatter, more cycles counting more."),
    "sharpe": _("Daily return against how much it scatters, for a year."),
}
SPLIT_HEIGHT: Final = 12
SPLIT_PITCH: Final = 20


@dataclass
class SearchFormView(BacktestFormView):
    form: SearchForm

    @cached_property
    def planned(self) -> tuple[Plan | None, dict[str, list[str]]]:
        """The search as it would run, and what is wrong with it."""
        try:
            plan = parse_plan(self.form.search(), strategy=self.strategy, parameters=self.draft.parameters)
        except ValidationError as error:
            return None, _by_field(error)
        return plan, {}

    @property
    def strategy(self) -> str:
        """The default's name for one that is not installed: what is wrong with it the draft says."""
        return self.plugin.name if self.plugin else "spread"

    @property
    def plan(self) -> Plan | None:
        return self.planned[0]

    def mark(self) -> None:
        """Every row learns what it comes to, and what is wrong with it."""
        whole = whole_names(self.strategy)
        for row in self.form.varied:
            about = row.space()
            if about is None:
                continue
            try:
                row.dimension = parse_space({row.name: about}, whole).dimensions[0]
            except ValidationError:
                row.dimension = None

    @property
    def choices(self) -> dict[str, Sequence[tuple[Any, Any]]]:
        return {
            **super().choices,
            "method": [(name, words[0]) for name, words in METHODS.items()],
            "objective": [(name, about.title) for name, about in OBJECTIVES.items()],
        }

    @property
    def warnings(self) -> dict[str, list[dict[str, Any]]]:
        return {}

    @property
    def ways(self) -> dict[str, Any]:
        return WAYS

    @property
    def groups(self) -> list[tuple[Any, list[VariedRow]]]:
        rows = self.form.by_name
        own = [rows[about.name] for about in of_strategy(self.strategy)]
        groups = [(title, [rows[about.name] for about in group]) for title, group in GROUPS]
        return [(self.plugin.title, own), *groups] if own and self.plugin else groups

    @property
    def rungs(self) -> list[tuple[LadderRow, list[VariedRow]]]:
        rows = self.form.by_name
        return [
            (rung, [rows[f"dca_config[{rung.level}].{column}"] for column in ("spread", "multiplier")])
            for rung in self.form.rows
        ]

    @property
    def rungs_varied(self) -> int:
        return sum(row.is_varied for _rung, rows in self.rungs for row in rows)

    @property
    def carried(self) -> list[tuple[str, str]]:
        """Settings without a field here: they stay what the base has."""
        hidden = (name for name in FIELDS if name not in SHOWN and name not in PLACE_FIELDS)
        return [(name, self.form.values.get(name, "")) for name in (*hidden, *size_values({}))]

    @property
    def hidden_errors(self) -> list[str]:
        """What is wrong with something that has no field here."""
        shown = {*SHOWN, *PLACE_FIELDS, *SEARCH_FIELDS, "space", "dca_config", "__all__"}
        return [text for name, texts in self.form.errors.items() if name not in shown for text in texts]

    @property
    def method_word(self) -> Any:
        found = METHODS.get(self.form.values["method"])
        return found[1] if found else ""

    @property
    def objective_word(self) -> Any:
        return OBJECTIVE_WORDS.get(self.form.values["objective"], "")

    @property
    def sizes(self) -> list[VariedRow]:
        return [row for row in self.form.varied if row.is_varied]

    @property
    def is_whole_grid(self) -> bool:
        return self.form.values["method"] == "grid"

    @cached_property
    def bars(self) -> tuple[int, int, int] | None:
        """How many there are, the first one's opening and the last one's, ms."""
        tape = _stored_tape(self.draft.place) if self.draft.has_place else None
        return (len(tape), int(tape.times[0]), int(tape.times[-1])) if tape is not None and len(tape) else None

    @cached_property
    def folds(self) -> list[Fold]:
        if self.plan is None or self.bars is None:
            return []
        try:
            return folds_of(self.bars[0], self.plan.folds, self.plan.out_of_sample_pct)
        except ValidationError:
            return []

    @property
    def split(self) -> dict[str, Any] | None:
        """The folds as bars in percent of the data, with the dates of both ends."""
        if not self.folds or self.bars is None:
            return None
        count, first, last = self.bars
        return {
            "height": len(self.folds) * SPLIT_PITCH,
            "folds": [
                {
                    "y": number * SPLIT_PITCH + (SPLIT_PITCH - SPLIT_HEIGHT) / 2,
                    "x": fold.first / count * 100,
                    "inside": (fold.split - fold.first) / count * 100,
                    "split": fold.split / count * 100,
                    "outside": (fold.end - fold.split) / count * 100,
                }
                for number, fold in enumerate(self.folds)
            ],
            "first": from_ms(first),
            "last": from_ms(last),
        }

    @property
    def suggested_name(self) -> str:
        pair = super().suggested_name
        return gettext("%(pair)s search") % {"pair": pair} if pair else ""

    @property
    def script_data(self) -> dict[str, Any]:
        return {
            "filled_for": self.form.filled_for,
            "coins": self.coins,
            "spread": None,
            "strategy": self.form.values["strategy"],
        }


def errors_of(view: SearchFormView) -> dict[str, list[str]]:
    """Everything that is wrong, by field: the base's own, the search's, and a split that does not fit the data."""
    found = _by_field(ValidationError(view.draft.errors)) if view.draft.errors else {}
    found |= {name: texts for name, texts in view.planned[1].items() if name not in found}
    if view.plan is not None and view.bars is not None:
        try:
            folds_of(view.bars[0], view.plan.folds, view.plan.out_of_sample_pct)
        except ValidationError as error:
            found |= _by_field(error)
    return found


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}


def _stored_tape(place: dict[str, Any]) -> Tape | None:
    """The bars that the markets have in common in the chosen time."""
    exchange, one, two, timeframe = (place.get(name, "") for name in PLACE)
    try:
        if two:
            tape = candles.load_pair(exchange, one, two, timeframe).tape
        elif found := candles.load(exchange, one, timeframe):
            tape = single(found)
        else:
            return None
    except LookupError:
        return None
    if since := place.get("since"):
        tape = tape.since(to_ms(since))
    if until := place.get("until"):
        tape = tape.until(to_ms(until))
    return tape
