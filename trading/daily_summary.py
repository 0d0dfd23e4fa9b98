"""Once a day, in the morning where the user lives: what yesterday brought, and what is open."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.models import NoticeKind, Severity, User
from accounts.notifications import notify
from accounts.notifications.inbox import was_told
from bots.amounts import grouped
from bots.models import Bot, BotStatus
from exchanges.models import ExchangeAccount
from trading.equity import latest_snapshots
from trading.models import Cycle, LedgerLine, LineKind
from trading.risk.wishes import Kind, of_kind

FROM_HOUR, TO_HOUR = 8, 12
"""Local time within which it is told; a server that was off all morning tells nothing."""
KINDS: Final[tuple[Kind, ...]] = ("live", "paper")


def daily_summaries_tell(now: datetime) -> int:
    """How many users were told."""
    owners = User.objects.filter(Exists(Bot.objects.filter(owner=OuterRef("pk"), deleted_at=None)), is_active=True)
    return sum(_tell(user, now) for user in owners.order_by("pk"))


def _tell(user: User, now: datetime) -> bool:
    here = now.astimezone(ZoneInfo(user.time_zone))
    group = f"daily:{here.date().isoformat()}"
    if not FROM_HOUR <= here.hour < TO_HOUR or was_told(user, group, now - timedelta(days=2)):
        return False
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = (midnight - timedelta(hours=12)).replace(hour=0)
    with override(user.language):
        lines = [line for kind in KINDS if (line := " ".join(_told(user, kind, yesterday, midnight)))]
        title = _("Yesterday, %(day)s") % {"day": yesterday.date().isoformat()}
    if not lines:
        return False
    notify(
        user=user,
        kind=NoticeKind.DAILY,
        severity=Severity.INFO,
        title=title,
        text="\n".join(lines),
        link=reverse("dashboard"),
        group=group,
        at=now,
    )
    return True


def _told(user: User, kind: Kind, since: datetime, until: datetime) -> Iterator[str]:
    """Sentences about the accounts of one kind; none without any bot there."""
    accounts = list(ExchangeAccount.objects.filter(of_kind(kind), owner=user, is_active=True))
    bots = Bot.objects.filter(Q(exchange_account__in=accounts) | Q(exchange_account2__in=accounts), deleted_at=None)
    if not bots.exists():
        return
    closed = Cycle.objects.filter(bot__in=bots, closed_at__gte=since, closed_at__lt=until).count()
    words = {"kind": _("Paper") if kind == "paper" else _("Live"), "n": closed}
    yield ngettext("%(kind)s: %(n)d cycle closed.", "%(kind)s: %(n)d cycles closed.", closed) % words
    for currency, amount in _realised(accounts, since, until):
        yield _("Realised %(amount)s %(currency)s.") % {"amount": grouped(amount, signed=True), "currency": currency}
    counts = {"open": bots.filter(level__gt=0).count(), "running": bots.filter(status=BotStatus.RUNNING).count()}
    yield _("Pairs open: %(open)d, bots running: %(running)d.") % counts
    if failing := bots.filter(status=BotStatus.ERROR).count():
        yield _("Bots failing: %(n)d.") % {"n": failing}
    equity: dict[str, Decimal] = {}
    for row in latest_snapshots([account.pk for account in accounts]):
        equity[row.currency] = equity.get(row.currency, Decimal(0)) + row.equity
    for currency, amount in sorted(equity.items()):
        yield _("Equity %(amount)s %(currency)s.") % {"amount": grouped(amount), "currency": currency}


def _realised(accounts: list[ExchangeAccount], since: datetime, until: datetime) -> list[tuple[str, Decimal]]:
    """By currency, as booked; deposits are nothing earned."""
    lines = LedgerLine.objects.filter(account__in=accounts, created_at__gte=since, created_at__lt=until)
    sums = lines.exclude(kind=LineKind.TRANSFER).order_by("currency").values_list("currency").annotate(Sum("amount"))
    return list(sums)
