"""What accounts were worth over time: snapshots taken from the venues, thinned, and read back as curves.

Deposits and withdrawals are no gains: where equity is compared over time, those that the ledger knows are taken out.
"""

import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.models import User
from bots.amounts import decimal_text
from bots.feed import events as feed
from bots.feed.keys import user_group
from bots.models import Bot
from bots.overview.earnings import realised_since
from bots.overview.totals import CoinExposure, coin_exposures
from bots.selectors import bots_of
from exchanges.adapters.base import Balance
from exchanges.errors import AuthFailed, ExchangeError
from exchanges.limits import unhurried
from exchanges.models import Exchange, ExchangeAccount
from exchanges.registry import venue_of
from trading.account_news import key_refused_note, margin_look
from trading.ledger_inverse import in_money
from trading.models import DrawdownFrom, EquitySnapshot, LedgerLine, LineKind, Order, Position
from trading.own_money import IN_OWN_MONEY

log = logging.getLogger(__name__)

ZERO: Final = Decimal(0)
FINE_FOR: Final = timedelta(days=2)
POINTS: Final = 360
THINNED_BACK: Final = timedelta(days=30)
"""How far back the thinning looks for minutes that it has not thinned yet."""


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """In `currency`: `times` in ms, `total` and each account's equity then; None before its first snapshot."""

    currency: str
    times: list[int]
    total: list[float]
    accounts: dict[int, list[float | None]]


@dataclass(slots=True)
class Earned:
    """Realised P&L of a bot or an account, counted when it was booked; fees and funding included."""

    today: Decimal = ZERO
    week: Decimal = ZERO
    month: Decimal = ZERO
    all: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class EarnedBy:
    """By id of the bot and of the account; those that never traded are missing."""

    bots: dict[int, Earned]
    accounts: dict[int, Earned]


def accounts_to_watch() -> list[ExchangeAccount]:
    """Active ones that have a bot or have ordered something."""
    bots = Bot.objects.filter(deleted_at=None)
    used = (
        Exists(bots.filter(exchange_account=OuterRef("pk")))
        | Exists(bots.filter(exchange_account2=OuterRef("pk")))
        | Exists(Order.objects.filter(account=OuterRef("pk")))
    )
    return list(ExchangeAccount.objects.filter(used, is_active=True).order_by("pk"))


def snapshots_take(accounts: Iterable[ExchangeAccount], at: datetime) -> int:
    """One row of each account whose venue answers, at the full minute; how many are new. A missing answer is no row."""
    accounts = list(accounts)
    minute = at.replace(second=0, microsecond=0)
    exposed = _exposures([account.pk for account in accounts])
    rows = []
    for account in accounts:
        balance = _balance(account, at)
        if balance is not None:
            margin_look(account, balance, at)
            rows.append(_snapshot(account, minute, balance, exposed.get(account.pk, (ZERO, ZERO))))
    written = EquitySnapshot.objects.bulk_create(rows, ignore_conflicts=True)
    for row in written:
        told = {"account": row.account_id, "currency": row.currency, "equity": decimal_text(row.equity)}
        feed.publish_group_on_commit(user_group(row.account.owner_id), "equity_update", told)
    return len(written)


def snapshots_thin(now: datetime) -> None:
    """Of every hour that is older than two days only the last snapshot stays."""
    until = (now - FINE_FOR).replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM equity_snapshots s USING ("
            " SELECT id, row_number() OVER (PARTITION BY account_id, currency, date_trunc('hour', at)"
            "   ORDER BY at DESC) AS place"
            " FROM equity_snapshots WHERE at < %s AND at >= %s) AS ranked"
            " WHERE s.id = ranked.id AND ranked.place > 1",
            [until, until - THINNED_BACK],
        )


def latest_equities(account_ids: Collection[int]) -> dict[int, Decimal]:
    """The newest snapshot of each account that has one, whatever its age."""
    return {row.account_id: row.equity for row in latest_snapshots(account_ids)}


def latest_snapshots(account_ids: Collection[int]) -> list[EquitySnapshot]:
    """By one look into the index for each account, however long its history."""
    of_account = EquitySnapshot.objects.filter(account=OuterRef("pk")).order_by("-at").values("pk")[:1]
    newest = ExchangeAccount.objects.filter(pk__in=account_ids).values(newest=Subquery(of_account))
    return list(EquitySnapshot.objects.filter(pk__in=newest).order_by("account"))


def equity_curve(user: User, since: datetime, points: int = POINTS, *, is_paper: bool = False) -> list[EquityCurve]:
    """One for each currency, of all the user's live accounts (or paper ones), the last value of each of `points` steps.

    Between its snapshots an account counts with the last one.
    """
    accounts = ExchangeAccount.objects.filter(owner=user)
    accounts = accounts.filter(exchange=Exchange.PAPER) if is_paper else accounts.exclude(exchange=Exchange.PAPER)
    ids = list(accounts.values_list("pk", flat=True))
    by_currency: dict[str, dict[int, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for account_id, currency, step, equity in _stepped(ids, since, points):
        by_currency[currency][account_id][step] = float(equity)
    return [_curve(currency, found) for currency, found in sorted(by_currency.items())]


def base_equity(account_ids: Collection[int], since: datetime, which: DrawdownFrom, *, now: datetime) -> Decimal | None:
    """What a fall is measured from, brought to today's deposits. None without any snapshot.

    The peak is that of the hours' highest values: of several accounts it may be a little above what they had at once.
    """
    series = _hours(account_ids, since)
    if not series:
        return None
    start = sum((values[0][1] for values in series.values()), ZERO)
    moved = _transfers(account_ids, since, now)
    if which == DrawdownFrom.START:
        return start + sum((amount for _, amount in moved), ZERO)
    hours = sorted({at for values in series.values() for at, _, _ in values})
    later = [sum((amount for at, amount in moved if at >= hour), ZERO) for hour in hours]
    return max(_total_at(series, hour) + after for hour, after in zip(hours, later, strict=True))


def earned_by(user: User, now: datetime, day_start: datetime) -> EarnedBy:
    """Today (since `day_start`, midnight where the user lives), 7 days, 30 days, all. Deleted bots count too."""
    bots = Bot.objects.filter(owner=user).only("exchange_account", "exchange_account2", "total_profit")
    found = EarnedBy(defaultdict(Earned), defaultdict(Earned))
    whole = {bot.pk: bot.exchange_account_id for bot in bots if bot.exchange_account2_id is None}
    split = [bot.pk for bot in bots if bot.pk not in whole]
    starts = {"today": day_start, "week": now - timedelta(days=7), "month": now - timedelta(days=30)}
    for period, since in starts.items():
        for bot_id, amount in realised_since([bot.pk for bot in bots], since).items():
            _earn(found, period, bot_id, whole.get(bot_id), amount)
    for bot in bots:
        if bot.total_profit:
            _earn(found, "all", bot.pk, whole.get(bot.pk), bot.total_profit)
    _earn_by_lines(found, LedgerLine.objects.filter(bot__in=split), starts)
    _earn_by_lines(found, LedgerLine.objects.filter(bot=None, account__owner=user), starts)
    return EarnedBy(dict(found.bots), dict(found.accounts))


def exposure_by_coin(user: User, *, is_paper: bool = False) -> list[CoinExposure]:
    """Open legs of the user's bots by coin, largest first."""
    bots = bots_of(user).filter(level__gt=0) | bots_of(user).filter(positions__is_open=True)
    kind = {"exchange_account__exchange": Exchange.PAPER}
    chosen = Bot.objects.filter(pk__in=(bots.filter(**kind) if is_paper else bots.exclude(**kind)).values("pk"))
    return coin_exposures(chosen, feed.last_figures(chosen.values_list("pk", flat=True)))


def _earn(found: EarnedBy, period: str, bot_id: int, account_id: int | None, amount: Decimal) -> None:
    of_bot = found.bots[bot_id]
    setattr(of_bot, period, getattr(of_bot, period) + amount)
    if account_id is not None:
        of_account = found.accounts[account_id]
        setattr(of_account, period, getattr(of_account, period) + amount)


def _earn_by_lines(found: EarnedBy, lines: QuerySet[LedgerLine], starts: Mapping[str, datetime]) -> None:
    """To accounts alone: of bots on two accounts, and of orders by hand. Deposits are nothing earned."""
    for part, worth in in_money(lines.filter(IN_OWN_MONEY).exclude(kind=LineKind.TRANSFER).order_by()):
        sums = {name: Sum(worth, filter=Q(created_at__gte=since), default=ZERO) for name, since in starts.items()}
        rows: Iterable[Any] = part.values("account_id").annotate(**sums, all=Sum(worth, default=ZERO))
        for row in rows:
            of_account = found.accounts[row["account_id"]]
            for name in (*starts, "all"):
                setattr(of_account, name, getattr(of_account, name) + row[name])


@unhurried()
def _balance(account: ExchangeAccount, at: datetime) -> Balance | None:
    try:
        return venue_of(account).balance()
    except AuthFailed as error:
        key_refused_note(account, error.message, at)
        return None
    except (ExchangeError, ValidationError) as error:
        log.info("no equity of account %d: %s", account.pk, error)
        return None


def _snapshot(
    account: ExchangeAccount, at: datetime, balance: Balance, exposure: tuple[Decimal, Decimal]
) -> EquitySnapshot:
    return EquitySnapshot(
        account=account,
        at=at,
        currency=balance.currency,
        equity=balance.equity,
        balance=balance.total,
        gross_exposure=exposure[0],
        net_exposure=exposure[1],
    )


def _exposures(account_ids: Collection[int]) -> dict[int, tuple[Decimal, Decimal]]:
    """(gross, net) by account, of the bots' open legs at the last price that each saw."""
    found: dict[int, tuple[Decimal, Decimal]] = {}
    for leg in Position.objects.filter(account__in=account_ids, is_open=True).order_by():
        value = leg.signed_amount * (leg.current_price or leg.entry_price)
        gross, net = found.get(leg.account_id, (ZERO, ZERO))
        found[leg.account_id] = gross + abs(value), net + value
    return found


def _stepped(account_ids: Sequence[int], since: datetime, points: int) -> list[tuple[int, str, int, Decimal]]:
    """(account, currency, end of the step in epoch seconds, last equity in it)."""
    step = max(60, int((datetime.now(UTC) - since).total_seconds()) // max(points, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (account_id, currency, step) account_id, currency,"
            " (floor(extract(epoch FROM at) / %(step)s) * %(step)s)::bigint AS step, equity"
            " FROM equity_snapshots WHERE account_id = ANY(%(ids)s) AND at >= %(since)s"
            " ORDER BY account_id, currency, step, at DESC",
            {"ids": list(account_ids), "since": since, "step": step},
        )
        return cursor.fetchall()


def _curve(currency: str, found: dict[int, dict[int, float]]) -> EquityCurve:
    steps = sorted({step for values in found.values() for step in values})
    accounts = {account_id: _filled(values, steps) for account_id, values in sorted(found.items())}
    total = [sum(value or 0.0 for value in column) for column in zip(*accounts.values(), strict=True)]
    return EquityCurve(currency, [step * 1000 for step in steps], total, accounts)


def _filled(values: dict[int, float], steps: Sequence[int]) -> list[float | None]:
    last: float | None = None
    found = []
    for step in steps:
        last = values.get(step, last)
        found.append(last)
    return found


Hour = tuple[datetime, Decimal, Decimal]
"""(beginning, first equity, highest equity)."""


def _hours(account_ids: Collection[int], since: datetime) -> dict[int, list[Hour]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, date_trunc('hour', at) AS hour, (array_agg(equity ORDER BY at))[1], max(equity)"
            " FROM equity_snapshots WHERE account_id = ANY(%s) AND at >= %s GROUP BY 1, 2 ORDER BY 1, 2",
            [list(account_ids), since],
        )
        found: dict[int, list[Hour]] = defaultdict(list)
        for account_id, hour, first, highest in cursor.fetchall():
            found[account_id].append((hour, first, highest))
    return found


def _total_at(series: dict[int, list[Hour]], hour: datetime) -> Decimal:
    """An account that came later counts with its first value: it was worth that elsewhere."""
    total = ZERO
    for values in series.values():
        place = bisect_right([at for at, _, _ in values], hour)
        total += values[place - 1][2] if place else values[0][1]
    return total


def _transfers(account_ids: Collection[int], since: datetime, now: datetime) -> list[tuple[datetime, Decimal]]:
    """Deposits positive, withdrawals negative."""
    lines = LedgerLine.objects.filter(account__in=account_ids, kind=LineKind.TRANSFER, at__gte=since, at__lte=now)
    return list(lines.order_by("at").values_list("at").annotate(Sum("amount")))
