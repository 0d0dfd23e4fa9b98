"""The back office's first page: the whole installation in figures, what needs eyes, and what was done last."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit_words import sentence
from accounts.models import AuditEntry, User
from bots.journal.lines import reason_text
from bots.models import Bot, BotStatus, Intent, IntentStatus
from chainmakes.health_page import BAD, GOOD, WARN, sections
from exchanges import shared
from exchanges.models import Exchange, ExchangeAccount
from trading.core.order_state import OrderStatus
from trading.models import (
    Difference,
    DifferenceStatus,
    EquitySnapshot,
    LedgerLine,
    Order,
    Position,
    TradingState,
    TradingSwitch,
)

ROWS: Final = 8
DAYS: Final = 30
MANY: Final = 10_000
KEPT_S: Final = 60
BOOKED: Final = "office:booked"
LIVE, PAPER = "live", "paper"
KIND_OF_ACCOUNT = Case(
    When(account__exchange=Exchange.PAPER, then=Value(PAPER)), default=Value(LIVE), output_field=CharField()
)


@dataclass(frozen=True, slots=True)
class Money:
    """Of all live, or of all paper accounts; of one settle currency."""

    kind: str
    currency: str
    equity: Decimal
    gross: Decimal
    today: Decimal
    week: Decimal
    month: Decimal


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that a person should look at; `state` as on the health page."""

    text: str
    reason: str
    url: str
    state: str = BAD


@dataclass(frozen=True, slots=True)
class Day:
    """Bookings of one day, `share` of the busiest day's in per cent."""

    date: datetime
    count: int
    share: int

    @property
    def top(self) -> int:
        return 100 - self.share


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `admin/index.html` shows beside the library's own context."""
    now = timezone.now()
    context |= {
        "title": _("Installation"),
        "counts": _counts(now),
        "money": list(_money(now)),
        "concerns": [*_concerns(), *_unhealthy()][: ROWS * 2],
        "days": _days(now),
        "deeds": [(entry, sentence(entry)) for entry in AuditEntry.objects.order_by("-pk")[:ROWS]],
        "at": now,
    }
    return context


def _counts(now: datetime) -> dict[str, int]:
    """Of users, accounts, bots, orders and wishes by name: one query."""
    bots = Bot.objects.filter(deleted_at=None)
    day = Order.objects.filter(created_at__gt=now - timedelta(days=1))
    counted: dict[str, QuerySet[Any]] = {
        "users": User.objects.all(),
        "active": User.objects.filter(is_active=True),
        "live": ExchangeAccount.objects.exclude(exchange=Exchange.PAPER),
        "paper": ExchangeAccount.objects.filter(exchange=Exchange.PAPER),
        "bots": bots,
        "held": bots.exclude(level=0),
        **{str(status): bots.filter(status=status) for status in BotStatus.values},
        "orders": day,
        "refused": day.filter(status__in=[OrderStatus.REJECTED, OrderStatus.DENIED]),
        "unknown": Order.objects.filter(status=OrderStatus.UNKNOWN),
        "wishes": Intent.objects.filter(status=IntentStatus.WAITING),
    }
    first, *others = (_counted(name, rows) for name, rows in counted.items())
    return dict.fromkeys(counted, 0) | dict(first.union(*others, all=True))


def _counted(name: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by().annotate(of=Value(name)).values("of").annotate(count=Count("pk")).values_list("of", "count")


def _money(now: datetime) -> Iterator[Money]:
    """Live first. Currencies are never added up."""
    gross, booked, equity = _gross(), _booked(now), _equity()
    for kind, currency in sorted({*booked, *equity}):
        row: dict[str, Any] = dict(booked.get((kind, currency), {}))
        sums: dict[str, Decimal] = {name: row.get(name) or Decimal(0) for name in ("today", "week", "month")}
        yield Money(kind, currency, equity.get((kind, currency), Decimal(0)), gross.get(kind, Decimal(0)), **sums)


def _booked(now: datetime) -> dict[tuple[str, str], dict[str, Any]]:
    """By kind and currency; of very many lines as it was a moment ago."""
    known: dict[tuple[str, str], dict[str, Any]] | None = shared.found(BOOKED)
    if known is not None:
        return known
    lines = LedgerLine.objects.filter(created_at__gt=now - timedelta(days=DAYS)).annotate(mode=KIND_OF_ACCOUNT)
    rows = lines.order_by().values("mode", "currency")
    sums = rows.annotate(
        month=Sum("amount"),
        week=Sum("amount", filter=Q(created_at__gt=now - timedelta(days=7))),
        today=Sum("amount", filter=Q(created_at__gt=now - timedelta(days=1))),
        lines=Count("pk"),
    )
    found: dict[tuple[str, str], dict[str, Any]] = {(row["mode"], row["currency"]): {**row} for row in sums}
    if sum(row["lines"] for row in found.values()) > MANY:
        shared.keep(BOOKED, found, KEPT_S)
    return found


def _equity() -> dict[tuple[str, str], Decimal]:
    """The newest snapshots of all accounts, added up by kind and currency."""
    newest = EquitySnapshot.objects.filter(account=OuterRef("pk")).order_by("-at").values("pk")[:1]
    ids = ExchangeAccount.objects.annotate(newest=Subquery(newest)).exclude(newest=None).values("newest")
    rows = EquitySnapshot.objects.filter(pk__in=ids).annotate(mode=KIND_OF_ACCOUNT).order_by()
    found = rows.values("mode", "currency").annotate(total=Sum("equity"))
    return {(row["mode"], row["currency"]): row["total"] for row in found}


def _gross() -> dict[str, Decimal]:
    rows = Position.objects.filter(is_open=True).annotate(mode=KIND_OF_ACCOUNT).order_by()
    return dict(rows.values_list("mode").annotate(gross=Sum(F("amount") * F("entry_price"))))


def _concerns() -> Iterator[Concern]:
    for switch in TradingSwitch.objects.exclude(state=TradingState.ACTIVE).select_related("owner", "account", "bot"):
        url = reverse("admin:trading_tradingswitch_change", args=[switch.pk])
        target = switch.bot or switch.account or switch.owner or _("Everybody")
        yield Concern(f"{target}: {switch.get_state_display()}", switch.reason, url)
    for bot in Bot.objects.filter(status=BotStatus.ERROR, deleted_at=None).select_related("owner")[:ROWS]:
        url = reverse("admin:bots_bot_change", args=[bot.pk])
        yield Concern(f"{bot} · {bot.owner}", reason_text(bot.status_reason), url)
    for account in ExchangeAccount.objects.filter(last_check_ok=False, is_active=True)[:ROWS]:
        url = reverse("admin:exchanges_exchangeaccount_change", args=[account.pk])
        yield Concern(account.name, account.last_check_message, url, WARN)
    open_ones = Difference.objects.filter(status=DifferenceStatus.OPEN).select_related("account")
    for difference in open_ones[:ROWS]:
        url = reverse("admin:trading_difference_change", args=[difference.pk])
        words = _("%(kind)s differs: ours %(ours)s, the exchange's %(theirs)s") % {
            "kind": difference.get_kind_display(),
            "ours": difference.ours,
            "theirs": difference.theirs,
        }
        yield Concern(f"{difference.account.name} {difference.symbol}".strip(), words, url, WARN)


def _unhealthy() -> Iterator[Concern]:
    for section in sections():
        for line in section.lines:
            if line.state != GOOD:
                yield Concern(f"{section.title}: {line.name}", line.value, reverse("health"), line.state)


def _days(now: datetime) -> list[Day]:
    """Orders of each of the last days, oldest first."""
    first = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    counts = _orders_by_day(first)
    dates = [first + timedelta(days=n) for n in range(DAYS)]
    most = max(counts.values(), default=0)
    return [_day(date, counts.get(date.date(), 0), most) for date in dates]


def _orders_by_day(first: datetime) -> dict[date, int]:
    """Of very many orders as it was a moment ago."""
    key = f"office:orders:{first.isoformat()}"
    known: dict[date, int] | None = shared.found(key)
    if known is not None:
        return known
    rows = Order.objects.filter(created_at__gte=first).order_by().values_list("created_at__date")
    found = dict(rows.annotate(Count("pk")))
    if sum(found.values()) > MANY:
        shared.keep(key, found, KEPT_S)
    return found


def _day(at: datetime, count: int, most: int) -> Day:
    return Day(at, count, round(count / most * 100) if most else 0)
