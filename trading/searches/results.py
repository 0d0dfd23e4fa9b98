"""What pages, the API and reports show of a search. Everything here reads; somebody else's search never gets here."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from trading.models import Backtest, Trial
from trading.searches import trials
from trading.searches.heat_map import HeatMap
from trading.searches.outcome_summary import row_of
from trading.searches.plan import Plan, plan_of
from trading.searches.varied import merged
from trading.searches.warning_words import texts_of

Statistic = Literal["max", "median"]
STATISTICS: Final[tuple[Statistic, ...]] = ("max", "median")
SCORES: Final = ("score", "oos_score")


def best(backtest: Backtest, limit: int = 20) -> list[dict[str, Any]]:
    """The best sets so far, best first: `number`, `values`, `score`, `oos_score`, `degradation_pct`, and the totals
    `in_sample` and `out_of_sample` over all folds (None without any)."""
    plan = plan_of(backtest.search)
    return [row_of(plan, trials.outcome_of(row)) for row in trials.best_first(backtest.pk)[:limit]]


def heat_map(backtest: Backtest, x: str, y: str, *, statistic: Statistic = "max", of: str = "score") -> dict[str, Any]:
    """Scores over two of the varied parameters, the best (or the median) over all others.

    {"x", "y": names; "xs", "ys": labels along them; "cells": [[x index, y index, score or None, sets, best set's
    number or None], …]}; cells without a set are left out. Raises ValidationError for what the search does not vary.
    """
    plan = plan_of(backtest.search)
    _check_choice("statistic", statistic, STATISTICS)
    _check_choice("of", of, SCORES)
    for name, value in (("x", x), ("y", y)):
        _check_choice(name, value, plan.space.names)
    if x == y:
        raise ValidationError({"y": [_("Choose two different parameters.")]})
    drawn = HeatMap(plan.space.dimension(x), plan.space.dimension(y))
    for number, values, score, oos_score in trials.scores_of(backtest.pk):
        drawn.add(number, values, score if of == "score" else oos_score)
    return drawn.as_json(statistic) | {"statistic": statistic, "of": of, "objective": plan.objective}


def parallel(backtest: Backtest, limit: int = 500) -> dict[str, Any]:
    """For parallel coordinates: the best sets, best first.

    {"dimensions": [{"name", "ordered", "values" (of unordered ones) or "low" and "high"}], "rows": [[value of each
    dimension …, score, out-of-sample score or None]], "numbers": [...]}.
    """
    plan = plan_of(backtest.search)
    names = plan.space.names
    rows = trials.best_first(backtest.pk).values_list("number", "values", "score", "oos_score")[:limit]
    return {
        "objective": plan.objective,
        "dimensions": [_axis(plan, name) for name in names],
        "rows": [[*(values[name] for name in names), score, oos] for _number, values, score, oos in rows],
        "numbers": [row[0] for row in rows],
    }


def warnings(backtest: Backtest) -> list[str]:
    """Signs of over-fitting in plain words and the reader's language; empty until the search is done."""
    return texts_of(backtest.summary.get("findings", []))


def walk_forward(backtest: Backtest) -> dict[str, Any] | None:
    """See `walk_forward.walk_forward`; None until the search is done, and without folds."""
    found: dict[str, Any] | None = backtest.summary.get("walk_forward")
    return found


def importance(backtest: Backtest) -> list[dict[str, Any]]:
    """See `importance.importance`; empty until the search is done."""
    found: list[dict[str, Any]] = backtest.summary.get("importance", [])
    return found


def trial_of(backtest: Backtest, number: int) -> Trial:
    """Raises Trial.DoesNotExist."""
    return Trial.objects.select_related("search__backtest").get(search_id=backtest.pk, number=number)


def parameters_of(trial: Trial) -> dict[str, Any]:
    """The set as the parameters of a back-test, `P.json`: also what a bot is made from."""
    return merged(trial.search.backtest.parameters, trial.values)


def run_data(trial: Trial) -> dict[str, Any]:
    """What `backtests.services.backtest_create` takes to run this set over the whole of the search's data."""
    row = trial.search.backtest
    data: dict[str, Any] = {
        "name": _("%(search)s, set %(number)s") % {"search": str(row)[:60], "number": trial.number},
        "strategy": row.strategy,
        "exchange": row.exchange,
        "market1_symbol": row.market1_symbol,
        "market2_symbol": row.market2_symbol,
        "timeframe": row.timeframe,
        "since": row.since,
        "until": row.until,
        "use_funding": row.use_funding,
        "parameters": parameters_of(trial),
    }
    return data


def _axis(plan: Plan, name: str) -> Mapping[str, Any]:
    dimension = plan.space.dimension(name)
    axis: dict[str, Any] = {"name": name, "ordered": dimension.is_ordered}
    if not dimension.is_ordered:
        return axis | {"values": list(dimension.values)}
    return axis | {"low": dimension.value(0), "high": dimension.value(dimension.count - 1), "log": dimension.log}


def _check_choice(name: str, value: str, choices: Any) -> None:
    if value not in choices:
        raise ValidationError({name: [_("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)}]})
