"""Reconciliation by page, API and command."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from bots.models import BotStatus
from bots.preflight.checks import preflight
from bots.services import bot_start
from bots.tests.factories import make_user, make_viewer
from exchanges.registry import venue_of
from exchanges.tests.series import GALA
from trading import equity
from trading.installation import installation, installation_check, new_client_order_id
from trading.models import (
    AccountBooks,
    Cycle,
    Difference,
    DifferenceStatus,
    EquitySnapshot,
    Fill,
    Installation,
    LedgerLine,
    Order,
    Position,
    Trade,
)
from trading.reconciliation.equation import equation
from trading.tasks_reconciliation import accounts_reconcile_all, accounts_reconcile_chunk
from trading.tests.reconciliation.money_checks import check_money
from trading.tests.reconciliation.paper_world import closed_by_hand, held, look, paired, reconciled

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "paper"])

OPEN = DifferenceStatus.OPEN


@pytest.fixture(autouse=True)
def _at_once(settings: Any) -> None:
    settings.RECONCILE_QUIET_S = 0.0


def api_of(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_compare_see_and_settle_over_the_api() -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    api, base = api_of(bot.owner), f"/api/v1/exchanges/{bot.exchange_account_id}"
    outcome = api.post(f"{base}/reconcile")
    assert (outcome.status_code, outcome.data["is_ok"], outcome.data["opened"]) == (200, False, 1)
    row = api.get(f"{base}/differences", {"status": "open"}).data["results"][0]
    assert (row["kind"], row["symbol"], row["choices"], row["theirs"]) == ("position", GALA, ["adopt", "ignore"], "0")
    url = f"{base}/differences/{row['id']}/settle"
    assert api.post(url, {"choice": "nonsense"}, format="json").status_code == 400
    assert api.post(url, {"choice": "close"}, format="json").status_code == 409
    answer = api.post(url, {"choice": "adopt", "note": "closed it myself"}, format="json")
    assert (answer.status_code, answer.data["asked"], answer.data["choices"]) == (200, "adopt", [])
    for _ in range(2):
        look(bot)
    assert api.get(f"{base}/differences").data["results"][0]["status"] == "adopted"
    assert held(bot) == {}
    check_money(bot)


def test_outsiders_find_nothing_and_viewers_change_nothing() -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    reconciled(bot)
    difference = Difference.objects.get(status=OPEN)
    base = f"/api/v1/exchanges/{bot.exchange_account_id}"
    settle = f"{base}/differences/{difference.pk}/settle"
    order = Order.objects.filter(bot=bot).earliest("id")
    declare = f"/api/v1/account/{bot.exchange_account_id}/orders/{order.pk}/settle"
    for path in (f"{base}/reconcile", settle, declare):
        assert api_of(make_user()).post(path, {"choice": "adopt"}, format="json").status_code == 404
        assert api_of(make_viewer()).post(path, {"choice": "adopt"}, format="json").status_code == 403
    assert api_of(make_user()).get(f"{base}/differences").status_code == 404
    assert api_of(bot.owner).post(declare).status_code == 409  # it is settled
    assert Difference.objects.get(pk=difference.pk).status == OPEN


def test_the_page_shows_both_figures_and_each_choice(client: Any) -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    client.force_login(bot.owner)
    page = reverse("exchanges:differences", args=[bot.exchange_account_id])
    assert client.get(page).status_code == 200
    compared = client.post(reverse("exchanges:reconcile", args=[bot.exchange_account_id]), follow=True)
    assert compared.redirect_chain
    difference = Difference.objects.get(status=OPEN)
    text = client.get(page).content.decode()
    assert f"/differences/{difference.pk}/settle" in text
    assert "data-confirm-text" in text
    for name, bot_page in (("exchanges:detail", bot.exchange_account_id), ("bots:detail", bot.pk)):
        assert page in client.get(reverse(name, args=[bot_page])).content.decode()
    settle = reverse("exchanges:difference-settle", args=[bot.exchange_account_id, difference.pk])
    assert client.post(settle, {"choice": "ignore", "note": "known"}).status_code == 302
    difference.refresh_from_db()
    assert (difference.status, difference.note, difference.settled_by) == ("ignored", "known", bot.owner)
    assert "known" in client.get(page).content.decode()


def test_a_page_of_many_differences_takes_few_queries(client: Any, django_assert_max_num_queries: Any) -> None:
    bot = paired()
    client.force_login(bot.owner)
    for n in range(30):
        Difference.objects.create(
            account=bot.exchange_account,
            bot=bot,
            kind="order",
            symbol=GALA,
            reference=str(n),
            ours="–",
            theirs="x",
            status=DifferenceStatus.GONE,
            settled_at=timezone.now(),
        )
    with django_assert_max_num_queries(14):
        assert client.get(reverse("exchanges:differences", args=[bot.exchange_account_id])).status_code == 200


def test_an_open_difference_keeps_the_bot_from_starting() -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    reconciled(bot)
    assert "difference" in {error.code for error in preflight(bot, timezone.now())}
    with pytest.raises(ValidationError):
        bot_start(actor=bot.owner, bot=bot, now=timezone.now())


def test_the_command_says_what_differs(capsys: Any) -> None:
    bot = paired()
    call_command("reconcile", account=bot.exchange_account_id)
    assert "agrees" in capsys.readouterr().out
    closed_by_hand(bot, GALA)
    with pytest.raises(CommandError):
        call_command("reconcile")
    assert GALA in capsys.readouterr().out


def test_the_minute_task_reaches_every_account_in_use(monkeypatch: Any) -> None:
    bot = paired()
    closed_by_hand(bot, GALA)
    handed: list[Any] = []
    monkeypatch.setattr(accounts_reconcile_chunk, "apply_async", lambda args, *rest, **kw: handed.append(args[0]))
    accounts_reconcile_all()
    assert handed == [[bot.exchange_account_id]]
    accounts_reconcile_chunk(handed[0])
    assert Difference.objects.filter(status=OPEN).count() == 1


def test_money_adds_up_between_two_snapshots() -> None:
    bot = paired()
    account = bot.exchange_account
    equity.snapshots_take([account], timezone.now())
    EquitySnapshot.objects.update(at=timezone.now())
    closed_by_hand(bot, GALA)
    reconciled(bot)
    difference = Difference.objects.get(status=OPEN)
    api_of(bot.owner).post(
        f"/api/v1/exchanges/{account.pk}/differences/{difference.pk}/settle", {"choice": "adopt"}, format="json"
    )
    for _ in range(2):
        look(bot)
    equity.snapshots_take([account], timezone.now() + timedelta(minutes=2))
    found = equation(account, timezone.now() - timedelta(hours=1))
    assert found is not None
    assert found.rest == 0
    assert found.realised + found.fees + found.funding == bot.total_profit - _before(found, bot)
    answer = api_of(bot.owner).get(f"/api/v1/exchanges/{account.pk}/equation", {"since": found.since.isoformat()})
    assert (answer.status_code, answer.data["rest"]) == (200, "0")


def _before(found: Any, bot: Any) -> Any:
    rows = LedgerLine.objects.filter(bot=bot, created_at__lt=found.since)
    return rows.aggregate(total=Sum("amount"))["total"] or 0


def test_a_restore_changes_the_tag_and_nobody_trades_until_compared() -> None:
    bot, before = paired(), new_client_order_id()
    call_command("restored", yes=True)
    bot.refresh_from_db()
    assert (bot.status, bot.status_reason) == (BotStatus.ERROR, "restored")
    assert new_client_order_id()[:6] != before[:6]
    assert "not_compared" in {error.code for error in preflight(bot, timezone.now())}
    reconciled(bot)
    assert bot_start(actor=bot.owner, bot=bot, now=timezone.now()).status == BotStatus.RUNNING


def test_rows_that_lie_in_another_database_are_told_by_themselves() -> None:
    bot = paired()
    assert not installation_check(timezone.now())
    Installation.objects.update(database="another/1")
    tag = installation().tag
    assert installation_check(timezone.now())
    bot.refresh_from_db()
    assert bot.status_reason == "restored"
    assert installation().tag != tag
    assert not installation_check(timezone.now())


def test_orders_sent_after_the_backup_are_found_and_adopted() -> None:
    """The books go back to before the opening; the exchange does not."""
    bot = paired(level=0)
    bot.refresh_from_db()
    bot.dca_config = [{"times": 1, "spread": 0.0001, "multiplier": 1.0}]
    bot.save(update_fields=["dca_config"])
    look(bot)
    assert bot.level == 1
    _forget_all(bot)
    call_command("restored", yes=True)
    bot.refresh_from_db()
    reconciled(bot)
    for difference in Difference.objects.filter(status=OPEN).select_related("bot", "account"):
        assert difference.details["fills"]
        url = f"/api/v1/exchanges/{bot.exchange_account_id}/differences/{difference.pk}/settle"
        assert api_of(bot.owner).post(url, {"choice": "close"}, format="json").status_code == 200
    for _ in range(3):
        look(bot)
    assert held(bot) == {}
    check_money_after_restore(bot)


def _forget_all(bot: Any) -> None:
    LedgerLine.objects.filter(bot=bot).delete()
    Fill.objects.filter(order__bot=bot).delete()
    Order.objects.filter(bot=bot).delete()
    for model in (Position, Trade, Cycle):
        model.objects.filter(bot=bot).delete()
    type(bot).objects.filter(pk=bot.pk).update(level=0, side=0, total_profit=0, invested=0, planned1=0, planned2=0)
    AccountBooks.objects.all().update(thorough_at=None)


def check_money_after_restore(bot: Any) -> None:
    lines = LedgerLine.objects.filter(account=bot.exchange_account).values_list("amount", flat=True)
    assert venue_of(bot.exchange_account).balance().total == 10_000 + sum(lines)
