"""Which back-tests the list shows, in which order. Unknown words count as not asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from exchanges.models import JobStatus
from trading.models import Backtest

KINDS: Final[dict[str, str | Promise]] = {"": _("All"), "run": _("Back-tests"), "search": _("Searches")}
STATUSES: Final[dict[str, str | Promise]] = {
    "": _("Any status"),
    "open": _("Waiting or running"),
    JobStatus.DONE.value: _("Done"),
    JobStatus.FAILED.value: _("Failed"),
    JobStatus.CANCELED.value: _("Canceled"),
}
FIGURES: Final = {
    "pnl": "net_profit",
    "return": "return_pct",
    "drawdown": "max_drawdown",
    "cycles": "cycles",
    "sharpe": "sharpe",
    "factor": "profit_factor",
}
COLUMNS: Final = {"name": "name", "created": "id", "status": "status"}
DEFAULT_SORT: Final = "-created"
TEXT_MOST: Final = 80


@dataclass(frozen=True, slots=True)
class BacktestQuery:
    kind: str = ""
    status: str = ""
    strategy: str = ""
    text: str = ""
    sort: str = DEFAULT_SORT

    @classmethod
    def of(cls, wishes: Mapping[str, str]) -> "BacktestQuery":
        kind, status, sort = (wishes.get(name, "") for name in ("kind", "status", "sort"))
        return cls(
            kind if kind in KINDS else "",
            status if status in STATUSES else "",
            wishes.get("strategy", "").replace("\x00", "")[:TEXT_MOST],
            wishes.get("q", "").replace("\x00", "").strip()[:TEXT_MOST],
            sort if sort.removeprefix("-") in COLUMNS | FIGURES else DEFAULT_SORT,
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kind or self.status or self.strategy or self.text)

    def address(self, **changes: str) -> str:
        """The wishes as an address' query, with some of them changed; ends in & unless it is empty."""
        wishes = {"kind": self.kind, "status": self.status, "strategy": self.strategy, "q": self.text}
        wishes |= {"sort": "" if self.sort == DEFAULT_SORT else self.sort} | changes
        given = {name: value for name, value in wishes.items() if value}
        return urlencode(given) + "&" if given else ""

    def found(self, backtests: QuerySet[Backtest]) -> QuerySet[Backtest]:
        return self._ordered(backtests.filter(self._condition))

    @property
    def _condition(self) -> Q:
        condition = Q(kind=self.kind) if self.kind else Q()
        if self.status:
            wanted = [JobStatus.QUEUED, JobStatus.RUNNING] if self.status == "open" else [self.status]
            condition &= Q(status__in=wanted)
        if self.strategy:
            condition &= Q(strategy=self.strategy)
        for word in self.text.replace("-", "/").split("/"):
            in_pair = Q(market1_symbol__icontains=word) | Q(market2_symbol__icontains=word)
            condition &= in_pair | Q(name__icontains=word)
        return condition

    def _ordered(self, rows: QuerySet[Backtest]) -> QuerySet[Backtest]:
        """Those without the figure last."""
        name, descending = self.sort.removeprefix("-"), self.sort.startswith("-")
        expression: Any = F(COLUMNS.get(name, "figure"))
        if name in FIGURES:
            rows = rows.annotate(figure=Cast(KT(f"summary__stats__{FIGURES[name]}"), FloatField()))
        order = expression.desc(nulls_last=True) if descending else expression.asc(nulls_last=True)
        return rows.order_by(order, "-id")
