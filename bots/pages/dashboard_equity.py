"""The dashboard's card of equity: the curve of the accounts shown, or what each bot and each account earned."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Min
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from bots.models import Bot
from bots.overview.earnings import Booking
from bots.overview.totals import RANGES, Curve, Overview, balance_curve, equity_line, usual_range
from bots.pages.bots import day_start
from bots.pages.scope import Scope
from trading.equity import Earned, EquityCurve, earned_by, equity_curve, latest_equities
from trading.models import EquitySnapshot, LedgerLine, LineKind

BY: Final = ("bot", "account")
ROWS_MOST: Final = 12
USUAL: Final = "30d"


@dataclass(frozen=True, slots=True)
class EarnedRow:
    """What one bot or account earned; `equity` of an account whose worth is known, `note` beside its name."""

    name: str
    note: str
    url: str
    earned: Earned
    equity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class EquityCard:
    """`curve` is None while nothing is known yet; `rows` stand in its place when one asked for them."""

    range: str
    by: str
    curve: Curve | None
    rows: list[EarnedRow]
    left_out: int = 0


def equity_card(
    user: User, scope: Scope, wishes: Mapping[str, str], booked: list[Booking], sums: Overview, now: datetime
) -> EquityCard:
    """Unknown wishes count as none. Until there are two snapshots the balance is reckoned from what was booked."""
    by = wishes.get("by", "") if wishes.get("by", "") in BY else ""
    wished = wishes.get("range", "")
    if by:
        rows = _by_bot(user, scope, now) if by == "bot" else _by_account(user, scope, now)
        name = wished if wished in RANGES else USUAL
        return EquityCard(name, by, None, rows[:ROWS_MOST], max(0, len(rows) - ROWS_MOST))
    first = EquitySnapshot.objects.filter(account__in=scope.account_ids).aggregate(at=Min("at"))["at"]
    known: list[Booking] = [(int(first.timestamp()), Decimal(0))] if first else booked
    name = wished if wished in RANGES else usual_range(known, now)
    curve = _snapshots(user, scope, name, sums.currency, first, now) if first else None
    return EquityCard(name, by, curve or balance_curve(booked, name, balance=sums.balance, now=now), [])


def live_data(card: EquityCard, sums: Overview, figures: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """What the page's script goes on from."""
    return {
        "balance": None if sums.balance is None else float(sums.balance),
        "equity": None if sums.equity is None else float(sums.equity),
        "bots": {pk: _open(seen) for pk, seen in figures.items()},
        "curve": asdict(card.curve) if card.curve else None,
    }


def _open(figures: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(figures[name]) for name in ("pnl", "exposure", "net_exposure")}


def _snapshots(user: User, scope: Scope, name: str, currency: str, first: datetime, now: datetime) -> Curve | None:
    span = RANGES[name]
    since = max(first, now - span) if span else first
    found = next((each for each in _curves(user, scope, since) if each.currency == currency), None)
    if found is None:
        return None
    chosen = [values for pk, values in found.accounts.items() if pk in scope.account_ids]
    moves = LedgerLine.objects.filter(
        account__in=scope.account_ids, kind=LineKind.TRANSFER, currency=currency, at__gte=since
    ).values_list("at", "amount")
    return equity_line(found.times, chosen, [(int(at.timestamp() * 1000), amount) for at, amount in moves])


def _curves(user: User, scope: Scope, since: datetime) -> list[EquityCurve]:
    return equity_curve(user, since.astimezone(UTC), is_paper=scope.is_paper)


def _by_bot(user: User, scope: Scope, now: datetime) -> list[EarnedRow]:
    """Those that earned or lost most first; deleted ones too, their money is in the sums."""
    earned = earned_by(user, now, day_start(now)).bots
    bots = Bot.objects.filter(pk__in=earned, exchange_account__in=scope.account_ids).select_related("exchange_account")
    rows = [_bot_row(bot, earned[bot.pk]) for bot in bots.only("bot_name", "deleted_at", "exchange_account")]
    return sorted(rows, key=lambda row: abs(row.earned.all), reverse=True)


def _bot_row(bot: Bot, earned: Earned) -> EarnedRow:
    if bot.deleted_at:
        return EarnedRow(bot.bot_name, _("deleted"), "", earned)
    return EarnedRow(bot.bot_name, bot.exchange_account.label, reverse("bots:detail", args=[bot.pk]), earned)


def _by_account(user: User, scope: Scope, now: datetime) -> list[EarnedRow]:
    earned = earned_by(user, now, day_start(now)).accounts
    worth = latest_equities(scope.account_ids)
    rows = [
        EarnedRow(
            account.label,
            account.get_exchange_display(),
            reverse("exchanges:detail", args=[account.pk]),
            earned.get(account.pk, Earned()),
            worth.get(account.pk),
        )
        for account in scope.accounts
    ]
    return sorted(rows, key=lambda row: abs(row.earned.all), reverse=True)
