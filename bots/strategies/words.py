"""Strategies in the reader's language: titles of those that are built in, and what is wrong with parameters."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bots.strategies.texts import TEXTS
from trading.strategies.parameters import ParametersRefused, Problem

TITLES: Final[dict[str, str | Promise]] = {
    "spread": _("Spread of two markets"),
    "z_score": _("Z-score of the hedged gap"),
    "funding_carry": _("Funding carry of two swaps"),
    "bollinger": _("Bollinger bands, back to the middle"),
    "rsi": _("Relative strength index"),
    "ma_cross": _("Crossing of two moving averages"),
    "donchian": _("Donchian break-out"),
    "grid": _("Grid around the average"),
    "dca": _("Averaging in (DCA)"),
}

SENTENCES: Final[dict[str, str | Promise]] = {
    "unknown": _("This strategy has no such parameter."),
    "object": _("Enter names and values."),
    "number": _("Enter a number."),
    "whole": _("Enter a whole number."),
    "flag": _("Choose yes or no."),
    "choice": _("Choose one of: %(limit)s."),
    "low": _("Enter at least %(limit)s."),
    "high": _("Enter at most %(limit)s."),
    "above": _("Enter a number above %(limit)s."),
    "below": _("Enter a number below %(limit)s."),
}
"""By the codes of `trading.strategies.parameters`."""

COMPLAINTS: Final[dict[str, str | Promise]] = {
    "unknown": _("is not a parameter of this strategy"),
    "object": _("must be an object of names and values"),
    "number": _("must be a number"),
    "whole": _("must be a whole number, not %(given)s"),
    "flag": _("must be true or false"),
    "choice": _("must be one of %(limit)s"),
    "low": _("must be at least %(limit)s, not %(given)s"),
    "high": _("must be at most %(limit)s, not %(given)s"),
    "above": _("must be above %(limit)s, not %(given)s"),
    "below": _("must be below %(limit)s, not %(given)s"),
}
"""The same behind a parameter's name, with what was given."""


def problem_text(problem: Problem) -> str:
    return str(SENTENCES[problem.code]) % {"limit": problem.limit}


def complaint(problem: Problem) -> str:
    """What is said beside or behind the parameter's name: `must be at least 2, not 1`."""
    return str(COMPLAINTS[problem.code]) % {"limit": problem.limit, "given": problem.given}


def problem_fields(refused: ParametersRefused) -> dict[str, list[str]]:
    """By parameter, as a form or an API shows them."""
    return {problem.name: [problem_text(problem)] for problem in refused.problems}


def translated(text: str) -> str:
    """A word of a built-in strategy in the reader's language (`bots.strategies.texts`)."""
    return gettext(text) if text in TEXTS else text
