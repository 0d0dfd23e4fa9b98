"""News that nobody comes across by trading: limits, margin, refused keys, the day's summary, a silent engine."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Channel, Delivery, Notification, SignOfLife, User
from accounts.notifications import notify, standing_in
from accounts.notifications.channels import channel_create
from accounts.tests.sinks import HttpSink
from bots.tests.factories import make_bot, make_user
from exchanges.adapters.base import Balance
from exchanges.models import ExchangeAccount
from trading.account_news import key_refused_note, margin_look
from trading.daily_summary import daily_summaries_tell
from trading.limits_watch import limits_look
from trading.models import EquitySnapshot, LedgerLine, LineKind, RiskLimits, Scope
from trading.tests.risk.test_api import make_open_bot

pytestmark = pytest.mark.django_db

D = Decimal
MORNING = datetime(2026, 3, 3, 8, 30, tzinfo=UTC)


def told() -> list[tuple[str, str, str]]:
    return list(Notification.objects.order_by("pk").values_list("kind", "severity", "title"))


def test_a_limit_that_is_near_is_told_once_in_a_while_and_once_more_when_reached() -> None:
    bot = make_open_bot()
    row = RiskLimits.objects.create(scope=Scope.USER, owner=bot.owner, max_gross_exposure=D(200))
    now = timezone.now()
    assert limits_look(now) == 1
    assert limits_look(now + timedelta(hours=1)) == 0
    assert limits_look(now + timedelta(hours=7)) == 1
    row.max_gross_exposure = D(150)
    row.save()
    assert limits_look(now + timedelta(hours=8)) == 1
    assert told() == [("limit", "warning", "Gross exposure · Paper")] * 3
    texts = [row.text for row in Notification.objects.order_by("pk")]
    assert texts[0] == "Near: 83 % of the limit of 200.00."
    assert texts[2].startswith("Reached: the limit is 150.00. ")


def test_who_has_no_limits_hears_of_none() -> None:
    make_open_bot()
    assert limits_look(timezone.now()) == 0


def test_margin_that_runs_short_is_told_while_something_is_held() -> None:
    bot, idle = make_open_bot(), make_bot()
    now = timezone.now()
    short = Balance("USDT", D(1000), D(1000), D(60))
    margin_look(idle.exchange_account, short, now)
    margin_look(bot.exchange_account, Balance("USDT", D(1000), D(1000), D(500)), now)
    assert told() == []
    margin_look(bot.exchange_account, short, now)
    margin_look(bot.exchange_account, short, now + timedelta(hours=1))
    assert told() == [("limit", "error", str(bot.exchange_account))]
    assert Notification.objects.get().text.startswith("60.00 of 1,000.00 USDT")


@pytest.mark.parametrize(("wished", "count"), [((), 0), ((20,), 1), ((5, 30), 1), ((5,), 0), ((None, 12), 0)])
def test_margin_is_called_short_where_the_limits_say(wished: tuple[int | None, ...], count: int) -> None:
    bot = make_open_bot()
    targets = ({"scope": Scope.USER, "owner": bot.owner}, {"scope": Scope.ACCOUNT, "account": bot.exchange_account})
    for target, percent in zip(targets, wished, strict=False):
        RiskLimits.objects.create(**target, **({} if percent is None else {"warn_margin": percent}))
    margin_look(bot.exchange_account, Balance("USDT", D(1000), D(1000), D(150)), timezone.now())
    assert len(told()) == count


def test_a_refused_key_is_told_once_until_it_was_good_again() -> None:
    account = make_bot().exchange_account
    now = timezone.now()
    for _ in range(3):
        key_refused_note(account, "expired", now)
    assert told() == [("key", "error", str(account))]
    account.refresh_from_db()
    assert (account.last_check_ok, account.last_check_message) == (False, "expired")
    ExchangeAccount.objects.filter(pk=account.pk).update(last_check_ok=True)
    key_refused_note(account, "expired", now)
    assert len(told()) == 2


def test_the_summary_comes_once_in_the_morning_of_where_the_user_lives() -> None:
    bot = make_open_bot(make_user(time_zone="UTC"))
    make_bot(make_user(time_zone="America/New_York"))
    account = bot.exchange_account
    common = {"account": account, "bot": bot, "symbol": "GALA/USDT:USDT", "kind": LineKind.REALISED, "currency": "USDT"}
    for amount, at in ((D("12.5"), MORNING - timedelta(days=1)), (D(7), MORNING), (D(5), MORNING - timedelta(days=2))):
        line = LedgerLine.objects.create(amount=amount, at=at, external_id=str(amount), **common)
        LedgerLine.objects.filter(pk=line.pk).update(created_at=at)
    EquitySnapshot.objects.create(account=account, at=MORNING, currency="USDT", equity=D(1012), balance=D(1000))
    assert daily_summaries_tell(MORNING - timedelta(hours=2)) == 0
    assert daily_summaries_tell(MORNING) == 1
    assert daily_summaries_tell(MORNING + timedelta(minutes=10)) == 0
    row = Notification.objects.get()
    assert (row.owner, row.title) == (bot.owner, "Yesterday, 2026-03-02")
    expected = "Paper: 0 cycles closed. Realised +12.50 USDT. Pairs open: 1, bots running: 0. Equity 1,012.00 USDT."
    assert row.text == expected
    assert daily_summaries_tell(MORNING + timedelta(days=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_guardian_sends_where_the_worker_for_messages_is_silent(settings) -> None:
    settings.ALERT_ALLOWED_HOSTS = ["127.0.0.1"]
    sink = HttpSink()
    user = make_user()
    channel_create(user=user, kind="webhook", address=sink.url, values={"name": "Hook"})
    long_ago = timezone.now() - timedelta(seconds=settings.ENGINE_SILENCE_S + 60)
    SignOfLife.objects.create(part="io", at=long_ago)
    notify(user=user, kind="trade", severity="info", title="GALA/CHZ", text="opened")
    standing_in.watch_and_stand_in(timezone.now)
    assert standing_in._sending is not None
    standing_in._sending.result(timeout=20)
    sink.close()
    assert [body["text"] for body in sink.bodies] == ["opened"]
    assert Delivery.objects.get().status == "delivered"
    assert SignOfLife.objects.get(part="guardian").at > long_ago
    assert Channel.objects.get().sending_until is None


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_never_told() -> None:
    user = make_user()
    with pytest.raises(ZeroDivisionError):
        _fail_after_telling(user)
    assert told() == []


def _fail_after_telling(user: User) -> None:
    with transaction.atomic():
        notify(user=user, kind="trade", severity="info", title="x\x00y", text="z")
        raise ZeroDivisionError
