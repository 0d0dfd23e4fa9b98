"""The signs of over-fitting in a trader's words."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bots.amounts import grouped_exact
from trading.searches.findings import Finding

COSTS: Final = {"taker_fee": gettext_lazy("Taker fee"), "slippage_bps": gettext_lazy("Slippage")}


def texts_of(findings: Iterable[Finding]) -> list[str]:
    return [_SENTENCES[found["code"]](found) for found in findings]


def _nothing_counts(it: Finding) -> str:
    sentence = _(
        "None of the %(sets)s sets closed the %(min_cycles)s cycles that it takes to count. "
        "Search over more data, or with smaller thresholds."
    )
    return sentence % it


def _best_loses(it: Finding) -> str:
    return _("Even the best set loses money on the data that it was chosen on.")


def _no_out_of_sample(it: Finding) -> str:
    return _("No data were kept back: nothing here shows how the best set does on days that it was not chosen on.")


def _few_oos_cycles(it: Finding) -> str:
    sentence = ngettext(
        "Out of sample the best set closed only %(cycles)s cycle; under %(least)s the comparison says little.",
        "Out of sample the best set closed only %(cycles)s cycles; under %(least)s the comparison says little.",
        it["cycles"],
    )
    return sentence % it


def _oos_loses(it: Finding) -> str:
    sentence = _("The best set earns in sample and loses out of sample (%(net_profit)s): it learned the past by heart.")
    return sentence % {"net_profit": f"{it['net_profit']:,.2f}"}


def _oos_worse(it: Finding) -> str:
    sentence = _("Out of sample the best set does %(pct)s %% worse than in sample: expect the lower figure.")
    return sentence % {"pct": f"{it['pct']:.0f}"}


def _no_rank(it: Finding) -> str:
    sentence = _(
        "Sets that did well in sample did not do well out of sample "
        "(rank correlation %(rho)s over %(sets)s sets): to be the best of them means little."
    )
    return sentence % {"rho": f"{it['rho']:.2f}", "sets": it["sets"]}


def _folds_below_median(it: Finding) -> str:
    sentence = _(
        "In %(below)s of %(folds)s folds the set that was best in sample did worse out of sample than half of all sets."
    )
    return sentence % it


def _luck(it: Finding) -> str:
    sentence = _(
        "Of %(sets)s sets without any merit the best would show about %(expected)s a cycle (mean by standard "
        "deviation); this one shows %(found)s. That is better than luck with a certainty of %(pct)s %%; "
        "%(wanted)s %% is the usual demand."
    )
    shown = {name: f"{it[name]:.2f}" for name in ("expected", "found")}
    return sentence % {"sets": it["sets"], "pct": f"{it['pct']:.0f}", "wanted": 95, **shown}


def _at_edge(it: Finding) -> str:
    sentence = (
        _("%(name)s of the best set is %(value)s, the upper end of its range: something better may lie beyond.")
        if it["side"] == "high"
        else _("%(name)s of the best set is %(value)s, the lower end of its range: something better may lie beyond.")
    )
    return sentence % {"name": it["name"], "value": _shown(it["value"])}


def _lone_peak(it: Finding) -> str:
    sentence = _(
        "Half of the %(neighbours)s sets next to the best one stay below %(pct)s %% of its score: "
        "a lone peak is usually chance. Prefer a set among good ones."
    )
    return sentence % {"neighbours": it["neighbours"], "pct": f"{max(it['pct'], 0):.0f}"}


def _few_cycles(it: Finding) -> str:
    sentence = ngettext(
        "The best set closed only %(cycles)s cycle; under %(least)s its figures are mostly chance.",
        "The best set closed only %(cycles)s cycles; under %(least)s its figures are mostly chance.",
        it["cycles"],
    )
    return sentence % it


def _many_parameters(it: Finding) -> str:
    sentence = _(
        "%(parameters)s parameters were chosen by %(cycles)s cycles; "
        "with fewer than %(least)s cycles for each of them, anything can be made to fit."
    )
    return sentence % it


def _uncounted(it: Finding) -> str:
    sentence = _(
        "%(uncounted)s of %(sets)s sets closed fewer than %(min_cycles)s cycles and do not count: "
        "the best was chosen among few."
    )
    return sentence % it


def _refused(it: Finding) -> str:
    sentence = ngettext(
        "%(sets)s set could not be run: %(reason)s.",
        "%(sets)s sets could not be run, most of them because of: %(reason)s.",
        it["sets"],
    )
    return sentence % it


def _no_costs(it: Finding) -> str:
    sentence = ngettext(
        "%(names)s is 0: real trades cost more, and short thresholds look better here than they are.",
        "%(names)s are 0: real trades cost more, and short thresholds look better here than they are.",
        len(it["names"]),
    )
    return sentence % {"names": ", ".join(str(COSTS[name]) for name in it["names"])}


def _shown(value: Any) -> str:
    return grouped_exact(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


_SENTENCES: Final[dict[str, Callable[[Finding], str]]] = {
    "nothing_counts": _nothing_counts,
    "best_loses": _best_loses,
    "no_out_of_sample": _no_out_of_sample,
    "few_oos_cycles": _few_oos_cycles,
    "oos_loses": _oos_loses,
    "oos_worse": _oos_worse,
    "no_rank": _no_rank,
    "folds_below_median": _folds_below_median,
    "luck": _luck,
    "at_edge": _at_edge,
    "lone_peak": _lone_peak,
    "few_cycles": _few_cycles,
    "many_parameters": _many_parameters,
    "uncounted": _uncounted,
    "refused": _refused,
    "no_costs": _no_costs,
}
