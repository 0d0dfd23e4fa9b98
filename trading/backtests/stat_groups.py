"""The statistics of a run in the order in which its page tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from trading.backtests.stat_words import Shown, shown_stats

GROUPS: Final[tuple[tuple[str | Promise, tuple[str, ...]], ...]] = (
    (
        _("Result"),
        ("net_profit", "return_pct", "return_on_margin_pct", "cagr_pct", "gross_profit", "gross_loss", "capital"),
    ),
    (_("Costs"), ("fees", "slippage", "funding")),
    (
        _("Risk"),
        (
            "max_drawdown",
            "max_drawdown_pct",
            "max_drawdown_duration",
            "time_under_water_pct",
            "worst_adverse_spread",
            "highest_level",
            "exposure_pct",
        ),
    ),
    (_("Ratios"), ("sharpe", "sortino", "calmar", "profit_factor", "sqn", "expectancy")),
    (
        _("Cycles"),
        (
            "cycles",
            "trades",
            "win_rate_pct",
            "wins",
            "losses",
            "average_win",
            "average_loss",
            "best_cycle",
            "worst_cycle",
            "average_cycle_duration",
            "longest_cycle_duration",
            "levels_used",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class StatGroup:
    heading: str
    rows: list[Shown]


def stat_groups(stats: Mapping[str, Any]) -> list[StatGroup]:
    """Figures that no group names come last, below their own heading."""
    known = {shown.name: shown for shown in shown_stats(stats)}
    groups = [
        StatGroup(str(heading), [known.pop(name) for name in names if name in known]) for heading, names in GROUPS
    ]
    if known:
        groups.append(StatGroup(str(_("More")), list(known.values())))
    return [group for group in groups if group.rows]
