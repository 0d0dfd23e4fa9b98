"""What the tabs under a bot's chart list: cycles, orders, journal, statistics, parity, settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from bots.charts.profit import curve_path
from bots.journal.form import JournalForm
from bots.journal.lines import sentence
from bots.models import Bot
from bots.settings.shown import ladder_rows, settings_groups
from bots.statistics import statistics_of, summary_of
from trading.models import Cycle, LogType, Order, TradeLog

ROWS: Final = {"cycles": 12, "orders": 20, "journal": 25}
PERCENT: Final = 100
JOURNAL_KINDS: Final = {
    "": _("All"),
    LogType.TRADE.value: _("Trades"),
    LogType.WARNING.value: _("Warnings"),
    LogType.ERROR.value: _("Errors"),
}


@dataclass(frozen=True, slots=True)
class CycleLine:
    """An open cycle shows what closing now would bring; `ended` is then the market's present."""

    cycle: Cycle
    ended: datetime | None
    pnl: Decimal | None
    fees: Decimal
    close_spread: float | None
    start_price: Decimal

    @property
    def open_price(self) -> Decimal:
        """Of a lone market, whose spread is its change since the start."""
        return self._price(self.cycle.open_spread)

    @property
    def close_price(self) -> Decimal | None:
        return None if self.close_spread is None else self._price(self.close_spread)

    def _price(self, spread: float) -> Decimal:
        return self.start_price * (1 + Decimal(str(spread)) / PERCENT)

    @property
    def is_open(self) -> bool:
        return self.cycle.closed_at is None

    @property
    def held_s(self) -> float | None:
        return (self.ended - self.cycle.opened_at).total_seconds() if self.ended else None

    @property
    def return_pct(self) -> Decimal | None:
        if self.pnl is None or not self.cycle.invested:
            return None
        return self.pnl / self.cycle.invested * PERCENT


def cycles_tab(bot: Bot, query: dict[str, str], figures: dict[str, Any] | None) -> dict[str, Any]:
    """All cycles are read once: the summary needs them anyway."""
    cycles = list(Cycle.objects.filter(bot=bot).order_by("-number"))
    page = _page(cycles, "cycles", query)
    return {
        "page": page,
        "lines": [_cycle_line(cycle, figures, bot.market1_start_price) for cycle in page],
        "summary": summary_of(cycles[::-1]),
        "levels": bot.max_dca_times,
    }


def orders_tab(bot: Bot, query: dict[str, str], figures: dict[str, Any] | None) -> dict[str, Any]:
    return {"page": _page(Order.objects.filter(bot=bot).order_by("-id"), "orders", query)}


def journal_tab(bot: Bot, query: dict[str, str], figures: dict[str, Any] | None) -> dict[str, Any]:
    kind = query.get("kind", "") if query.get("kind", "") in JOURNAL_KINDS else ""
    asked = JournalForm(query, bot=bot)
    found = asked.narrowed(TradeLog.objects.filter(bot=bot).order_by("-id"))
    page = _page(found.filter(log_type=kind) if kind else found, "journal", query)
    lines = [{"log": log, "sentence": sentence(log)} for log in page]
    others = asked.kept()
    return {
        "page": page,
        "lines": lines,
        "kind": kind,
        "kinds": JOURNAL_KINDS,
        "form": asked,
        "others": others,
        "query": f"{urlencode({'tab': 'journal', 'kind': kind} | others)}&",
        "others_query": urlencode(others),
    }


def statistics_tab(bot: Bot, query: dict[str, str], figures: dict[str, Any] | None) -> dict[str, Any]:
    statistics = statistics_of(bot)
    most = max((count.cycles for count in statistics.levels), default=0)
    return {
        "stats": statistics,
        "curve": curve_path([value for _at, value in statistics.curve]),
        "levels": [(count, count.cycles / most * PERCENT) for count in statistics.levels],
    }


def settings_tab(bot: Bot, query: dict[str, str], figures: dict[str, Any] | None) -> dict[str, Any]:
    return {"groups": settings_groups(bot), "ladder": ladder_rows(bot)}


def parity_tab(bot: Bot, query: dict[str, str], figures: dict[str, Any] | None) -> dict[str, Any]:
    """Fetched by the page itself once the tab is open (`trading.pages.parity`)."""
    return {}


TABS: Final[dict[str, tuple[Any, Callable[[Bot, dict[str, str], dict[str, Any] | None], dict[str, Any]]]]] = {
    "cycles": (_("Cycles"), cycles_tab),
    "orders": (_("Orders"), orders_tab),
    "journal": (_("Journal"), journal_tab),
    "statistics": (_("Statistics"), statistics_tab),
    "parity": (_("Parity"), parity_tab),
    "settings": (_("Settings"), settings_tab),
}


def tab_counts(bot: Bot) -> dict[str, int]:
    """One query; the other tabs count nothing."""
    rows = {"cycles": Cycle, "orders": Order, "journal": TradeLog}
    counts = Bot.objects.filter(pk=bot.pk).values_list(*(_count_of(model) for model in rows.values())).get()
    return dict(zip(rows, counts, strict=True))


def _count_of(model: type[Model]) -> Coalesce:
    of_bot = model._default_manager.filter(bot=OuterRef("pk")).order_by().values("bot")
    return Coalesce(Subquery(of_bot.annotate(count=Count("pk")).values("count")), 0)


def _page(rows: QuerySet[Any] | Sequence[Any], tab: str, query: dict[str, str]) -> Page[Any]:
    return Paginator(rows, ROWS[tab]).get_page(query.get("page"))


def _cycle_line(cycle: Cycle, figures: dict[str, Any] | None, start_price: Decimal) -> CycleLine:
    if cycle.closed_at:
        return CycleLine(cycle, cycle.closed_at, cycle.realised_pnl, cycle.fees, cycle.close_spread, start_price)
    if figures is None:
        return CycleLine(cycle, None, None, cycle.fees, None, start_price)
    at = max(datetime.fromisoformat(figures["at"]), cycle.opened_at)
    return CycleLine(cycle, at, Decimal(figures["pnl"]), cycle.fees, figures["spread"], start_price)
