"""Which bots the list shows, in which order: by a column of the table, or by a live figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from bots.feed import events as feed
from bots.models import Bot, BotStatus
from bots.pages.scope import Scope
from exchanges.models import Exchange

ATTENTION = Case(
    When(status=BotStatus.ERROR, then=Value(0)),
    When(status=BotStatus.RUNNING, level__gt=0, then=Value(1)),
    When(level__gt=0, then=Value(2)),
    When(status=BotStatus.RUNNING, then=Value(3)),
    When(status=BotStatus.PAUSED, then=Value(4)),
    default=Value(5),
    output_field=IntegerField(),
)
IS_PAPER = Case(
    When(exchange_account__exchange=Exchange.PAPER, then=Value(1)), default=Value(0), output_field=IntegerField()
)
COLUMNS: Final[dict[str, str]] = {
    "name": "bot_name",
    "status": "attention",
    "level": "level",
    "total": "total_profit",
}
LIVE: Final[dict[str, str]] = {"spread": "spread", "exposure": "exposure", "pnl": "pnl"}
STATUSES: Final = [BotStatus.RUNNING, BotStatus.PAUSED, BotStatus.STOPPED, BotStatus.ERROR]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What the visitor asked for; unknown words count as not asked."""

    status: str = ""
    text: str = ""
    sort: str = "status"
    account: int | None = None

    @classmethod
    def of(cls, wishes: Mapping[str, str]) -> "ListQuery":
        sort = wishes.get("sort", "")
        known = sort.removeprefix("-") in COLUMNS | LIVE
        status = wishes.get("status", "")
        text = wishes.get("q", "").replace("\x00", "").strip()[:80]
        account = wishes.get("in", "")
        chosen = int(account) if account.isascii() and account.isdecimal() and len(account) < 19 else None
        return cls(status if status in STATUSES else "", text, sort if known else "status", chosen)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.status or self.text or self.account)

    @property
    def wishes(self) -> dict[str, str]:
        """As the address spells them, without the order."""
        spelled = {"status": self.status, "q": self.text, "in": str(self.account or "")}
        return {name: value for name, value in spelled.items() if value}


def bots_shown(bots: QuerySet[Bot], scope: Scope) -> QuerySet[Bot]:
    """The accounts that the visitor chose; with all live ones chosen also the paper bots, which stand apart."""
    return bots.filter(exchange_account__in=scope.account_ids) if _narrows(scope) else bots


def is_shown(account_id: int, scope: Scope) -> bool:
    """The same of one bot, by its account."""
    return not _narrows(scope) or account_id in scope.account_ids


def _narrows(scope: Scope) -> bool:
    return scope.account is not None or scope.is_paper


def narrowed(bots: QuerySet[Bot], query: ListQuery) -> QuerySet[Bot]:
    condition = Q(status=query.status) if query.status else Q()
    if query.account:
        condition &= Q(exchange_account=query.account) | Q(exchange_account2=query.account)
    if query.text:
        text = query.text.replace("-", "/")
        in_name = Q(bot_name__icontains=query.text) | Q(exchange_account__label__icontains=query.text)
        condition &= in_name | Q(market1_symbol__icontains=text) | Q(market2_symbol__icontains=text)
    return bots.filter(condition)


def by_attention(bots: QuerySet[Bot]) -> QuerySet[Bot]:
    """Live before paper, first what needs eyes."""
    rows = bots.annotate(attention=ATTENTION, is_on_paper=IS_PAPER)
    return rows.order_by("is_on_paper", "attention", "bot_name", "pk")


def ordered(bots: QuerySet[Bot], sort: str) -> Sequence[int]:
    """Ids, live before paper, then as asked; by a live figure, bots without figures come last."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name == "status" and not descending:
        return list(by_attention(bots).values_list("pk", flat=True))
    rows = bots.annotate(attention=ATTENTION, is_on_paper=IS_PAPER)
    if name in COLUMNS:
        column = f"{'-' if descending else ''}{COLUMNS[name]}"
        return list(rows.order_by("is_on_paper", column, "bot_name", "pk").values_list("pk", flat=True))
    found = list(rows.order_by("pk").values_list("pk", "is_on_paper"))
    figures = feed.last_figures(pk for pk, _ in found)

    def rank(row: tuple[int, int]) -> tuple[Any, ...]:
        seen = figures.get(row[0])
        value = float(seen[LIVE[name]]) if seen else 0.0
        return row[1], seen is None, -value if descending else value, row[0]

    return [pk for pk, _ in sorted(found, key=rank)]


def in_order(bots: QuerySet[Bot], ids: Sequence[int]) -> list[Bot]:
    """The rows of these ids, in their order. One query."""
    rows = {bot.pk: bot for bot in bots.filter(pk__in=ids)}
    return [rows[pk] for pk in ids if pk in rows]
