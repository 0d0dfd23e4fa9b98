"""What the page of one back-test shows, ready for its templates and its scripts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.charts.words import chart_words
from bots.strategies.settings import plugin_of
from bots.templatetags.figures import NONE, price_digits
from exchanges.models import JobStatus
from exchanges.symbols import base_of, settle_of, short
from trading.backtests import stored
from trading.backtests.cycle_rows import CycleRow, CycleRows
from trading.backtests.parameters import SPREAD
from trading.backtests.preview import venue_rules
from trading.backtests.run_words import fills_sentence, notes_of
from trading.backtests.settings_words import Rung, given_parameters, ladder, setting_groups
from trading.backtests.stat_groups import StatGroup, stat_groups
from trading.core.stats_tables import Month, monthly
from trading.models import Backtest

CYCLES_A_PAGE: Final = 15
MONTHS: Final = 12
DEFAULT_TAB: Final = "cycles"
TABS: Final = {
    "cycles": gettext_lazy("Cycles"),
    "statistics": gettext_lazy("Statistics"),
    "data": gettext_lazy("Data"),
    "settings": gettext_lazy("Settings"),
}


@dataclass(frozen=True, slots=True)
class Year:
    """Twelve months, None where the run has no bars."""

    year: str
    months: list[Month | None]

    @property
    def pnl(self) -> float:
        return sum(month.pnl for month in self.months if month)


@dataclass
class RunPage:
    """What the pages of a run and of a search have in common. Each property costs its reads on first use only."""

    run: Backtest
    query: dict[str, str]
    can_trade: bool

    @property
    def is_done(self) -> bool:
        return self.run.status == JobStatus.DONE

    @property
    def summary(self) -> dict[str, Any]:
        return self.run.summary

    @property
    def currency(self) -> str:
        return settle_of(self.run.market1_symbol)

    @property
    def pair(self) -> list[str]:
        return [short(symbol) for symbol in self._symbols]

    @property
    def coins(self) -> list[str]:
        return [base_of(symbol) for symbol in self._symbols]

    @property
    def _symbols(self) -> list[str]:
        return [symbol for symbol in (self.run.market1_symbol, self.run.market2_symbol) if symbol]


class BacktestPage(RunPage):
    @property
    def can_become_bot(self) -> bool:
        return self.is_done and plugin_of(self.run.strategy) is not None

    @property
    def stats(self) -> dict[str, Any]:
        return self.summary.get("stats", {})

    @property
    def is_liquidated(self) -> bool:
        return self.summary.get("liquidated_at") is not None

    @property
    def costs(self) -> float:
        """Fees, slippage and funding together, as what they took."""
        return -self.stats["fees"] - (self.stats.get("slippage") or 0.0) + self.stats["funding"]

    @property
    def notes(self) -> list[str]:
        """What one must know to read the result."""
        return notes_of(self.run)

    @property
    def promise(self) -> str:
        return fills_sentence(self.run)

    @cached_property
    def _series(self) -> tuple[Any, Any]:
        return stored.equity_of(self.run)

    @cached_property
    def years(self) -> list[Year]:
        """The newest first."""
        times, equity = self._series
        found: dict[str, list[Month | None]] = {}
        for month in monthly(times, equity, float(self.stats["capital"])):
            year, _dash, number = month.month.partition("-")
            found.setdefault(year, [None] * MONTHS)[int(number) - 1] = month
        return [Year(year, months) for year, months in sorted(found.items(), reverse=True)]

    @property
    def month_most(self) -> float:
        return max((abs(month.pnl) for year in self.years for month in year.months if month), default=0.0)

    @property
    def month_names(self) -> list[str]:
        return [date_format(date(2000, number, 1), "M") for number in range(1, MONTHS + 1)]

    @property
    def tab(self) -> str:
        wished = self.query.get("tab", DEFAULT_TAB)
        return wished if wished in TABS else DEFAULT_TAB

    @property
    def tabs(self) -> list[tuple[str, str, int | None]]:
        counts = {"cycles": self.stats["cycles"]}
        return [(key, str(word), counts.get(key)) for key, word in TABS.items()]

    @property
    def tab_template(self) -> str:
        return f"backtests/parts/tab_{self.tab}.html"

    @cached_property
    def cycles(self) -> Page[CycleRow]:
        rows = CycleRows(stored.trade_frame(self.run), self.summary)
        return Paginator(rows, CYCLES_A_PAGE).get_page(self.query.get("page"))

    @property
    def opened_cycle(self) -> str:
        """The number of the cycle whose trades are unfolded from the start."""
        return self.query.get("cycle", "")

    @property
    def levels(self) -> int:
        return len(self.ladder)

    @cached_property
    def ladder(self) -> list[Rung]:
        return ladder(self.run)

    @property
    def rungs(self) -> list[tuple[Rung, int]]:
        """Each with how many closed cycles went so far or further."""
        ended = self.stats.get("levels_used", [])
        return [(rung, sum(ended[rung.level - 1 :])) for rung in self.ladder]

    @property
    def level_bars(self) -> list[tuple[int, int, float]]:
        """(level, closed cycles that ended there, that in percent of the most)."""
        ended = self.stats.get("levels_used", [])
        most = max(ended, default=0)
        return [(level, cycles, cycles / most * 100) for level, cycles in enumerate(ended, start=1)]

    @property
    def took_s(self) -> float | None:
        begun, ended = self.run.started_at, self.run.finished_at
        return (ended - begun).total_seconds() if begun and ended else None

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        return setting_groups(self.run)

    @property
    def stat_groups(self) -> list[StatGroup]:
        return stat_groups(self.stats)

    @property
    def markets(self) -> list[dict[str, Any]]:
        """Of each market: what was recorded, what was left out, and how far its funding is known."""
        data, funding = self.summary["data"], [*self.summary.get("funding", []), None, None]
        found = [data[f"market{leg}"] | {"funding": funding[leg - 1]} for leg in (1, 2) if data.get(f"market{leg}")]
        for market, name in zip(found, self.pair, strict=False):
            market["short"] = name
        return found

    @property
    def _digits(self) -> list[int | None]:
        symbols = (self.run.market1_symbol, self.run.market2_symbol)
        rules = [venue_rules(self.run.exchange, symbol, self.run.timeframe) if symbol else None for symbol in symbols]
        return [price_digits(Decimal(1), rule.price_tick) if rule and rule.price_tick else None for rule in rules]

    @property
    def script_data(self) -> dict[str, Any]:
        """What the page's scripts need; of an open run only what follows its progress."""
        run = self.run
        shown: dict[str, Any] = {
            "id": run.pk,
            "status": run.status,
            "is_open": run.is_open,
            "total": run.total,
            "socket": f"/api/v1/ws/backtest/{run.pk}",
            "words": _progress_words(),
        }
        if not self.is_done:
            return shown
        return shown | {
            "chart": reverse("backtest-chart", args=[run.pk]),
            "labels": [*self.coins, NONE][:2],
            "is_pair": len(self.coins) > 1,
            "digits": self._digits,
            "currency": self.currency,
            "start_prices": self.summary["start_prices"],
            "steps": [rung.step for rung in self.ladder if not rung.is_over] if run.strategy == SPREAD else [],
            "ended_at": self.summary.get("liquidated_at") or self.summary.get("paused_at"),
            "open_pnl": (self.summary.get("open_position") or {}).get("net_pnl", 0.0),
            "reversion": given_parameters(run)["opening"] != "momentum",
            "side": given_parameters(run)["allowed_side"],
            "strings": chart_words() | _chart_words(self.currency),
        }


def _progress_words() -> dict[str, str]:
    return {
        "queued": _("Waits for its turn"),
        "running": _("Runs over the recorded minutes"),
        "of_bars": _("%(done)s of %(total)s bars"),
        "done": _("Done: the report follows"),
    }


def _chart_words(currency: str) -> dict[str, str]:
    return {
        "equity": _("Equity, %(currency)s") % {"currency": currency},
        "drawdown": _("Below peak"),
        "cycles_ribbon": _("Cycles, net"),
        "equity_word": _("Equity"),
        "spread_word": _("Spread"),
        "reason_liquidation": _("liquidation"),
        "cycles_between": _("%(n)s cycles from %(low)s to %(high)s"),
        "no_prices": _("The candles of this run are not stored any more: prices and spread cannot be drawn."),
        "window": _("%(from)s to %(to)s"),
        "hidden_trades": _("%(n)s trades are too many to be told apart here: look closer and they are marked."),
        "run_summary": _(
            "Equity of the run: ends at %(last)s, between %(low)s and %(high)s; spread between %(from)s and %(to)s pp"
        ),
    }
