"""Equity snapshots: taken, thinned, read back as curves, and what a fall is measured from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots.tests.factories import make_bot, make_paper_account, make_user
from exchanges.models import ExchangeAccount
from exchanges.tests.series import simulated_account
from trading import equity
from trading.models import DrawdownFrom, EquitySnapshot, LedgerLine, LineKind
from trading.tests.risk.test_api import make_open_bot

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

D = Decimal
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def snapshot(account: ExchangeAccount, at: datetime, value: Any, currency: str = "USDT") -> None:
    EquitySnapshot.objects.create(account=account, at=at, currency=currency, equity=D(value), balance=D(value))


def transfer(account: ExchangeAccount, at: datetime, value: Any) -> None:
    common = {"symbol": "", "currency": "USDT", "external_id": f"t{value}{at}"}
    LedgerLine.objects.create(account=account, kind=LineKind.TRANSFER, amount=D(value), at=at, **common)


def test_a_snapshot_holds_what_the_venue_says_once_a_minute() -> None:
    user = make_user()
    account = simulated_account(user)
    unused = simulated_account(user, label="Unused")
    off = simulated_account(user, label="Off")
    ExchangeAccount.objects.filter(pk=off.pk).update(is_active=False)
    make_open_bot(account=account)
    make_bot(account=off)
    watched = equity.accounts_to_watch()
    assert watched == [account]
    assert unused not in watched
    equity.snapshots_take(watched, NOON.replace(second=20))
    equity.snapshots_take(watched, NOON.replace(second=50))
    row = EquitySnapshot.objects.get()
    assert (row.at, row.currency, row.equity, row.balance) == (NOON, "USDT", 10_000, 10_000)
    assert (row.gross_exposure, row.net_exposure) == (D("165.4"), D("11.4"))


def test_an_account_whose_venue_does_not_answer_has_no_snapshot() -> None:
    silent = ExchangeAccount.objects.create(owner=make_user(), exchange="okx", label="No keys")
    assert equity.snapshots_take([silent], NOON) == 0
    assert not EquitySnapshot.objects.exists()


def test_minutes_are_kept_for_two_days_and_hours_for_ever() -> None:
    account = make_paper_account()
    for days, minutes in ((3, (0, 10, 59)), (20, (5, 6)), (1, (0, 10, 59))):
        for minute in minutes:
            snapshot(account, NOON - timedelta(days=days) + timedelta(minutes=minute), minute)
    equity.snapshots_thin(NOON)
    equity.snapshots_thin(NOON)
    kept = EquitySnapshot.objects.order_by("at").values_list("equity", flat=True)
    assert list(kept) == [6, 59, 0, 10, 59]


def test_the_curve_adds_accounts_up_and_fills_gaps_with_the_last_value() -> None:
    user = make_user()
    one, two = make_paper_account(user), make_paper_account(user)
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=10)
    for hour, value in ((0, 100), (4, 90), (8, 120)):
        snapshot(one, start + timedelta(hours=hour), value)
    snapshot(two, start + timedelta(hours=4), 1000)
    snapshot(two, start + timedelta(hours=4), 5, "USDC")
    usdc, usdt = equity.equity_curve(user, start, 100, is_paper=True)
    assert (usdt.currency, usdt.total) == ("USDT", [100, 1090, 1120])
    assert usdt.accounts == {one.pk: [100, 90, 120], two.pk: [None, 1000, 1000]}
    assert (usdc.currency, usdc.total) == ("USDC", [5])
    assert equity.equity_curve(user, start, 100) == []
    assert equity.equity_curve(make_user(), start, is_paper=True) == []


def test_the_curve_has_no_more_points_than_asked_for() -> None:
    account = make_paper_account()
    start = timezone.now() - timedelta(hours=5)
    rows = [
        EquitySnapshot(account=account, at=start + timedelta(minutes=n), currency="USDT", equity=n, balance=n)
        for n in range(290)
    ]
    EquitySnapshot.objects.bulk_create(rows)
    (curve,) = equity.equity_curve(account.owner, start, 30, is_paper=True)
    assert len(curve.total) <= 31
    assert curve.total[-1] == 289


def test_a_fall_is_measured_from_the_peak_or_the_start_and_never_from_a_deposit() -> None:
    one, two = make_paper_account(), make_paper_account()
    snapshot(one, NOON - timedelta(days=9), 9_999)  # before the limit was set
    since = NOON - timedelta(days=5)
    snapshot(one, since + timedelta(hours=1), 100)
    snapshot(one, since + timedelta(hours=5), 130)
    snapshot(one, since + timedelta(hours=5, minutes=30), 110)
    transfer(one, since + timedelta(hours=30), 1000)
    snapshot(one, since + timedelta(hours=40), 1105)
    ids = [one.pk]
    assert equity.base_equity(ids, since, DrawdownFrom.PEAK, now=NOON) == 1130
    assert equity.base_equity(ids, since, DrawdownFrom.START, now=NOON) == 1100
    snapshot(two, since + timedelta(hours=20), 50)
    both = [one.pk, two.pk]
    assert equity.base_equity(both, since, DrawdownFrom.PEAK, now=NOON) == 1180
    assert equity.base_equity(both, since, DrawdownFrom.START, now=NOON) == 1150
    assert equity.base_equity([make_paper_account().pk], since, DrawdownFrom.PEAK, now=NOON) is None


def test_exposure_by_coin_of_paper_and_live_apart() -> None:
    bot = make_open_bot()
    coins = {coin.coin: coin for coin in equity.exposure_by_coin(bot.owner, is_paper=True)}
    assert (coins["GALA"].short, coins["CHZ"].long) == (D("-77"), D("88.4"))
    assert equity.exposure_by_coin(bot.owner) == []


def test_what_was_earned_by_bot_and_by_account() -> None:
    user = make_user()
    one, two = make_paper_account(user), make_paper_account(user)
    alone = make_bot(account=one, total_profit=D(7))
    both = make_bot(account=one, exchange_account2=two, total_profit=D(9))
    now = timezone.now()

    def book(bot: Any, account: ExchangeAccount, amount: int, days: int, kind: str = LineKind.REALISED) -> None:
        line = LedgerLine.objects.create(
            bot=bot, account=account, kind=kind, amount=D(amount), symbol="", currency="USDT", at=now
        )
        LedgerLine.objects.filter(pk=line.pk).update(created_at=now - timedelta(days=days))

    book(alone, one, 4, 40)
    book(alone, one, 3, 2)
    book(both, one, 4, 20)
    book(both, two, 5, 0)
    book(None, two, 1, 3)
    book(None, two, 1000, 0, LineKind.TRANSFER)
    found = equity.earned_by(user, now, now - timedelta(hours=1))
    as_rows = {pk: (row.today, row.week, row.month, row.all) for pk, row in found.bots.items()}
    assert as_rows == {alone.pk: (0, 3, 3, 7), both.pk: (5, 5, 9, 9)}
    as_rows = {pk: (row.today, row.week, row.month, row.all) for pk, row in found.accounts.items()}
    assert as_rows == {one.pk: (0, 3, 7, 11), two.pk: (5, 6, 6, 6)}
    assert equity.earned_by(make_user(), now, now).bots == {}


def test_the_newest_snapshot_is_found_without_reading_the_history() -> None:
    accounts = [make_paper_account() for _ in range(3)]
    rows = "INSERT INTO equity_snapshots (account_id, at, currency, equity, balance, gross_exposure, net_exposure)"
    with connection.cursor() as cursor:
        for account in accounts:
            cursor.execute(
                f"{rows} SELECT %s, %s::timestamptz - n * interval '1 hour', 'USDT', n, n, 0, 0"
                " FROM generate_series(0, 3000) n",
                [account.pk, NOON],
            )
        cursor.execute("ANALYZE equity_snapshots")
    snapshot(accounts[1], NOON + timedelta(minutes=1), 7)
    ids = [account.pk for account in accounts]
    assert equity.latest_equities(ids) == {ids[0]: D(0), ids[1]: D(7), ids[2]: D(0)}
    with CaptureQueriesContext(connection) as asked:
        equity.latest_snapshots(ids)
    (query,) = (each["sql"] for each in asked if "equity_snapshots" in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
        plan = cursor.fetchone()[0][0]["Plan"]
    assert rows_read(plan) < 20


def rows_read(plan: dict[str, Any]) -> float:
    """By every scan of the snapshots."""
    below = sum(rows_read(part) for part in plan.get("Plans", ()))
    if plan.get("Relation Name") != "equity_snapshots":
        return below
    return below + (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
