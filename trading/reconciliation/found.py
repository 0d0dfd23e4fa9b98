"""Differences as they are found, and what of them is remembered: opened when seen twice, gone when not seen again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from bots.models import Bot
from exchanges.models import ExchangeAccount
from trading.models import Difference, DifferenceKind, DifferenceStatus, Reconciliation

OPEN, SUSPECT, IGNORED = DifferenceStatus.OPEN, DifferenceStatus.SUSPECT, DifferenceStatus.IGNORED

Topic = tuple[DifferenceKind, str]
"""(kind, symbol): what was compared in a round; of these alone something can be gone."""


class RoundLost(Exception):
    """Somebody else compares this account now: write nothing more."""


@dataclass(frozen=True, slots=True)
class Found:
    """`is_proven`: the venue's own fills show it, so that it need not be seen twice. Figures as the page shows them."""

    kind: DifferenceKind
    symbol: str
    ours: str
    theirs: str
    bot: Bot | None = None
    delta: Decimal | None = None
    reference: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    opened: list[Difference]
    gone: list[Difference]
    suspects: int


def differences_note(
    account: ExchangeAccount, found: Sequence[Found], compared: Collection[Topic], begun: datetime
) -> Noted:
    """One transaction; `begun` is the round's own start. Raises RoundLost."""
    with transaction.atomic():
        round_check(account, begun)
        rows = Difference.objects.select_for_update(of=("self",)).filter(account=account, status__in=[OPEN, SUSPECT])
        known = {(row.kind, row.symbol, row.reference): row for row in rows.select_related("bot")}
        opened = [row for one in found if (row := _noted(account, one, known)) is not None]
        seen = {(one.kind, one.symbol, one.reference) for one in found}
        absent = [row for key, row in known.items() if key not in seen and (row.kind, row.symbol) in compared]
        gone = [_gone(row) for row in absent if row.status == OPEN]
        Difference.objects.filter(pk__in=[row.pk for row in absent if row.status == SUSPECT]).delete()
        suspects = Difference.objects.filter(account=account, status=SUSPECT).count()
    return Noted(opened, gone, suspects)


def round_check(account: ExchangeAccount, begun: datetime) -> None:
    """Until the transaction ends the round is ours. Raises RoundLost."""
    mine = Reconciliation.objects.select_for_update(no_key=True).filter(account=account, started_at=begun)
    if not mine.exists():
        raise RoundLost


def _noted(account: ExchangeAccount, one: Found, known: dict[tuple[str, str, str], Difference]) -> Difference | None:
    """The row when it is open from now on; None when it was so before or does not count yet."""
    row = known.get((one.kind, one.symbol, one.reference))
    if row is None:
        return _begun(account, one)
    is_same = (row.ours, row.theirs) == (one.ours, one.theirs)
    was = row.status
    row.ours, row.theirs, row.delta = one.ours, one.theirs, one.delta
    row.details, row.seen_at = {**row.details, **one.details}, timezone.now()
    if was == SUSPECT and (is_same or one.is_proven):
        row.status = OPEN
    row.save()
    return row if row.status == OPEN and was == SUSPECT else None


def _begun(account: ExchangeAccount, one: Found) -> Difference | None:
    past = Difference.objects.filter(account=account, kind=one.kind, symbol=one.symbol, reference=one.reference)
    last = past.order_by("-id").first()
    if last is not None and last.status == IGNORED and (last.ours, last.theirs) == (one.ours, one.theirs):
        return None
    row = Difference.objects.create(
        account=account,
        bot=one.bot,
        kind=one.kind,
        symbol=one.symbol,
        reference=one.reference,
        ours=one.ours,
        theirs=one.theirs,
        delta=one.delta,
        details=one.details,
        status=OPEN if one.is_proven else SUSPECT,
    )
    return row if one.is_proven else None


def _gone(row: Difference) -> Difference:
    row.status, row.settled_at = DifferenceStatus.GONE, timezone.now()
    row.save(update_fields=["status", "settled_at"])
    return row
