"""The figures of a result in words: what each is called, what it means, and how it is written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.amounts import grouped

DASH: Final = "–"
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


def money(value: float) -> str:
    return grouped(value)


def signed(value: float) -> str:
    return grouped(value, signed=True) if value else DASH


def percent(value: float) -> str:
    return f"{grouped(value)} %"


def signed_percent(value: float) -> str:
    return f"{grouped(value, signed=True)} %"


def ratio(value: float) -> str:
    return grouped(value)


def points(value: float) -> str:
    return f"{grouped(value)} pp"


def count(value: float) -> str:
    return f"{int(value):,}"


def duration(value: float) -> str:
    """Of milliseconds: the two largest units."""
    minutes = round(value / MINUTE_MS)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return _("%(days)s d %(hours)s h") % {"days": f"{days:,}", "hours": hours}
    return _("%(hours)s h %(minutes)s m") % {"hours": hours, "minutes": f"{minutes % 60:02}"}


def levels(value: list[int]) -> str:
    return ", ".join(f"{level}: {cycles:,}" for level, cycles in enumerate(value, start=1)) or DASH


class Better(IntEnum):
    """Which of two values one would rather have: the one that is larger when multiplied by this."""

    HIGHER = 1
    LOWER = -1
    NONE = 0


@dataclass(frozen=True, slots=True)
class Words:
    """Labels and explanations are translated when they are shown."""

    label: Any
    meaning: Any
    write: Callable[[Any], str]
    better: Better = Better.NONE


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    label: str
    value: str
    meaning: str


STATS: Final[dict[str, Words]] = {
    "capital": Words(
        gettext_lazy("Capital"),
        gettext_lazy(
            "The largest position that ladder and cap allow, both legs, without leverage. Returns relate to it."
        ),
        money,
    ),
    "net_profit": Words(
        gettext_lazy("Net profit"),
        gettext_lazy("After fees and funding; an open position counts at the last close."),
        signed,
        Better.HIGHER,
    ),
    "return_pct": Words(
        gettext_lazy("Return"), gettext_lazy("Net profit as a share of the capital."), signed_percent, Better.HIGHER
    ),
    "return_on_margin_pct": Words(
        gettext_lazy("Return on margin"),
        gettext_lazy("Net profit as a share of the margin that the largest position needs."),
        signed_percent,
        Better.HIGHER,
    ),
    "cagr_pct": Words(
        gettext_lazy("Return a year"),
        gettext_lazy("What it comes to in a year, compounded (CAGR)."),
        signed_percent,
        Better.HIGHER,
    ),
    "gross_profit": Words(
        gettext_lazy("Gross profit"), gettext_lazy("Sum of the cycles that won."), signed, Better.HIGHER
    ),
    "gross_loss": Words(
        gettext_lazy("Gross loss"), gettext_lazy("Sum of the cycles that lost."), signed, Better.HIGHER
    ),
    "fees": Words(
        gettext_lazy("Fees"), gettext_lazy("Paid to the exchange; in the profit already."), money, Better.LOWER
    ),
    "funding": Words(
        gettext_lazy("Funding"),
        gettext_lazy("Received, less paid, where it is known; in the profit already."),
        signed,
        Better.HIGHER,
    ),
    "slippage": Words(
        gettext_lazy("Slippage"),
        gettext_lazy("Lost between the candles’ prices and the fills; in the profit already."),
        money,
        Better.LOWER,
    ),
    "max_drawdown": Words(
        gettext_lazy("Max drawdown"),
        gettext_lazy("From a peak of equity to the lowest point after it."),
        money,
        Better.LOWER,
    ),
    "max_drawdown_pct": Words(
        gettext_lazy("Max drawdown in percent"),
        gettext_lazy("Relative to capital and equity at the peak."),
        percent,
        Better.LOWER,
    ),
    "max_drawdown_duration": Words(
        gettext_lazy("Longest drawdown"),
        gettext_lazy("From a peak until it was reached again, or to the end."),
        duration,
        Better.LOWER,
    ),
    "time_under_water_pct": Words(
        gettext_lazy("Time under water"),
        gettext_lazy("Share of the bars with equity below an earlier peak."),
        percent,
        Better.LOWER,
    ),
    "sharpe": Words(
        gettext_lazy("Sharpe ratio"),
        gettext_lazy("Mean daily return over its deviation, times √365. Above 1 is good, above 2 very good."),
        ratio,
        Better.HIGHER,
    ),
    "sortino": Words(
        gettext_lazy("Sortino ratio"),
        gettext_lazy("As Sharpe, but only losses count as deviation."),
        ratio,
        Better.HIGHER,
    ),
    "calmar": Words(
        gettext_lazy("Calmar ratio"),
        gettext_lazy("Return a year over the max drawdown in percent."),
        ratio,
        Better.HIGHER,
    ),
    "profit_factor": Words(
        gettext_lazy("Profit factor"),
        gettext_lazy("Gross profit over gross loss; 1 breaks even."),
        ratio,
        Better.HIGHER,
    ),
    "win_rate_pct": Words(
        gettext_lazy("Win rate"), gettext_lazy("Share of the cycles that won."), percent, Better.HIGHER
    ),
    "wins": Words(gettext_lazy("Cycles won"), "", count),
    "losses": Words(gettext_lazy("Cycles lost"), "", count),
    "average_win": Words(gettext_lazy("Average win"), "", signed, Better.HIGHER),
    "average_loss": Words(gettext_lazy("Average loss"), "", signed, Better.HIGHER),
    "expectancy": Words(gettext_lazy("Expectancy"), gettext_lazy("Average result of a cycle."), signed, Better.HIGHER),
    "sqn": Words(
        gettext_lazy("System quality (SQN)"),
        gettext_lazy("√cycles × average result over its deviation: how sure the profit is. Above 2 is good."),
        ratio,
        Better.HIGHER,
    ),
    "best_cycle": Words(gettext_lazy("Best cycle"), "", signed, Better.HIGHER),
    "worst_cycle": Words(gettext_lazy("Worst cycle"), "", signed, Better.HIGHER),
    "trades": Words(gettext_lazy("Trades"), gettext_lazy("Orders of both legs together count as one."), count),
    "cycles": Words(gettext_lazy("Cycles"), gettext_lazy("From the opening trade to the close; closed ones."), count),
    "average_cycle_duration": Words(
        gettext_lazy("Average cycle"), gettext_lazy("How long a position was held."), duration
    ),
    "longest_cycle_duration": Words(gettext_lazy("Longest cycle"), "", duration),
    "levels_used": Words(gettext_lazy("Levels used"), gettext_lazy("How many cycles went up to each level."), levels),
    "highest_level": Words(gettext_lazy("Highest level"), gettext_lazy("Of all cycles, an open one too."), count),
    "worst_adverse_spread": Words(
        gettext_lazy("Worst adverse spread"),
        gettext_lazy("How far the spread went against a position, from its opening."),
        points,
        Better.LOWER,
    ),
    "exposure_pct": Words(
        gettext_lazy("In position"), gettext_lazy("Share of the bars with an open position."), percent
    ),
}
"""In the order in which a report lists them."""


def shown_stats(stats: Mapping[str, Any]) -> Iterator[Shown]:
    """Those that the result has; a ratio without an answer is a dash."""
    for name, words in STATS.items():
        if name in stats:
            value = stats[name]
            text = DASH if value is None else words.write(value)
            yield Shown(name, str(words.label), text, str(words.meaning))
