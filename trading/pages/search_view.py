"""What the page of one search shows, ready for its templates and its scripts."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.templatetags.figures import money, pct, plain
from trading.backtests.settings_words import setting_groups
from trading.models import Search
from trading.pages.backtest_view import RunPage
from trading.pages.forms_searches import ABOUT, of_strategy
from trading.pages.search_form_view import METHODS, OBJECTIVE_WORDS
from trading.searches import results
from trading.searches.objectives import OBJECTIVES
from trading.searches.space import parse_space
from trading.searches.varied import whole_names
from trading.searches.warning_words import texts_of

BEST: Final = 10
BEST_MOST: Final = 50
PERCENT_OBJECTIVES: Final = ("win_rate",)
MONEY_OBJECTIVES: Final = ("net_profit", "expectancy")
_LEVEL: Final = re.compile(r"dca_config\[(\d{1,3})\]\.(spread|multiplier)")
_LEVEL_WORDS: Final = {"spread": gettext_lazy("Step %(level)s"), "multiplier": gettext_lazy("Multiplier %(level)s")}


def parameter_word(name: str, strategy: str = "spread") -> str:
    """What a varied parameter is called on the pages."""
    own = next((about for about in of_strategy(strategy) if about.name == name), None)
    if own is not None:
        return str(own.word)
    if level := _LEVEL.fullmatch(name):
        return str(_LEVEL_WORDS[level[2]]) % {"level": level[1]}
    if about := ABOUT.get(name):
        return str(about.word)
    return name.removeprefix("strategy_params.").replace("_", " ")


def value_word(name: str, value: Any) -> str:
    """A value as a trader reads it: choices by their words, numbers without zeros behind them."""
    about = ABOUT.get(name)
    if about is not None and about.is_choice:
        key = str(value).lower() if isinstance(value, bool) else str(value)
        return str(dict(about.choices).get(key, key))
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)


@dataclass(frozen=True, slots=True)
class SetRow:
    """One set of the table; `inside` and `outside` are totals over all folds."""

    place: int
    number: int
    values: list[str]
    score: float | None
    oos_score: float | None
    degradation_pct: float | None
    inside: dict[str, Any] | None
    outside: dict[str, Any] | None


class SearchPage(RunPage):
    @cached_property
    def search(self) -> Search:
        return Search.objects.get(backtest=self.run)

    @property
    def method_word(self) -> Any:
        return METHODS[self.search.method][0]

    @property
    def objective_word(self) -> Any:
        return OBJECTIVES[self.search.objective].title

    @property
    def objective_meaning(self) -> Any:
        return OBJECTIVE_WORDS[self.search.objective]

    @cached_property
    def names(self) -> list[str]:
        return list(self.rows_found[0]["values"]) if self.rows_found else sorted(self.search.space)

    @property
    def words(self) -> list[str]:
        return [self._word(name) for name in self.names]

    @property
    def name_words(self) -> list[tuple[str, str]]:
        return list(zip(self.names, self.words, strict=True))

    @cached_property
    def rows_found(self) -> list[dict[str, Any]]:
        self.search.backtest = self.run
        self.run.search = self.search
        return results.best(self.run, BEST_MOST if self.shows_more else BEST)

    @cached_property
    def rows(self) -> list[SetRow]:
        return [
            SetRow(
                place,
                found["number"],
                [value_word(name, value) for name, value in found["values"].items()],
                found["score"],
                found["oos_score"],
                found["degradation_pct"],
                found["in_sample"],
                found["out_of_sample"],
            )
            for place, found in enumerate(self.rows_found, start=1)
        ]

    @property
    def shows_more(self) -> bool:
        return "more" in self.query

    @property
    def has_more(self) -> bool:
        return not self.shows_more and len(self.rows) == BEST

    @property
    def top(self) -> SetRow | None:
        return self.rows[0] if self.rows else None

    @property
    def keeps_back(self) -> bool:
        return bool(self.search.folds)

    @property
    def warnings(self) -> list[str]:
        """Signs of over-fitting, with the parameters called as they are everywhere on the page."""
        found = self.summary.get("findings", [])
        return texts_of(
            finding | ({"name": self._word(finding["name"])} if "name" in finding else {}) for finding in found
        )

    @property
    def refusals(self) -> list[dict[str, Any]]:
        return self.summary.get("refusals", [])

    @cached_property
    def walk(self) -> dict[str, Any] | None:
        return results.walk_forward(self.run)

    @property
    def folds(self) -> list[dict[str, Any]]:
        """Of the walk forward, with the chosen set's values in words."""
        found = self.walk["folds"] if self.walk else []
        return [
            fold
            | {
                "place": place,
                "chosen": [
                    (self._word(name), value_word(name, value)) for name, value in (fold["values"] or {}).items()
                ],
            }
            for place, fold in enumerate(found, start=1)
        ]

    @property
    def weights(self) -> list[tuple[str, float]]:
        return [(self._word(row["name"]), row["share_pct"]) for row in results.importance(self.run)]

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        return setting_groups(self.run)

    @cached_property
    def axes(self) -> list[str]:
        """The two parameters that the heat map begins with: numbers before words, what weighs most first."""
        space = parse_space(self.search.space, whole_names(self.run.strategy))
        weights = {row["name"]: row["share_pct"] for row in results.importance(self.run)}
        found = sorted(space.dimensions, key=lambda each: (not each.is_ordered, -weights.get(each.name, 0.0)))
        return [each.name for each in found[:2]]

    @property
    def can_map(self) -> bool:
        return len(self.names) > 1 and self.run.done > 0

    @property
    def took_s(self) -> float | None:
        begun, ended = self.run.started_at, self.run.finished_at
        return (ended - begun).total_seconds() if begun and ended else None

    @property
    def script_data(self) -> dict[str, Any]:
        run = self.run
        return {
            "id": run.pk,
            "is_open": run.is_open,
            "done": run.done,
            "total": run.total,
            "socket": f"/api/v1/ws/backtest/{run.pk}",
            "map": reverse("search-map", args=[run.pk]),
            "parallel": reverse("search-parallel", args=[run.pk]),
            "names": {name: self._word(name) for name in self.names},
            "choices": {name: self._choice_words(name) for name in self.names if name in ABOUT},
            "objective": self.search.objective,
            "score_kind": score_kind(self.search.objective),
            "currency": self.currency,
            "keeps_back": self.keeps_back,
            "equity": self.walk["equity"] if self.walk else None,
            "words": page_words(),
        }

    def _word(self, name: str) -> str:
        return parameter_word(name, self.run.strategy)

    def _choice_words(self, name: str) -> dict[str, str]:
        return {key: str(word) for key, word in ABOUT[name].choices}


def score_kind(objective: str) -> str:
    """How its scores are written: in percent, as money, or as a plain figure."""
    if objective in PERCENT_OBJECTIVES:
        return "pct"
    return "signed" if objective in MONEY_OBJECTIVES else "money"


def score_text(value: float | None, objective: str) -> str:
    kind = score_kind(objective)
    if kind == "pct":
        return pct(value)
    return plain(value, 2, signed=True) if kind == "signed" else money(value)


def page_words() -> dict[str, str]:
    return {
        "queued": _("Waits for its turn"),
        "running": _("Tries one set after the other"),
        "of_sets": _("%(done)s of %(total)s sets"),
        "rate": _("%(n)s sets a second"),
        "left": _("about %(time)s left"),
        "best": _("best so far %(score)s"),
        "sets": _("%(n)s sets"),
        "no_score": _("too few cycles"),
        "set": _("Set %(n)s"),
        "score": _("Score"),
        "oos": _("Out of sample"),
        "chosen": _("%(n)s of %(total)s sets within the marks"),
    }
