"""Rehearsals of a paper account: what its user has it do wrong, and what its bots did about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import Max, Min, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import record
from accounts.models import User
from bots.amounts import decimal_text
from bots.models import Bot
from exchanges.adapters.paper import PaperVenue
from exchanges.adapters.paper_chaos import CALM, Fault, FaultKind
from exchanges.errors import DomainError
from exchanges.models import ExchangeAccount
from exchanges.registry import venue_of
from trading.models import (
    DifferenceStatus,
    EquitySnapshot,
    LogType,
    Position,
    Reconciliation,
    Rehearsal,
    Trade,
    TradeLog,
    TradeStatus,
)

ORDERS_MAX: Final = 1_000
MINUTES_MAX: Final = 24 * 60
DELAY_MAX_S: Final = 10.0
"""Shorter than a worker's lease: a longer answer would only show that a second worker takes over."""
LINES_SHOWN: Final = 30


class Kind(models.TextChoices):
    REJECT = "reject", gettext_lazy("Refuse orders")
    DELAY = "delay", gettext_lazy("Answer late")
    PARTIAL = "partial", gettext_lazy("Fill in part")
    TIMEOUT_AFTER = "timeout_after", gettext_lazy("Take orders, answer nothing")
    TIMEOUT_BEFORE = "timeout_before", gettext_lazy("Lose orders, answer nothing")
    FREEZE = "freeze", gettext_lazy("Freeze quotes")
    LIQUIDATE = "liquidate", gettext_lazy("Liquidate a leg")


@dataclass(frozen=True, slots=True)
class Strength:
    """What the number of a kind means: `name` is the field of the fault that it sets, `scale` units make one."""

    name: str
    least: Decimal
    most: Decimal
    usual: Decimal
    scale: Decimal


_PER_CENT: Final = (Decimal(1), Decimal(100), Decimal(100), Decimal(100))
STRENGTHS: Final = {
    Kind.REJECT: Strength("probability", *_PER_CENT),
    Kind.TIMEOUT_AFTER: Strength("probability", *_PER_CENT),
    Kind.TIMEOUT_BEFORE: Strength("probability", *_PER_CENT),
    Kind.PARTIAL: Strength("share", Decimal(0), Decimal(99), Decimal(50), Decimal(100)),
    Kind.DELAY: Strength("seconds", Decimal("0.1"), Decimal(str(DELAY_MAX_S)), Decimal(3), Decimal(1)),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """`strength`: per cent of the orders (refuse, answer nothing), per cent filled, or seconds. `orders`: the next so
    many; `minutes`: of market time. None: as usual, and until it is stopped. `symbol` empty: every market."""

    kind: Kind
    strength: Decimal | None = None
    orders: int | None = None
    minutes: int | None = None
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a rehearsal so far. Money in the account's currency.

    `left`: what is still to come. `alone`: bots that hold one leg only right now. `agrees`: whether books and venue
    agreed at the last comparison since the beginning, None: not compared since.
    """

    rehearsal: Rehearsal
    left: Sequence[Fault]
    lines: Sequence[TradeLog]
    trades: int
    naked_trades: int
    naked_ms_worst: int
    naked_ms_total: int
    naked_value_worst: Decimal
    lowest_equity: Decimal | None
    alone: Sequence[Bot]
    under_way: int
    warnings: int
    errors: int
    agrees: bool | None
    compared_at: datetime | None
    differences: int

    @property
    def naked_s_worst(self) -> float:
        return self.naked_ms_worst / 1000

    @property
    def is_running(self) -> bool:
        return self.rehearsal.stopped_at is None


def rehearsal_begin(*, actor: User, account: ExchangeAccount, wish: Wish, now: datetime) -> Rehearsal:
    """Adds to the rehearsal that is going on, or begins one.

    Raises ValidationError by field, DomainError for an account that is not paper, ExchangeError.
    """
    venue = _paper_venue(account)
    _check(wish, venue)
    with transaction.atomic():
        rehearsal = _noted(actor, account, wish, now)
    if wish.kind == Kind.LIQUIDATE:
        venue.liquidate(wish.symbol)
    else:
        venue.rehearse_also(_fault(wish))
    return rehearsal


def rehearsal_end(*, actor: User, account: ExchangeAccount, now: datetime) -> Rehearsal | None:
    """The account behaves again; None when it was not told to misbehave. Raises DomainError, ExchangeError."""
    venue = _paper_venue(account)
    venue.rehearse(CALM)
    with transaction.atomic():
        running = Rehearsal.objects.select_for_update().filter(account=account, stopped_at__isnull=True).first()
        if running is None:
            return None
        running.stopped_at = now
        running.save(update_fields=["stopped_at"])
        record(actor=actor, action="rehearsal.stop", target=account, details={"rehearsal": running.pk})
    return running


def rehearsal_result(account: ExchangeAccount) -> Result | None:
    """Of the last rehearsal; None when there was none. Raises DomainError for an account that is not paper."""
    venue = _paper_venue(account)
    rehearsal = Rehearsal.objects.filter(account=account).first()
    if rehearsal is None:
        return None
    since, bots = rehearsal.started_at, _bots_of(account)
    lines = TradeLog.objects.filter(bot__in=bots, created_at__gte=since)
    trades = Trade.objects.filter(bot__in=bots)
    compared = Reconciliation.objects.filter(account=account, finished_at__gte=since, started_at__gte=since).first()
    left = [fault for fault in venue.rehearsal().faults if fault.next != 0]
    return Result(
        rehearsal=rehearsal,
        left=left,
        lines=list(lines.select_related("bot").order_by("-id")[:LINES_SHOWN]),
        **_nakedness(trades.filter(settled_at__gte=since)),
        lowest_equity=EquitySnapshot.objects.filter(account=account, at__gte=since).aggregate(n=Min("equity"))["n"],
        alone=_alone(bots),
        under_way=trades.filter(status=TradeStatus.WORKING).count(),
        warnings=lines.filter(log_type=LogType.WARNING).count(),
        errors=lines.filter(log_type=LogType.ERROR).count(),
        agrees=compared.is_ok if compared else None,
        compared_at=compared.finished_at if compared else None,
        differences=account.differences.filter(status=DifferenceStatus.OPEN).count(),
    )


def _paper_venue(account: ExchangeAccount) -> PaperVenue:
    venue = venue_of(account) if account.is_paper else None
    if not isinstance(venue, PaperVenue):
        raise DomainError(_("Only paper accounts can rehearse."), "not_paper")
    return venue


def _check(wish: Wish, venue: PaperVenue) -> None:
    errors = {}
    strength = STRENGTHS.get(wish.kind)
    if strength and wish.strength is not None and not strength.least <= wish.strength <= strength.most:
        bounds = {"low": f"{strength.least:f}", "high": f"{strength.most:f}"}
        errors["strength"] = _("Enter a number from %(low)s to %(high)s.") % bounds
    for name, most in (("orders", ORDERS_MAX), ("minutes", MINUTES_MAX)):
        value = getattr(wish, name)
        if value is not None and not 1 <= value <= most:
            errors[name] = _("Enter a whole number from 1 to %(most)s.") % {"most": most}
    if wish.symbol and wish.symbol not in venue.markets():
        errors["symbol"] = _("This account has no such market.")
    elif wish.kind == Kind.LIQUIDATE and wish.symbol not in {row.symbol for row in venue.positions()}:
        errors["symbol"] = _("Choose a market that is held: nothing else can be liquidated.")
    if errors:
        raise ValidationError(errors)


def _noted(actor: User, account: ExchangeAccount, wish: Wish, now: datetime) -> Rehearsal:
    """The row of the rehearsal that is going on, with the wish in its plan."""
    running = Rehearsal.objects.select_for_update().filter(account=account, stopped_at__isnull=True).first()
    if running is None:
        try:
            with transaction.atomic():
                running = Rehearsal.objects.create(account=account, started_by=actor, started_at=now)
        except IntegrityError:  # somebody began at the same moment
            running = Rehearsal.objects.select_for_update().get(account=account, stopped_at__isnull=True)
    asked = _asked(wish)
    running.plan = [*running.plan, asked | {"at": now.isoformat()}]
    running.save(update_fields=["plan"])
    record(actor=actor, action="rehearsal.start", target=account, details=asked | {"rehearsal": running.pk})
    return running


def _asked(wish: Wish) -> dict[str, Any]:
    strength = STRENGTHS.get(wish.kind)
    return {
        "kind": wish.kind.value,
        "strength": decimal_text(strength.usual if wish.strength is None else wish.strength) if strength else None,
        "orders": wish.orders,
        "minutes": wish.minutes,
        "symbol": wish.symbol,
    }


def _fault(wish: Wish) -> Fault:
    values: dict[str, Any] = {"symbol": wish.symbol or None}
    if strength := STRENGTHS.get(wish.kind):
        number = wish.strength if wish.strength is not None else strength.usual
        values |= {strength.name: float(number / strength.scale), "next": wish.orders}
    return Fault(FaultKind(wish.kind.value), lasts=wish.minutes and 60 * wish.minutes, **values)


def _bots_of(account: ExchangeAccount) -> list[Bot]:
    return list(Bot.objects.filter(Q(exchange_account=account) | Q(exchange_account2=account)))


def _nakedness(trades: QuerySet[Trade]) -> dict[str, Any]:
    naked = trades.filter(naked_ms__gt=0)
    found = naked.aggregate(worst=Max("naked_ms"), total=Sum("naked_ms"), value=Max("naked_value"))
    return {
        "trades": trades.count(),
        "naked_trades": naked.count(),
        "naked_ms_worst": found["worst"] or 0,
        "naked_ms_total": found["total"] or 0,
        "naked_value_worst": found["value"] or Decimal(0),
    }


def _alone(bots: Sequence[Bot]) -> list[Bot]:
    held: dict[int, set[int]] = {}
    for bot_id, leg in Position.objects.filter(bot__in=bots, is_open=True).values_list("bot_id", "leg"):
        held.setdefault(bot_id, set()).add(leg)
    return [bot for bot in bots if len(bot.legs) == 2 and len(held.get(bot.pk, ())) == 1]
